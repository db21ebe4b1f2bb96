/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"

/* The command register is written as a whole: QEMU (7.2) lets a write to its upper byte alone
 * unmask the line, but does not raise it then for what is pending. */
#define COMMAND       4
#define INTX_DISABLED 0x0400u

void gs_interrupt_open(struct gs_interrupt *interrupt, const struct gs_pci *pci)
{
    struct gs_obstacle ignored;
    char path[GS_PCI_PATH];

    *interrupt = (struct gs_interrupt){.node_fd = -1, .config_fd = -1};
    if (gs_pci_uio(pci, path) != 0 ||
        gs_pci_open(pci, "config", &interrupt->config_fd, &ignored) != 0) {
        return;
    }
    interrupt->node_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (interrupt->node_fd < 0) {
        vgpu_fd_close(&interrupt->config_fd);
    }
}

void gs_interrupt_close(struct gs_interrupt *interrupt)
{
    vgpu_fd_close(&interrupt->node_fd);
    vgpu_fd_close(&interrupt->config_fd);
}

static int unmask(const struct gs_interrupt *interrupt)
{
    const int fd = interrupt->config_fd;
    uint16_t command;

    if (pread(fd, &command, sizeof(command), COMMAND) != (ssize_t)sizeof(command)) {
        return -EIO;
    }
    if ((command & INTX_DISABLED) == 0) {
        return 0;
    }
    command &= (uint16_t)~INTX_DISABLED;
    return pwrite(fd, &command, sizeof(command), COMMAND) == (ssize_t)sizeof(command) ? 0 : -EIO;
}

/* Other processes write the same register: what they took away is put back before each sleep. */
static void enable(const struct gs_bars *bars, uint32_t bit)
{
    uint32_t enabled = gs_bars_read(bars, VGPU_REG_IRQ_ENABLE);

    if ((enabled & bit) == 0) {
        gs_bars_write(bars, VGPU_REG_IRQ_ENABLE, enabled | bit);
    }
}

static int take(struct gs_interrupt *interrupt, const struct gs_bars *bars, uint32_t bit)
{
    uint32_t status = gs_bars_read(bars, VGPU_REG_IRQ_STATUS);
    uint32_t enabled = gs_bars_read(bars, VGPU_REG_IRQ_ENABLE);
    uint32_t foreign = status & enabled & ~bit;
    uint32_t stuck = foreign & interrupt->met;

    if (stuck != 0) {
        gs_bars_write(bars, VGPU_REG_IRQ_ENABLE, enabled & ~stuck);
    }
    interrupt->met = foreign;
    if ((status & bit) == 0) {
        return 0;
    }
    gs_bars_write(bars, VGPU_REG_IRQ_STATUS, bit);
    return 1;
}

int gs_interrupt_wait(struct gs_interrupt *interrupt, const struct gs_bars *bars, uint32_t channel,
                      uint64_t timeout_ns)
{
    struct pollfd node = {.fd = interrupt->node_fd, .events = POLLIN};
    struct timespec limit = {.tv_sec = (time_t)(timeout_ns / VGPU_NS_PER_S),
                             .tv_nsec = (long)(timeout_ns % VGPU_NS_PER_S)};
    uint32_t count;
    int ready;

    enable(bars, 1u << channel);
    if (unmask(interrupt) != 0) {
        return -EIO;
    }
    ready = ppoll(&node, 1, &limit, NULL);
    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (ready == 0) {
        return 0;
    }
    /* The count of interrupts: who reads it sleeps until the next one. */
    if (read(interrupt->node_fd, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR) {
        return -errno;
    }
    return take(interrupt, bars, 1u << channel);
}
