/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_ALLOC_MAP_H
#define GS_ALLOC_MAP_H

/*
 * The allocations of a session by address: device memory, mapped memory, variables of
 * modules, pinned host memory.  A balanced tree, so every operation takes O(log n).
 * Any thread; lookups run side by side.
 *
 * Each thread keeps what it found last, so that copies in a loop take neither lock nor tree: what
 * was found in a map of one version is in it as long as the map has that version.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gs_context;
struct gs_physical;
struct gs_pool;
struct gs_registration;
struct gs_module;

enum gs_alloc_kind {
    GS_ALLOC_DEVICE,
    GS_ALLOC_GLOBAL,
    GS_ALLOC_HOST,
    GS_ALLOC_MAPPED, /* by cuMemMap */
    GS_ALLOC_POOL,   /* of a memory pool */
    GS_ALLOC_REGISTERED,
    GS_ALLOC_ALIAS, /* of a registered one, in the window */
    GS_ALLOC_GRAPH, /* of a node of a graph (graph_block.h) */
};

struct gs_alloc {
    uint64_t base;
    uint64_t size; /* as asked for, not rounded */
    enum gs_alloc_kind kind;
    uint32_t host_flags;
    uint32_t access; /* of mapped memory */
    bool reserved;   /* gs_address_reserve() holds the pages of a variable */
    uint64_t id;
    struct gs_context *context;
    const struct gs_module *module; /* of a variable */
    struct gs_physical *physical;   /* of mapped memory */
    struct gs_pool *pool;
    struct gs_registration *registration;
};

/* Memory that the processor sees too. */
static inline bool gs_alloc_is_host(const struct gs_alloc *alloc)
{
    return alloc->kind == GS_ALLOC_HOST || alloc->kind == GS_ALLOC_REGISTERED ||
           alloc->kind == GS_ALLOC_ALIAS;
}

/* What a thread has found (thread.h); all zero: nothing. */
#define GS_ALLOCS_SEEN 4u
struct gs_allocs_seen {
    uint64_t versions[GS_ALLOCS_SEEN]; /* of the map; 0: none */
    struct gs_alloc allocs[GS_ALLOCS_SEEN];
    unsigned int next;
};

struct gs_alloc_map {
    pthread_rwlock_t lock;
    _Atomic uint64_t version; /* another one before each change, and for each map */
    void *root;
    uint64_t count;
};

/* Empty. */
void gs_alloc_map_init(struct gs_alloc_map *map);

/* Adds a copy of `alloc` (size not 0) and gives it an id of its own in the process.  0; -EEXIST
 * when it overlaps another; -ENOMEM. */
int gs_alloc_map_add(struct gs_alloc_map *map, const struct gs_alloc *alloc);

/* Copies the allocation that contains `address`; false: none. */
bool gs_alloc_map_find(struct gs_alloc_map *map, uint64_t address, struct gs_alloc *found);

/* Copies an allocation that overlaps [address, address + bytes); false: none does. */
bool gs_alloc_map_overlaps(struct gs_alloc_map *map, uint64_t address, uint64_t bytes,
                           struct gs_alloc *found);

/* Changes the access of the mapped memory that starts at `address`. */
void gs_alloc_map_set_access(struct gs_alloc_map *map, uint64_t address, uint32_t access);

/* Takes out the allocation of this kind that starts at `address`; false: there is none. */
bool gs_alloc_map_take(struct gs_alloc_map *map, uint64_t address, enum gs_alloc_kind kind,
                       struct gs_alloc *taken);

/* Takes out the first allocation that `match` wants; false: none left. */
bool gs_alloc_map_take_if(struct gs_alloc_map *map,
                          bool (*match)(const struct gs_alloc *alloc, void *arg), void *arg,
                          struct gs_alloc *taken);

/* Takes out all. */
void gs_alloc_map_clear(struct gs_alloc_map *map);

#endif
