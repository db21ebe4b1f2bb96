/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/handles.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define CHUNK_SLOTS VGPU_HANDLES_CHUNK
#define NO_SLOT     UINT32_MAX

static uint32_t chunk_count(uint32_t max)
{
    return max / CHUNK_SLOTS + (max % CHUNK_SLOTS != 0);
}

struct vgpu_handles *vgpu_handles_new(enum vgpu_handle_kind kind, uint32_t max)
{
    struct vgpu_handles *table =
        calloc(1, sizeof(*table) + chunk_count(max) * sizeof(table->chunks[0]));

    if (table == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&table->lock, NULL) != 0) {
        free(table);
        return NULL;
    }
    table->kind = kind;
    table->max = max;
    table->first_free = NO_SLOT;
    return table;
}

void vgpu_handles_free(struct vgpu_handles *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < chunk_count(table->max); i++) {
        free(atomic_load(&table->chunks[i]));
    }
    (void)pthread_mutex_destroy(&table->lock);
    free(table);
}

/* The slot of an index below max, or NULL when its chunk was never made. */
static struct vgpu_handle_slot *slot_at(const struct vgpu_handles *table, uint32_t index)
{
    struct vgpu_handle_slot *chunk =
        atomic_load_explicit(&table->chunks[index / CHUNK_SLOTS], memory_order_acquire);

    return chunk != NULL ? &chunk[index % CHUNK_SLOTS] : NULL;
}

/* The same, but makes the chunk; NULL when there is no memory.  Under the lock. */
static struct vgpu_handle_slot *slot_made(struct vgpu_handles *table, uint32_t index)
{
    if (slot_at(table, index) == NULL) {
        struct vgpu_handle_slot *chunk = calloc(CHUNK_SLOTS, sizeof(*chunk));

        if (chunk == NULL) {
            return NULL;
        }
        for (uint32_t i = 0; i < CHUNK_SLOTS; i++) {
            chunk[i].next_free = NO_SLOT;
        }
        atomic_store_explicit(&table->chunks[index / CHUNK_SLOTS], chunk, memory_order_release);
    }
    return slot_at(table, index);
}

/* Under the lock. */
static void slot_bear(struct vgpu_handles *table, struct vgpu_handle_slot *slot, uint64_t handle,
                      void *object)
{
    atomic_store_explicit(&slot->object, object, memory_order_release);
    atomic_store_explicit(&slot->tag, vgpu_handle_live_tag(handle), memory_order_release);
    table->count++;
}

/* Takes a free slot's index off the list, or the first never used; NO_SLOT at the limit. */
static uint32_t pick_index(struct vgpu_handles *table)
{
    uint32_t index = table->first_free;
    struct vgpu_handle_slot *slot = index != NO_SLOT ? slot_at(table, index) : NULL;

    if (slot != NULL) {
        table->first_free = slot->next_free;
        return index;
    }
    return table->fresh < table->max ? table->fresh++ : NO_SLOT;
}

static int mint_locked(struct vgpu_handles *table, void *object, uint64_t *handle)
{
    uint32_t index = pick_index(table);
    struct vgpu_handle_slot *slot;
    uint32_t generation;

    if (index == NO_SLOT) {
        return -ENOSPC;
    }
    slot = slot_made(table, index);
    if (slot == NULL) {
        /* Only a fresh index has no chunk yet. */
        table->fresh--;
        return -ENOMEM;
    }
    generation = (uint32_t)(atomic_load(&slot->tag) >> 1) + 1;
    *handle = vgpu_handle_make(table->kind, generation, index);
    slot_bear(table, slot, *handle, object);
    return 0;
}

int vgpu_handles_mint(struct vgpu_handles *table, void *object, uint64_t *handle)
{
    int rc;

    (void)pthread_mutex_lock(&table->lock);
    rc = mint_locked(table, object, handle);
    (void)pthread_mutex_unlock(&table->lock);
    return rc;
}

