/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/claim.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/transport/holder.h"
#include "guest/transport/lock.h"
#include "guest/transport/nap.h"

#define LINK_NS  (2 * VGPU_NS_PER_S)
#define STALE_NS (3 * VGPU_NS_PER_S)
#define OPEN_NS  (5 * VGPU_NS_PER_S)

/* Header and state of a slice. */
#define PAGES_BYTES (UINT64_C(2) * VGPU_CHANNEL_STATE_OFFSET)

static uint32_t state(const struct gs_bars *bars, uint32_t channel)
{
    return gs_bars_channel(bars, channel, VGPU_CHANNEL_STATE);
}

static void control(const struct gs_bars *bars, uint32_t channel, uint32_t what)
{
    gs_bars_write(bars, VGPU_DEVICE_CHANNEL_REG(channel, VGPU_CHANNEL_CONTROL), what);
}

static uint8_t *map_pages(const struct gs_bars *bars, uint32_t channel)
{
    return gs_bars_map(bars->control_fd, channel * bars->channel_bytes, PAGES_BYTES);
}

static int link_down(const struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    if (!gs_bars_alive(bars)) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_FOREIGN, -ENODEV,
                               "device %s has been unplugged", bars->pci.address);
    }
    return gs_obstacle_set(obstacle, GS_OBSTACLE_LINK, -ENOTCONN,
                           "no link from device %s to the host's broker: start vgpu-broker on the "
                           "host and see that its socket is the one of the device's chardev",
                           bars->pci.address);
}

static int wait_for_link(const struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    struct gs_nap nap = gs_nap_start(LINK_NS);
    uint32_t status;

    do {
        status = gs_bars_read(bars, VGPU_REG_STATUS);
        if ((status & VGPU_STATUS_LINK) != 0) {
            return 0;
        }
        if ((status & VGPU_STATUS_REFUSED) != 0) {
            obstacle->result = 803; /* CUDA_ERROR_SYSTEM_DRIVER_MISMATCH */
            return gs_obstacle_set(obstacle, GS_OBSTACLE_REFUSED, -EACCES,
                                   "the host's broker has turned device %s away: its log says why; "
                                   "QEMU's vgpu module and vgpu-broker must be of one version",
                                   bars->pci.address);
        }
    } while (gs_nap(&nap));
    return link_down(bars, obstacle);
}

static int check_protocol(const struct gs_bars *bars, struct gs_obstacle *obstacle)
{
    uint32_t protocol = gs_bars_read(bars, VGPU_REG_PROTOCOL);

    /* 0: the link has just gone, which the claim will find. */
    if (protocol != 0 && protocol != VGPU_PROTOCOL_VERSION) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PROTOCOL, -EPROTO,
                               "the host speaks protocol %u, this library %u: install the guest "
                               "package of the host's vgpu version",
                               protocol, VGPU_PROTOCOL_VERSION);
    }
    return 0;
}

/* Whether a thread of this process holds the channel: by another copy of the library, since this
 * one knows its own and the locks do not tell. */
static bool is_held_here(const struct gs_bars *bars, uint32_t channel)
{
    uint8_t *pages = map_pages(bars, channel);
    uint32_t tid;

    if (pages == NULL) {
        return true; /* nothing is known: leave it alone */
    }
    tid = atomic_load(&vgpu_channel_state(pages)->holder.tid);
    (void)munmap(pages, PAGES_BYTES);
    return tid != 0 && (tid & VGPU_HOLDER_DIED) == 0 &&
           syscall(SYS_tgkill, getpid(), (pid_t)tid, 0) == 0;
}

/* The lowest channel that is free, with its lock. */
static int take_free(const struct gs_bars *bars, uint32_t *channel)
{
    for (uint32_t n = 0; n < bars->channels; n++) {
        if (state(bars, n) != VGPU_CHANNEL_FREE || gs_lock_take(bars->registers_fd, n) != 0) {
            continue;
        }
        if (state(bars, n) == VGPU_CHANNEL_FREE) {
            *channel = n;
            return 0;
        }
        gs_lock_give(bars->registers_fd, n);
    }
    return -EBUSY;
}

