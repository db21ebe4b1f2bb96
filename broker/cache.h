/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CACHE_H
#define BR_CACHE_H

/*
 * Code that workers have filed for later workers of the same tenant: module images under their
 * hash, machine code under a key made of what it was compiled from (docs/design.md, "The cache of
 * modules").  A tenant is a virtual machine, or an account of this host.
 *
 *   room ──the worker fills, seals, files──► filed ──evicted, wrong, tenant gone──► doomed ──►
 * freed '───the worker ends───────────────────────────────────────────────────────────^
 *
 * The broker makes the memory, so that bounds hold, and keeps only its descriptor: it maps none of
 * it and believes nothing in it.  What room there is goes to whoever asked last; a tenant at its
 * own bound loses its own least used entry, and where all together are at theirs the tenant with
 * most loses one.  Freed memory costs time, so one entry is freed in a turn of the loop.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/options.h"
#include "proto/limits.h"

struct br_tenant;

struct br_cached {
    TAILQ_ENTRY(br_cached) entry; /* in its tenant, the least recently used first */
    struct br_tenant *tenant;     /* NULL: doomed */
    uint8_t key[VGPU_CACHE_KEY_BYTES];
    uint64_t bytes;
    int fd;
    bool filed;
};

TAILQ_HEAD(br_cached_list, br_cached);

struct br_tenant {
    TAILQ_ENTRY(br_tenant) entry;
    uint64_t id;
    uint64_t bytes;
    uint32_t entries;
    struct br_cached_list list;
};

TAILQ_HEAD(br_tenant_list, br_tenant);

struct br_cache {
    uint64_t bytes_max;
    uint64_t tenant_bytes_max;
    uint32_t entries_max;
    uint32_t tenant_entries_max;
    uint64_t bytes;
    uint32_t entries;
    uint64_t evicted;
    struct br_tenant_list tenants; /* those that have entries */
    struct br_cached_list doomed;
};

/* Tenants: an account of this host, or the number of a virtual machine. */
static inline uint64_t br_tenant_of_account(uint32_t uid)
{
    return uid;
}
static inline uint64_t br_tenant_of_vm(uint32_t number)
{
    return (uint64_t)1 << 32 | number;
}

/* An empty cache by the settings cache_*; cache_mib 0: one that takes nothing. */
void br_cache_init(struct br_cache *cache, const struct br_settings *settings);

/* Frees every entry. */
void br_cache_fini(struct br_cache *cache);

/* Whether anything is kept at all. */
bool br_cache_is_on(const struct br_cache *cache);

/* The filed entry of a tenant, now its most recently used; NULL: there is none.  Borrowed until the
 * end of the turn. */
struct br_cached *br_cache_find(struct br_cache *cache, uint64_t tenant, const uint8_t *key);

/* Whether a tenant has filed anything of that size. */
bool br_cache_has_size(struct br_cache *cache, uint64_t tenant, uint64_t bytes);

/* Makes memory for `bytes` bytes, to be filled by a worker: entry->fd, of
 * vgpu_cache_fd_bytes(bytes), sealed against shrinking and growing.  NULL: it does not fit in, or
 * there is no descriptor. */
struct br_cached *br_cache_room(struct br_cache *cache, uint64_t tenant, const uint8_t *key,
                                uint64_t bytes);

/* The worker has filled and sealed it.  False: it can still be written; it is dropped.  One that
 * another worker has filed meanwhile is dropped and true. */
bool br_cache_file(struct br_cache *cache, struct br_cached *cached);

/* Takes an entry out of the cache, which frees it later. */
void br_cache_drop(struct br_cache *cache, struct br_cached *cached);

/* Drops what a tenant has filed. */
void br_cache_forget(struct br_cache *cache, uint64_t tenant);

/* Frees one doomed entry; true while there are more. */
bool br_cache_turn(struct br_cache *cache);

/* Logs one line of figures. */
void br_cache_log_stats(const struct br_cache *cache);

/* Most bytes of heap that it takes. */
uint64_t br_cache_memory_bound(const struct br_cache *cache);

#endif
