/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/handle.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* Open addressing; a deleted entry keeps its place as a tombstone. */
#define TOMBSTONE ((const void *)1)

struct entry {
    const void *obj;
    enum handle_kind kind;
};

static struct {
    struct entry *slot;
    size_t size; /* a power of two, or 0 */
    size_t used; /* with tombstones */
    size_t live;
} set;

static size_t hash(const void *obj)
{
    uint64_t h = (uint64_t)(uintptr_t)obj * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(h >> 20);
}

static struct entry *find(const void *obj)
{
    if (set.size == 0 || obj == NULL || obj == TOMBSTONE) {
        return NULL;
    }
    for (size_t i = hash(obj);; i++) {
        struct entry *e = &set.slot[i & (set.size - 1)];

        if (e->obj == obj) {
            return e;
        }
        if (e->obj == NULL) {
            return NULL;
        }
    }
}

static void insert(enum handle_kind kind, const void *obj)
{
    size_t i = hash(obj);

    while (set.slot[i & (set.size - 1)].obj != NULL) {
        i++;
    }
    set.slot[i & (set.size - 1)] = (struct entry){obj, kind};
    set.used++;
    set.live++;
}

static int grow(void)
{
    struct entry *old = set.slot;
    size_t old_size = set.size;
    size_t size = old_size == 0 ? 256 : set.live * 4 < old_size ? old_size : old_size * 2;
    struct entry *slot = calloc(size, sizeof(*slot));

    if (slot == NULL) {
        return -ENOMEM;
    }
    set.slot = slot;
    set.size = size;
    set.used = 0;
    set.live = 0;
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].obj != NULL && old[i].obj != TOMBSTONE) {
            insert(old[i].kind, old[i].obj);
        }
    }
    free(old);
    return 0;
}

int handle_add(enum handle_kind kind, const void *obj)
{
    if ((set.used + 1) * 2 > set.size) {
        int rc = grow();

        if (rc != 0) {
            return rc;
        }
    }
    insert(kind, obj);
    return 0;
}

void handle_del(const void *obj)
{
    struct entry *e = find(obj);

    if (e != NULL) {
        e->obj = TOMBSTONE;
        set.live--;
    }
}

bool handle_ok(enum handle_kind kind, const void *obj)
{
    const struct entry *e = find(obj);

    return e != NULL && e->kind == kind;
}
