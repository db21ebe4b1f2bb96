/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/texture.h"

#include <errno.h>
#include <stdlib.h>

/* A value is the number of a slot, from 1, below the number of objects that the slot has had. */
#define SLOT_BITS 20
#define SLOTS_MAX ((size_t)1 << SLOT_BITS)

struct slot {
    struct sim_texture *texture;
    uint64_t uses;
};

static struct {
    struct slot *slot;
    size_t room;
    size_t next; /* where the search for a free one begins */
} table;

static bool grow(void)
{
    size_t room = table.room == 0 ? 64 : table.room * 2;
    struct slot *slot = room < SLOTS_MAX ? realloc(table.slot, room * sizeof(*slot)) : NULL;

    if (slot == NULL) {
        return false;
    }
    for (size_t k = table.room; k < room; k++) {
        slot[k] = (struct slot){0};
    }
    table.slot = slot;
    table.next = table.room;
    table.room = room;
    return true;
}

static struct slot *free_slot(void)
{
    for (size_t k = 0; k < table.room; k++) {
        struct slot *s = &table.slot[(table.next + k) % table.room];

        if (s->texture == NULL) {
            table.next = (table.next + k + 1) % table.room;
            return s;
        }
    }
    return grow() ? &table.slot[table.next++] : NULL;
}

int texture_add(struct sim_texture *texture)
{
    struct slot *s;

    (void)pthread_rwlock_wrlock(&sim.map_lock);
    s = free_slot();
    if (s != NULL) {
        texture->value = ++s->uses << SLOT_BITS | (uint64_t)(s - table.slot);
        s->texture = texture;
    }
    (void)pthread_rwlock_unlock(&sim.map_lock);
    return s != NULL ? 0 : -ENOMEM;
}

struct sim_texture *texture_find(uint64_t value, bool surface)
{
    size_t k = (size_t)(value & (SLOTS_MAX - 1));
    struct sim_texture *found = k < table.room ? table.slot[k].texture : NULL;

    return found != NULL && found->value == value && found->surface == surface ? found : NULL;
}

void texture_end(struct sim_texture *texture)
{
    (void)pthread_rwlock_wrlock(&sim.map_lock);
    table.slot[texture->value & (SLOTS_MAX - 1)].texture = NULL;
    (void)pthread_rwlock_unlock(&sim.map_lock);
    free(texture);
}

static bool lies_in(const struct sim_texture *texture, const uint8_t *data, size_t bytes)
{
    for (unsigned k = 0; k < texture->level_count && !texture->in_memory; k++) {
        if ((uintptr_t)texture->level[k].data - (uintptr_t)data < bytes) {
            return true;
        }
    }
    return false;
}

void texture_forget(const uint8_t *data, size_t bytes)
{
    (void)pthread_rwlock_wrlock(&sim.map_lock);
    for (size_t k = 0; k < table.room; k++) {
        struct sim_texture *texture = table.slot[k].texture;

        if (texture != NULL && lies_in(texture, data, bytes)) {
            texture->gone = true;
        }
    }
    (void)pthread_rwlock_unlock(&sim.map_lock);
}

void texture_free_all(CUcontext ctx)
{
    for (size_t k = 0; k < table.room; k++) {
        if (table.slot[k].texture != NULL && table.slot[k].texture->ctx == ctx) {
            texture_end(table.slot[k].texture);
        }
    }
}
