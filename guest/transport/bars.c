/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/bars.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/overflow.h"
#include "proto/limits.h"

void *gs_bars_map(int fd, uint64_t offset, uint64_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

    if (memory == MAP_FAILED) {
        return NULL;
    }
    /* A child that wrote here would speak with the parent's voice. */
    (void)madvise(memory, bytes, MADV_DONTFORK);
    return memory;
}

bool gs_bars_alive(const struct gs_bars *bars)
{
    return bars->registers != NULL && gs_bars_read(bars, VGPU_REG_MAGIC) == VGPU_DEVICE_MAGIC;
}

void gs_bars_close(struct gs_bars *bars, bool forked)
{
    if (bars->registers != NULL && !forked) {
        (void)munmap(bars->registers, VGPU_DEVICE_PAGE);
    }
    bars->registers = NULL;
    bars->channels = 0;
    if (bars->data_fd == bars->control_fd) {
        bars->data_fd = -1;
    }
    vgpu_fd_close(&bars->registers_fd);
    vgpu_fd_close(&bars->control_fd);
    vgpu_fd_close(&bars->data_fd);
}

static int open_files(struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    struct gs_obstacle ignored;
    int rc = 0;

    if (bars->registers_fd < 0) {
        rc = gs_pci_open(&bars->pci, "resource0", &bars->registers_fd, obstacle);
    }
    if (rc == 0 && bars->control_fd < 0) {
        rc = gs_pci_open(&bars->pci, "resource1", &bars->control_fd, obstacle);
    }
    if (rc == 0 && bars->data_fd < 0 &&
        gs_pci_open(&bars->pci, "resource1_wc", &bars->data_fd, &ignored) != 0) {
        bars->data_fd = bars->control_fd;
    }
    return rc;
}

static int map_registers(struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    if (bars->registers == NULL) {
        bars->registers = gs_bars_map(bars->registers_fd, 0, VGPU_DEVICE_PAGE);
    }
    return bars->registers != NULL ? 0
                                   : gs_pci_unmappable(&bars->pci, "resource0", -errno, obstacle);
}

static int check_identity(const struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    uint32_t magic = gs_bars_read(bars, VGPU_REG_MAGIC);
    uint32_t revision = gs_bars_read(bars, VGPU_REG_REVISION);

    if (magic != VGPU_DEVICE_MAGIC) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_FOREIGN, -ENXIO,
                               "%s has the ids of a vgpu device but not its registers (magic "
                               "0x%08x): look whether the machine's device list is what you wanted",
                               bars->pci.address, magic);
    }
    if (revision >> 16 != VGPU_DEVICE_REVISION >> 16) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_FOREIGN, -EPROTONOSUPPORT,
                               "device %s has revision %u.%u, this library knows %u.x: install "
                               "the guest package of the host's vgpu version",
                               bars->pci.address, revision >> 16, revision & 0xffff,
                               VGPU_DEVICE_REVISION >> 16);
    }
    return 0;
}

static bool holds(int fd, uint64_t bytes)
{
    struct stat status;

    return fstat(fd, &status) == 0 && status.st_size >= 0 && (uint64_t)status.st_size >= bytes;
}

static int check_sizes(struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    uint32_t channels = gs_bars_read(bars, VGPU_REG_CHANNELS);
    uint64_t bytes = (uint64_t)gs_bars_read(bars, VGPU_REG_CHANNEL_HI) << 32 |
                     gs_bars_read(bars, VGPU_REG_CHANNEL_LO);

    if (channels == 0 || channels > VGPU_DEVICE_CHANNELS_MAX || !vgpu_is_pow2(bytes) ||
        bytes < VGPU_CHANNEL_BYTES_MIN || bytes > VGPU_CHANNEL_BYTES_MAX ||
        !holds(bars->registers_fd, VGPU_DEVICE_DOORBELL((uint64_t)channels)) ||
        !holds(bars->control_fd, channels * bytes)) {
        return gs_obstacle_set(
            obstacle, GS_OBSTACLE_FOREIGN, -ENXIO,
            "device %s tells of %u channels of %llu bytes, which its memory does "
            "not hold: its QEMU module is defective",
            bars->pci.address, channels, (unsigned long long)bytes);
    }
    bars->channels = channels;
    bars->channel_bytes = bytes;
    return 0;
}

/* What is open belonged to a device that has gone, though another may have its address. */
static bool is_stale(const struct gs_bars *bars, const struct gs_pci *pci)
{
    char path[GS_PCI_PATH];
    struct stat there;
    struct stat open;

    gs_pci_path(pci, "resource0", path);
    return bars->registers_fd >= 0 &&
           (stat(path, &there) != 0 || fstat(bars->registers_fd, &open) != 0 ||
            there.st_dev != open.st_dev || there.st_ino != open.st_ino);
}

int gs_bars_open(struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    struct gs_pci pci = {.address = ""};
    int rc;

    if (gs_pci_find(&pci) != 0) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_ABSENT, -ENODEV,
                               "no vgpu device (%04x:%04x) on the PCI bus", VGPU_DEVICE_PCI_VENDOR,
                               VGPU_DEVICE_PCI_DEVICE);
    }
    if (is_stale(bars, &pci)) {
        gs_bars_close(bars, false);
    }
    bars->pci = pci;
    rc = gs_pci_enable(&bars->pci, obstacle);
    if (rc == 0) {
        rc = open_files(bars, obstacle);
    }
    if (rc == 0) {
        rc = map_registers(bars, obstacle);
    }
    if (rc == 0) {
        rc = check_identity(bars, obstacle);
    }
    return rc == 0 ? check_sizes(bars, obstacle) : rc;
}