/* True when the handle's kind and index belong to this table. */
static bool belongs(const struct vgpu_handles *table, uint64_t handle)
{
    return vgpu_handle_kind_of(handle) == (uint8_t)table->kind &&
           vgpu_handle_index_of(handle) < table->max;
}

static int accept_locked(struct vgpu_handles *table, uint64_t handle, void *object)
{
    struct vgpu_handle_slot *slot = slot_made(table, vgpu_handle_index_of(handle));
    uint64_t tag;

    if (slot == NULL) {
        return -ENOMEM;
    }
    tag = atomic_load(&slot->tag);
    if ((tag & 1) != 0 || (tag >> 1) + 1 != vgpu_handle_generation_of(handle)) {
        return -EINVAL;
    }
    slot_bear(table, slot, handle, object);
    return 0;
}

int vgpu_handles_accept(struct vgpu_handles *table, uint64_t handle, void *object)
{
    int rc = -EINVAL;

    if (belongs(table, handle)) {
        (void)pthread_mutex_lock(&table->lock);
        rc = accept_locked(table, handle, object);
        (void)pthread_mutex_unlock(&table->lock);
    }
    return rc;
}

static void *take_locked(struct vgpu_handles *table, uint64_t handle)
{
    uint32_t index = vgpu_handle_index_of(handle);
    struct vgpu_handle_slot *slot = slot_at(table, index);
    void *object;

    if (slot == NULL || atomic_load(&slot->tag) != vgpu_handle_live_tag(handle)) {
        return NULL;
    }
    object = atomic_load(&slot->object);
    atomic_store_explicit(&slot->tag, vgpu_handle_live_tag(handle) & ~(uint64_t)1,
                          memory_order_release);
    atomic_store_explicit(&slot->object, NULL, memory_order_release);
    table->count--;
    /* A slot without a next generation retires; one below `fresh` was minted here. */
    if (vgpu_handle_generation_of(handle) < VGPU_HANDLE_GENERATION_MAX && index < table->fresh) {
        slot->next_free = table->first_free;
        table->first_free = index;
    }
    return object;
}

void *vgpu_handles_take(struct vgpu_handles *table, uint64_t handle)
{
    void *object = NULL;

    if (belongs(table, handle)) {
        (void)pthread_mutex_lock(&table->lock);
        object = take_locked(table, handle);
        (void)pthread_mutex_unlock(&table->lock);
    }
    return object;
}

uint32_t vgpu_handles_count(const struct vgpu_handles *table)
{
    struct vgpu_handles *locked = (struct vgpu_handles *)(uintptr_t)table;
    uint32_t count;

    (void)pthread_mutex_lock(&locked->lock);
    count = table->count;
    (void)pthread_mutex_unlock(&locked->lock);
    return count;
}

void vgpu_handles_each(struct vgpu_handles *table,
                       void (*fn)(void *object, uint64_t handle, void *arg), void *arg)
{
    for (uint32_t i = 0; i < table->max; i++) {
        struct vgpu_handle_slot *slot = slot_at(table, i);
        uint64_t tag = slot != NULL ? atomic_load(&slot->tag) : 0;
        uint64_t handle = vgpu_handle_make(table->kind, (uint32_t)(tag >> 1), i);
        void *object = (tag & 1) != 0 ? vgpu_handles_get(table, handle) : NULL;

        if (object != NULL) {
            fn(object, handle, arg);
        }
    }
}

void *vgpu_handles_find(struct vgpu_handles *table, uint32_t *at,
                        bool (*match)(const void *object, const void *arg), const void *arg)
{
    void *found = NULL;

    (void)pthread_mutex_lock(&table->lock);
    while (*at < table->max && found == NULL) {
        const struct vgpu_handle_slot *slot = slot_at(table, *at);

        if (slot == NULL) {
            *at += CHUNK_SLOTS - *at % CHUNK_SLOTS;
            continue;
        }
        (*at)++;
        if ((atomic_load(&slot->tag) & 1) != 0) {
            void *object = atomic_load(&slot->object);

            found = match(object, arg) ? object : NULL;
        }
    }
    (void)pthread_mutex_unlock(&table->lock);
    return found;
}
