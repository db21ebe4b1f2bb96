/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_RANGE_ALLOC_H
#define VGPU_COMMON_RANGE_ALLOC_H

/*
 * An allocator of ranges in an abstract 64-bit address interval: it never
 * touches the addresses that it hands out.  Used for the device-address arena
 * and for the data area of a channel.
 *
 * First fit by address.  Metadata: one block of about 64 bytes per allocation
 * and per hole, at most twice the live allocations plus one.  Allocation, free
 * and find take O(log n); only an allocation with an alignment above min_align
 * may look at every hole, when no hole is big enough for the worst case.
 * Not thread-safe: the caller locks.
 */

#include <stddef.h>
#include <stdint.h>

struct vgpu_range;

/*
 * A new allocator over [base, base + size).  min_align is a power of two; base
 * and size are multiples of it, size is not 0 and the end does not overflow.
 * Returns owned, to be released with vgpu_range_destroy(); NULL on bad bounds
 * or no memory.
 */
struct vgpu_range *vgpu_range_new(uint64_t base, uint64_t size, uint64_t min_align);

/* Releases the allocator and forgets every allocation in it.  Accepts NULL. */
void vgpu_range_destroy(struct vgpu_range *r);

/* At most this many live allocations from now on (there is no bound at first). */
void vgpu_range_set_limit(struct vgpu_range *r, size_t live_max);

/*
 * Allocates size bytes (1 or more, rounded up to min_align) in the lowest hole that
 * fits, aligned to `align` (0 or a power of two; less than min_align counts as
 * min_align; above it a hole with room for the worst case goes first).  0 and the address in *out,
 * or -EINVAL, -ENOSPC (no hole), -EDQUOT (the limit of live allocations), -ENOMEM (no memory for
 * metadata).
 */
int vgpu_range_alloc(struct vgpu_range *r, uint64_t size, uint64_t align, uint64_t *out);

/*
 * Allocates exactly [addr, addr + size), addr a multiple of min_align.  0, or
 * -EEXIST if a part of it is taken, -EINVAL outside the interval, -EDQUOT, -ENOMEM.
 */
int vgpu_range_alloc_at(struct vgpu_range *r, uint64_t addr, uint64_t size);

/* Frees the allocation that starts at addr.  0, or -ENOENT if there is none. */
int vgpu_range_free(struct vgpu_range *r, uint64_t addr);

/*
 * The live allocation that contains addr: 0 and its start and size as asked for
 * (not rounded); base and size may be NULL.  -ENOENT if addr is in none.
 */
int vgpu_range_find(const struct vgpu_range *r, uint64_t addr, uint64_t *base, uint64_t *size);

/*
 * The first live allocation that starts at addr or above, to walk them all: 0
 * and its start and size, or -ENOENT.
 */
int vgpu_range_next(const struct vgpu_range *r, uint64_t addr, uint64_t *base, uint64_t *size);

/* Live allocations; bytes not allocated; size of the largest hole in bytes. */
size_t vgpu_range_count(const struct vgpu_range *r);
uint64_t vgpu_range_free_bytes(const struct vgpu_range *r);
uint64_t vgpu_range_largest_hole(const struct vgpu_range *r);

#endif
