/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_HANDLES_H
#define VGPU_HANDLES_H

/*
 * A table of the live handles of one kind.  The guest mints handles of streams,
 * events and contexts, the worker those of modules and functions; the other side
 * accepts exactly the handle that the minting side must have produced: a free slot
 * with the next generation.  Slots never move; a slot whose generation is used up
 * retires.
 *
 * Threads: vgpu_handles_get is lock-free and safe against all others; the rest
 * serialise on the table's own mutex.
 */

#include <stdint.h>
#include <sys/types.h>

#include "proto/handle.h"

struct vgpu_handles;

/* Returns an owned table for at most `max` live handles of `kind`, or NULL (no memory). */
struct vgpu_handles *vgpu_handles_new(enum vgpu_handle_kind kind, uint32_t max);

/* Frees the table, not the objects.  NULL is accepted. */
void vgpu_handles_free(struct vgpu_handles *table);

/* Mints a handle for `object` (borrowed, not NULL) into *handle.  -ENOSPC at the limit, -ENOMEM. */
int vgpu_handles_mint(struct vgpu_handles *table, void *object, uint64_t *handle);

/* Files `object` under a handle that the peer minted.  -EINVAL: wrong kind, index beyond the
 * limit, slot in use or not its next generation.  -ENOMEM. */
int vgpu_handles_accept(struct vgpu_handles *table, uint64_t handle, void *object);

/* Returns the borrowed object of a live handle, or NULL: wrong kind, stale or never made. */
void *vgpu_handles_get(const struct vgpu_handles *table, uint64_t handle);

/* Ends a handle and returns its object to the caller, or NULL when it is not live. */
void *vgpu_handles_take(struct vgpu_handles *table, uint64_t handle);

/* Live handles. */
uint32_t vgpu_handles_count(const struct vgpu_handles *table);

/* Calls fn(object, handle, arg) for every live handle, in index order; fn may take its own handle.
 */
void vgpu_handles_each(struct vgpu_handles *table,
                       void (*fn)(void *object, uint64_t handle, void *arg), void *arg);

#endif