/* Closes a channel whose holder is dead; true when it is, or is about to become, free. */
static bool close_stale(const struct gs_bars *bars, uint32_t channel)
{
    uint32_t now = state(bars, channel);

    if (now == VGPU_CHANNEL_FREE || now == VGPU_CHANNEL_CLOSING) {
        return true;
    }
    if (is_held_here(bars, channel) || gs_lock_take(bars->registers_fd, channel) != 0) {
        return false;
    }
    now = state(bars, channel);
    if (now != VGPU_CHANNEL_FREE && now != VGPU_CHANNEL_CLOSING) {
        control(bars, channel, VGPU_CONTROL_CLOSE);
    }
    gs_lock_give(bars->registers_fd, channel);
    return true;
}

/* Until the host has let go of what dead processes had. */
static int take_stale(const struct gs_bars *bars, uint32_t *channel)
{
    struct gs_nap nap = gs_nap_start(STALE_NS);
    uint32_t hopes;

    do {
        hopes = 0;
        for (uint32_t n = 0; n < bars->channels; n++) {
            hopes += close_stale(bars, n);
        }
        if (hopes > 0 && take_free(bars, channel) == 0) {
            return 0;
        }
    } while (hopes > 0 && gs_nap(&nap));
    return -EBUSY;
}

static int take_channel(const struct gs_bars *bars, uint32_t *channel, struct gs_obstacle *obstacle)
{
    if (take_free(bars, channel) == 0 || take_stale(bars, channel) == 0) {
        return 0;
    }
    if (!gs_bars_alive(bars)) {
        return link_down(bars, obstacle);
    }
    return gs_obstacle_set(obstacle, GS_OBSTACLE_FULL, -EBUSY,
                           "all %u channels of device %s are in use: end a program that uses the "
                           "GPU, or give the device more (channels=)",
                           bars->channels, bars->pci.address);
}

/* What an earlier user left switched on would interrupt for nobody. */
static void silence(const struct gs_bars *bars, uint32_t channel)
{
    uint32_t enabled = gs_bars_read(bars, VGPU_REG_IRQ_ENABLE);

    if ((enabled & 1u << channel) != 0) {
        gs_bars_write(bars, VGPU_REG_IRQ_ENABLE, enabled & ~(1u << channel));
    }
    gs_bars_write(bars, VGPU_REG_IRQ_STATUS, 1u << channel);
}

static int refused(const struct gs_bars *bars, uint32_t channel, struct gs_obstacle *obstacle)
{
    int32_t result = (int32_t)gs_bars_channel(bars, channel, VGPU_CHANNEL_RESULT);

    if ((gs_bars_read(bars, VGPU_REG_STATUS) & VGPU_STATUS_LINK) == 0) {
        return link_down(bars, obstacle);
    }
    obstacle->result = result;
    return gs_obstacle_set(obstacle, GS_OBSTACLE_REFUSED, -EACCES,
                           "the host's broker refused a channel with CUDA error %d: its log says "
                           "why",
                           result);
}

static int open_channel(const struct gs_bars *bars, uint32_t channel, struct gs_obstacle *obstacle)
{
    struct gs_nap nap = gs_nap_start(OPEN_NS);
    uint32_t now;

    silence(bars, channel);
    control(bars, channel, VGPU_CONTROL_OPEN);
    do {
        now = state(bars, channel);
        if (now == VGPU_CHANNEL_READY) {
            return 0;
        }
        if (now == VGPU_CHANNEL_REFUSED) {
            return refused(bars, channel, obstacle);
        }
    } while (now <= VGPU_CHANNEL_OPENING && gs_nap(&nap));
    if (now == VGPU_CHANNEL_OPENING) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_LINK, -ETIMEDOUT,
                               "the host's broker does not answer device %s: see its log",
                               bars->pci.address);
    }
    return link_down(bars, obstacle);
}

