/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/alloc_map.h"

#include <errno.h>
#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "guest/libcuda/thread.h"

/* Of allocations, and of versions. */
static _Atomic uint64_t next_id = 1;

static uint64_t new_id(void)
{
    return atomic_fetch_add_explicit(&next_id, 1, memory_order_relaxed);
}

/* With the lock, to write: nobody believes what he has seen from now on. */
static void change(struct gs_alloc_map *map)
{
    atomic_store_explicit(&map->version, new_id(), memory_order_release);
}

/* Ranges that overlap are equal: a search for one address finds the range around it. */
static int compare(const void *a, const void *b)
{
    const struct gs_alloc *left = a;
    const struct gs_alloc *right = b;

    if (left->base + left->size <= right->base) {
        return -1;
    }
    return right->base + right->size <= left->base ? 1 : 0;
}

void gs_alloc_map_init(struct gs_alloc_map *map)
{
    (void)pthread_rwlock_init(&map->lock, NULL);
    change(map);
    map->root = NULL;
    map->count = 0;
}

int gs_alloc_map_add(struct gs_alloc_map *map, const struct gs_alloc *alloc)
{
    struct gs_alloc *copy = malloc(sizeof(*copy));
    struct gs_alloc **node;
    int rc = 0;

    if (copy == NULL) {
        return -ENOMEM;
    }
    *copy = *alloc;
    copy->id = new_id();
    (void)pthread_rwlock_wrlock(&map->lock);
    change(map);
    node = tsearch(copy, &map->root, compare);
    if (node == NULL) {
        rc = -ENOMEM;
    } else if (*node != copy) {
        rc = -EEXIST;
    } else {
        map->count++;
    }
    (void)pthread_rwlock_unlock(&map->lock);
    if (rc != 0) {
        free(copy);
    }
    return rc;
}

static struct gs_alloc *lookup(struct gs_alloc_map *map, uint64_t address)
{
    struct gs_alloc key = {.base = address, .size = 1};
    struct gs_alloc **node = tfind(&key, &map->root, compare);

    return node != NULL ? *node : NULL;
}

static const struct gs_alloc *recall(const struct gs_allocs_seen *seen, uint64_t version,
                                     uint64_t address)
{
    for (unsigned int i = 0; i < GS_ALLOCS_SEEN; i++) {
        const struct gs_alloc *alloc = &seen->allocs[i];

        if (seen->versions[i] == version && address - alloc->base < alloc->size) {
            return alloc;
        }
    }
    return NULL;
}

static void remember(struct gs_allocs_seen *seen, uint64_t version, const struct gs_alloc *alloc)
{
    seen->versions[seen->next] = version;
    seen->allocs[seen->next] = *alloc;
    seen->next = (seen->next + 1) % GS_ALLOCS_SEEN;
}

static bool search_tree(struct gs_alloc_map *map, uint64_t address, struct gs_alloc *found,
                        struct gs_allocs_seen *seen)
{
    const struct gs_alloc *alloc;

    (void)pthread_rwlock_rdlock(&map->lock);
    alloc = lookup(map, address);
    if (alloc != NULL) {
        *found = *alloc;
        if (seen != NULL) {
            remember(seen, atomic_load_explicit(&map->version, memory_order_relaxed), alloc);
        }
    }
    (void)pthread_rwlock_unlock(&map->lock);
    return alloc != NULL;
}

bool gs_alloc_map_find(struct gs_alloc_map *map, uint64_t address, struct gs_alloc *found)
{
    struct gs_thread *thread = gs_thread_peek();
    uint64_t version = atomic_load_explicit(&map->version, memory_order_acquire);
    const struct gs_alloc *alloc =
        thread != NULL ? recall(&thread->allocs, version, address) : NULL;

    if (alloc != NULL) {
        *found = *alloc;
        return true;
    }
    return search_tree(map, address, found, thread != NULL ? &thread->allocs : NULL);
}

bool gs_alloc_map_overlaps(struct gs_alloc_map *map, uint64_t address, uint64_t bytes,
                           struct gs_alloc *found)
{
    struct gs_alloc key = {.base = address, .size = bytes};
    struct gs_alloc **node;

    (void)pthread_rwlock_rdlock(&map->lock);
    node = tfind(&key, &map->root, compare);
    if (node != NULL) {
        *found = **node;
    }
    (void)pthread_rwlock_unlock(&map->lock);
    return node != NULL;
}

void gs_alloc_map_set_access(struct gs_alloc_map *map, uint64_t address, uint32_t access)
{
    struct gs_alloc *alloc;

    (void)pthread_rwlock_wrlock(&map->lock);
    change(map);
    alloc = lookup(map, address);
    if (alloc != NULL && alloc->base == address) {
        alloc->access = access;
    }
    (void)pthread_rwlock_unlock(&map->lock);
}

static void remove_node(struct gs_alloc_map *map, struct gs_alloc *alloc, struct gs_alloc *taken)
{
    (void)tdelete(alloc, &map->root, compare);
    map->count--;
    *taken = *alloc;
    free(alloc);
}

bool gs_alloc_map_take(struct gs_alloc_map *map, uint64_t address, enum gs_alloc_kind kind,
                       struct gs_alloc *taken)
{
    struct gs_alloc *alloc;
    bool right;

    (void)pthread_rwlock_wrlock(&map->lock);
    change(map);
    alloc = lookup(map, address);
    right = alloc != NULL && alloc->base == address && alloc->kind == kind;
    if (right) {
        remove_node(map, alloc, taken);
    }
    (void)pthread_rwlock_unlock(&map->lock);
    return right;
}

struct search {
    bool (*match)(const struct gs_alloc *alloc, void *arg);
    void *arg;
    struct gs_alloc *found;
};

static void visit(const void *node, VISIT which, void *arg)
{
    struct gs_alloc *const *alloc = node;
    struct search *search = arg;

    if ((which == preorder || which == leaf) && search->found == NULL &&
        search->match(*alloc, search->arg)) {
        search->found = *alloc;
    }
}

bool gs_alloc_map_take_if(struct gs_alloc_map *map,
                          bool (*match)(const struct gs_alloc *alloc, void *arg), void *arg,
                          struct gs_alloc *taken)
{
    struct search search = {.match = match, .arg = arg};

    (void)pthread_rwlock_wrlock(&map->lock);
    change(map);
    twalk_r(map->root, visit, &search);
    if (search.found != NULL) {
        remove_node(map, search.found, taken);
    }
    (void)pthread_rwlock_unlock(&map->lock);
    return search.found != NULL;
}

void gs_alloc_map_clear(struct gs_alloc_map *map)
{
    (void)pthread_rwlock_wrlock(&map->lock);
    change(map);
    tdestroy(map->root, free);
    map->root = NULL;
    map->count = 0;
    (void)pthread_rwlock_unlock(&map->lock);
}
