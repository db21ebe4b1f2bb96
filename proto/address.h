/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
#ifndef VGPU_ADDRESS_H
#define VGPU_ADDRESS_H

/*
 * The host names the addresses (docs/design.md, "Addresses").
 *
 * Guest process and worker map a channel's window at the same address, and every
 * device allocation of a session lies in one arena per device ordinal that both
 * sides keep free.  A candidate is one set of such ranges.  The worker reserves all
 * candidates before it touches the driver; the guest library reserves the first
 * that is free in its constructor and names it in Hello; Welcome confirms it.
 *
 * PIE programs live at 0x55.., ThreadSanitizer kills a program that maps outside
 * 0x7e80..-0x8000.. (and a low range), AddressSanitizer's shadow ends at 0x1000...
 * What a program reserves itself (cuMemAddressReserve) lies in the zone; a process has one.  It is
 * made of strips, each one reservation of the driver: a mapping lies in one strip.  Arenas and
 * strips are of 256 GiB: the driver (580.159.04) honours a hint into a range that was reserved
 * while it started for 256 GiB and moves a reservation of 1 TiB elsewhere; once files cannot be
 * opened any more it moves each (measured).  ThreadSanitizer leaves room for 112 GiB and 208 GiB.
 */

#include <stdbool.h>
#include <stdint.h>

struct vgpu_address_candidate {
    uint64_t window_base;   /* window of ordinal i at window_base + i * window_stride */
    uint64_t window_stride; /* at least VGPU_CHANNEL_BYTES_MAX */
    uint64_t arena_base;    /* arena of ordinal i at arena_base + i * arena_stride */
    uint64_t arena_stride;  /* the arena's size */
    uint64_t zone_base;     /* for the program's own reservations, of all ordinals: */
    uint64_t zone_bytes;    /* a multiple of zone_strip */
    uint64_t zone_strip;
    uint32_t ordinals; /* devices that fit */
    bool tsan;         /* lies in ThreadSanitizer's application range */
};

#define VGPU_ADDRESS_CANDIDATES 3u

static const struct vgpu_address_candidate vgpu_address_candidates[VGPU_ADDRESS_CANDIDATES] = {
    {0x5f0000000000ull, 0x100000000ull, 0x600000000000ull, 0x4000000000ull, 0x640000000000ull,
     0x80000000000ull, 0x4000000000ull, 16, false},
    {0x1f0000000000ull, 0x100000000ull, 0x200000000000ull, 0x4000000000ull, 0x240000000000ull,
     0x80000000000ull, 0x4000000000ull, 16, false},
    {0x7e9000000000ull, 0x100000000ull, 0x7e9400000000ull, 0x1c00000000ull, 0x7ecc00000000ull,
     0x3400000000ull, 0x3400000000ull, 2, true},
};

#endif
