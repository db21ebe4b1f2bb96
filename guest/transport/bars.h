/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_BARS_H
#define GS_BARS_H

/*
 * The device's memory in this process (docs/specs/device.md): the page of registers,
 * and descriptors from which doorbells and slices are mapped.
 *
 *   resource0      registers, doorbells; the locks of claims too (claim.h)
 *   resource1      the slices, uncached: header, rings, fences
 *   resource1_wc   the same, write-combining, where the kernel has it: the data behind them
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest/transport/pci.h"
#include "proto/device.h"

struct gs_bars {
    struct gs_pci pci;
    /* -1: closed.  Closing any descriptor of resource0 drops the process's locks on it. */
    int registers_fd;
    int control_fd;
    int data_fd; /* control_fd where there is no resource1_wc */
    uint32_t *registers;
    uint32_t channels; /* 0: what the registers say was not checked */
    uint64_t channel_bytes;
};

#define GS_BARS_CLOSED                                                                             \
    {                                                                                              \
        .registers_fd = -1, .control_fd = -1, .data_fd = -1                                        \
    }

/*
 * Finds the device, switches it on, maps its registers and checks what they say.  What
 * is open already stays open, also on failure: another copy of the library in this process
 * may hold locks.  0; -ENODEV (ABSENT); another -errno with the obstacle.
 */
int gs_bars_open(struct gs_bars *bars, struct gs_obstacle *obstacle);

/* Closes all, with the process's locks.  For a device that is gone, and the child of a fork (where
 * the mapping is not there: `forked`). */
void gs_bars_close(struct gs_bars *bars, bool forked);

/* Whether the device still answers. */
bool gs_bars_alive(const struct gs_bars *bars);

/* Maps `bytes` of BAR0 or of the slices, not inherited by children; NULL on failure.  Released
 * with munmap(). */
void *gs_bars_map(int fd, uint64_t offset, uint64_t bytes);

/* One access of 4 aligned bytes each; a write comes after all earlier stores. */
static inline uint32_t gs_bars_read(const struct gs_bars *bars, uint32_t offset)
{
    return __atomic_load_n(&bars->registers[offset / 4], __ATOMIC_ACQUIRE);
}

static inline void gs_bars_write(const struct gs_bars *bars, uint32_t offset, uint32_t value)
{
    __atomic_store_n(&bars->registers[offset / 4], value, __ATOMIC_RELEASE);
}

static inline uint32_t gs_bars_channel(const struct gs_bars *bars, uint32_t channel, uint32_t reg)
{
    return gs_bars_read(bars, VGPU_DEVICE_CHANNEL_REG(channel, reg));
}

#endif
