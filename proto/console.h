/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CONSOLE_H
#define VGPU_CONSOLE_H

/*
 * The channel's console: what the driver prints for the guest's kernels (printf, assert) on its
 * way from the worker to the guest's standard output and error.  A ring of pieces,
 * each a u32 (length, VGPU_CONSOLE_ERROR) and as many bytes.  It needs no broker, so what
 * comes before a sticky error is there when the error word is set.
 *
 * `head` counts the bytes ever written, by the worker; `tail` those read, by the guest.  The
 * worker keeps its own head and takes a tail that cannot be for a guest that never reads.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/limits.h"

struct vgpu_console_words {
    _Alignas(64) _Atomic uint64_t head;
    _Alignas(64) _Atomic uint64_t tail;
};

/* In a piece's u32: it belongs to standard error. */
#define VGPU_CONSOLE_ERROR 0x80000000u

/* Longest piece: several fit, so a whole one can always be written once the guest has read. */
#define VGPU_CONSOLE_PIECE_MAX 2048u

static inline struct vgpu_console_words *vgpu_console_words(void *base)
{
    return (struct vgpu_console_words *)((char *)base + VGPU_CHANNEL_CONSOLE_OFFSET);
}

static inline uint8_t *vgpu_console_data(void *base)
{
    return (uint8_t *)base + VGPU_CHANNEL_CONSOLE_DATA_OFFSET;
}

/* Copies to or from position `at` of the ring, around its end. */
static inline void vgpu_console_put(uint8_t *ring, uint64_t at, const void *from, uint32_t len)
{
    uint32_t start = (uint32_t)(at % VGPU_CHANNEL_CONSOLE_BYTES);
    uint32_t first = VGPU_CHANNEL_CONSOLE_BYTES - start;

    first = first < len ? first : len;
    memcpy(ring + start, from, first);
    memcpy(ring, (const uint8_t *)from + first, len - first);
}

static inline void vgpu_console_get(const uint8_t *ring, uint64_t at, void *to, uint32_t len)
{
    uint32_t start = (uint32_t)(at % VGPU_CHANNEL_CONSOLE_BYTES);
    uint32_t first = VGPU_CHANNEL_CONSOLE_BYTES - start;

    first = first < len ? first : len;
    memcpy(to, ring + start, first);
    memcpy((uint8_t *)to + first, ring, len - first);
}

#endif
