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

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/handle.h"

#define VGPU_HANDLES_CHUNK 256u

/*
 * handles.c's own, but for vgpu_handles_get().
 *
 * tag: generation << 1 | live.  A reader looks at the tag, the object and the tag again;
 * a slot changes its tag before its object when it dies and after it when it is born.
 */
struct vgpu_handle_slot {
    _Atomic uint64_t tag;
    _Atomic(void *) object;
    uint32_t next_free;
};

struct vgpu_handles {
    pthread_mutex_t lock;
    enum vgpu_handle_kind kind;
    uint32_t max;
    uint32_t fresh;      /* slots below were used at least once, by us */
    uint32_t first_free; /* list of used and free slots */
    uint32_t count;
    _Atomic(struct vgpu_handle_slot *) chunks[];
};

static inline uint64_t vgpu_handle_live_tag(uint64_t handle)
{
    return (uint64_t)vgpu_handle_generation_of(handle) << 1 | 1;
}

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
static inline void *vgpu_handles_get(const struct vgpu_handles *table, uint64_t handle)
{
    uint64_t tag = vgpu_handle_live_tag(handle);
    uint32_t index = vgpu_handle_index_of(handle);
    struct vgpu_handle_slot *slot;
    void *object;

    if (vgpu_handle_kind_of(handle) != (uint8_t)table->kind || index >= table->max) {
        return NULL;
    }
    slot = atomic_load_explicit(&table->chunks[index / VGPU_HANDLES_CHUNK], memory_order_acquire);
    if (slot == NULL) {
        return NULL; /* none of that chunk was ever made */
    }
    slot += index % VGPU_HANDLES_CHUNK;
    if (atomic_load_explicit(&slot->tag, memory_order_acquire) != tag) {
        return NULL;
    }
    object = atomic_load_explicit(&slot->object, memory_order_acquire);
    return atomic_load_explicit(&slot->tag, memory_order_acquire) == tag ? object : NULL;
}

/* Ends a handle and returns its object to the caller, or NULL when it is not live. */
void *vgpu_handles_take(struct vgpu_handles *table, uint64_t handle);

/* Live handles. */
uint32_t vgpu_handles_count(const struct vgpu_handles *table);

/* Calls fn(object, handle, arg) for every live handle, in index order; fn may take its own handle.
 */
void vgpu_handles_each(struct vgpu_handles *table,
                       void (*fn)(void *object, uint64_t handle, void *arg), void *arg);

/* The next object, from index *at on, that match() wants, or NULL; *at is the index behind it.
 * match() is called under the table's lock: an object is in the table until it is taken out, so
 * what it reads there is alive.  It must not use the table.  Borrowed. */
void *vgpu_handles_find(struct vgpu_handles *table, uint32_t *at,
                        bool (*match)(const void *object, const void *arg), const void *arg);

#endif