static int map_channel(const struct gs_bars *bars, struct gs_claim *claim,
                       struct gs_obstacle *obstacle)
{
    claim->pages = map_pages(bars, claim->channel);
    if (claim->pages == NULL) {
        return gs_pci_unmappable(&bars->pci, "resource1", -errno, obstacle);
    }
    claim->doorbell = gs_bars_map(bars->registers_fd,
                                  VGPU_DEVICE_DOORBELL((uint64_t)claim->channel), VGPU_DEVICE_PAGE);
    if (claim->doorbell == NULL) {
        return gs_pci_unmappable(&bars->pci, "resource0", -errno, obstacle);
    }
    return 0;
}

static int hold(struct gs_claim *claim, struct gs_obstacle *obstacle)
{
    int rc = gs_holder_add(&gs_claim_state(claim)->holder);

    if (rc != 0) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, rc,
                               "no thread to hold the channel: %s", strerror(-rc));
    }
    return 0;
}

static void unmap_channel(struct gs_claim *claim)
{
    if (claim->pages != NULL) {
        (void)munmap(claim->pages, PAGES_BYTES);
    }
    if (claim->doorbell != NULL) {
        (void)munmap(claim->doorbell, VGPU_DEVICE_PAGE);
    }
    claim->pages = NULL;
    claim->doorbell = NULL;
}

static int claim_locked(const struct gs_bars *bars, struct gs_claim *claim,
                        struct gs_obstacle *obstacle)
{
    int rc = take_channel(bars, &claim->channel, obstacle);

    if (rc != 0) {
        return rc;
    }
    rc = open_channel(bars, claim->channel, obstacle);
    claim->epoch = gs_bars_channel(bars, claim->channel, VGPU_CHANNEL_EPOCH);
    if (rc == 0) {
        rc = map_channel(bars, claim, obstacle);
    }
    if (rc == 0) {
        rc = hold(claim, obstacle);
    }
    if (rc != 0) {
        control(bars, claim->channel, VGPU_CONTROL_CLOSE);
        unmap_channel(claim);
        gs_lock_give(bars->registers_fd, claim->channel);
    }
    return rc;
}

int gs_claim_take(const struct gs_bars *bars, struct gs_claim *claim, struct gs_obstacle *obstacle)
{
    struct gs_claim taken = {.process = getpid()};
    int rc = wait_for_link(bars, obstacle);

    if (rc == 0) {
        rc = check_protocol(bars, obstacle);
    }
    if (rc != 0) {
        return rc;
    }
    rc = gs_lock_claiming(bars->registers_fd);
    if (rc != 0) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, rc,
                               "resource0 of device %s cannot be locked: %s", bars->pci.address,
                               strerror(-rc));
    }
    rc = claim_locked(bars, &taken, obstacle);
    gs_lock_claimed(bars->registers_fd);
    if (rc == 0) {
        *claim = taken;
    }
    return rc;
}

void gs_claim_give(const struct gs_bars *bars, struct gs_claim *claim)
{
    struct vgpu_channel_holder *node = &gs_claim_state(claim)->holder;
    bool serial;

    if (claim->process != getpid()) {
        return;
    }
    serial = gs_lock_claiming(bars->registers_fd) == 0;
    gs_holder_remove(node);
    if (gs_bars_channel(bars, claim->channel, VGPU_CHANNEL_EPOCH) == claim->epoch) {
        silence(bars, claim->channel);
        control(bars, claim->channel, VGPU_CONTROL_CLOSE);
    }
    gs_holder_clear(node);
    unmap_channel(claim);
    gs_lock_give(bars->registers_fd, claim->channel);
    if (serial) {
        gs_lock_claimed(bars->registers_fd);
    }
}

bool gs_claim_alive(const struct gs_bars *bars, const struct gs_claim *claim)
{
    return gs_bars_alive(bars) && (gs_bars_read(bars, VGPU_REG_STATUS) & VGPU_STATUS_LINK) != 0 &&
           state(bars, claim->channel) == VGPU_CHANNEL_READY &&
           gs_bars_channel(bars, claim->channel, VGPU_CHANNEL_EPOCH) == claim->epoch;
}

pid_t gs_claim_locker(const struct gs_bars *bars, uint32_t channel)
{
    return gs_lock_holder(bars->registers_fd, channel);
}
