/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "proto/cache.h"

/* ---- tenants ---------------------------------------------------------------- */

static struct br_tenant *find_tenant(struct br_cache *cache, uint64_t id)
{
    struct br_tenant *tenant;

    TAILQ_FOREACH(tenant, &cache->tenants, entry)
    {
        if (tenant->id == id) {
            return tenant;
        }
    }
    return NULL;
}

static struct br_tenant *make_tenant(struct br_cache *cache, uint64_t id)
{
    struct br_tenant *tenant = find_tenant(cache, id);

    if (tenant != NULL) {
        return tenant;
    }
    tenant = calloc(1, sizeof(*tenant));
    if (tenant != NULL) {
        tenant->id = id;
        TAILQ_INIT(&tenant->list);
        TAILQ_INSERT_TAIL(&cache->tenants, tenant, entry);
    }
    return tenant;
}

static void free_tenant_if_empty(struct br_cache *cache, struct br_tenant *tenant)
{
    if (tenant->entries == 0) {
        TAILQ_REMOVE(&cache->tenants, tenant, entry);
        free(tenant);
    }
}

/* ---- entries ---------------------------------------------------------------- */

static void doom(struct br_cache *cache, struct br_cached *cached)
{
    struct br_tenant *tenant = cached->tenant;
    uint64_t bytes = vgpu_cache_fd_bytes(cached->bytes);

    TAILQ_REMOVE(&tenant->list, cached, entry);
    tenant->bytes -= bytes;
    tenant->entries--;
    cache->bytes -= bytes;
    cache->entries--;
    cached->tenant = NULL;
    TAILQ_INSERT_TAIL(&cache->doomed, cached, entry);
}

void br_cache_drop(struct br_cache *cache, struct br_cached *cached)
{
    struct br_tenant *tenant = cached->tenant;

    doom(cache, cached);
    free_tenant_if_empty(cache, tenant);
}

/* The least recently used entry that nobody is filling. */
static struct br_cached *oldest(const struct br_tenant *tenant)
{
    struct br_cached *cached;

    TAILQ_FOREACH(cached, &tenant->list, entry)
    {
        if (cached->filed) {
            return cached;
        }
    }
    return NULL;
}

/* Of the tenant that has most, by bytes: one that fills the cache pushes nobody else out. */
static struct br_cached *oldest_of_largest(const struct br_cache *cache)
{
    const struct br_tenant *largest = NULL;
    const struct br_tenant *tenant;

    TAILQ_FOREACH(tenant, &cache->tenants, entry)
    {
        if ((largest == NULL || tenant->bytes > largest->bytes) && oldest(tenant) != NULL) {
            largest = tenant;
        }
    }
    return largest != NULL ? oldest(largest) : NULL;
}

/* Whom to evict for `bytes` more; NULL and *fits false: nobody whose memory would help. */
static struct br_cached *victim(const struct br_cache *cache, const struct br_tenant *tenant,
                                uint64_t bytes, bool *fits)
{
    *fits = false;
    if (bytes > cache->tenant_bytes_max || bytes > cache->bytes_max) {
        return NULL;
    }
    if (tenant->bytes > cache->tenant_bytes_max - bytes ||
        tenant->entries >= cache->tenant_entries_max) {
        return oldest(tenant);
    }
    if (cache->bytes > cache->bytes_max - bytes || cache->entries >= cache->entries_max) {
        return oldest_of_largest(cache);
    }
    *fits = true;
    return NULL;
}

static bool make_room(struct br_cache *cache, struct br_tenant *tenant, uint64_t bytes)
{
    struct br_cached *cached;
    bool fits;

    while ((cached = victim(cache, tenant, bytes, &fits)) != NULL) {
        struct br_tenant *loser = cached->tenant;

        doom(cache, cached);
        cache->evicted++;
        if (loser != tenant) {
            free_tenant_if_empty(cache, loser);
        }
    }
    return fits;
}

static int make_memory(uint64_t bytes)
{
    int fd = memfd_create("vgpu-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0 || ftruncate(fd, (off_t)vgpu_cache_fd_bytes(bytes)) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        vgpu_fd_close(&fd);
    }
    return fd;
}

static struct br_cached *add(struct br_cache *cache, struct br_tenant *tenant, const uint8_t *key,
                             uint64_t bytes)
{
    struct br_cached *cached = calloc(1, sizeof(*cached));

    if (cached == NULL) {
        return NULL;
    }
    cached->fd = make_memory(bytes);
    if (cached->fd < 0) {
        free(cached);
        return NULL;
    }
    cached->tenant = tenant;
    cached->bytes = bytes;
    memcpy(cached->key, key, sizeof(cached->key));
    TAILQ_INSERT_TAIL(&tenant->list, cached, entry);
    tenant->bytes += vgpu_cache_fd_bytes(bytes);
    tenant->entries++;
    cache->bytes += vgpu_cache_fd_bytes(bytes);
    cache->entries++;
    return cached;
}

struct br_cached *br_cache_room(struct br_cache *cache, uint64_t id, const uint8_t *key,
                                uint64_t bytes)
{
    struct br_cached *cached = NULL;
    struct br_tenant *tenant;

    if (!br_cache_is_on(cache) || bytes == 0 || bytes > VGPU_CACHE_BYTES_MAX) {
        return NULL;
    }
    tenant = make_tenant(cache, id);
    if (tenant == NULL) {
        return NULL;
    }
    if (make_room(cache, tenant, vgpu_cache_fd_bytes(bytes))) {
        cached = add(cache, tenant, key, bytes);
    }
    free_tenant_if_empty(cache, tenant);
    return cached;
}

struct br_cached *br_cache_find(struct br_cache *cache, uint64_t id, const uint8_t *key)
{
    struct br_tenant *tenant = find_tenant(cache, id);
    struct br_cached *cached;

    if (tenant == NULL) {
        return NULL;
    }
    TAILQ_FOREACH(cached, &tenant->list, entry)
    {
        if (cached->filed && memcmp(cached->key, key, sizeof(cached->key)) == 0) {
            TAILQ_REMOVE(&tenant->list, cached, entry);
            TAILQ_INSERT_TAIL(&tenant->list, cached, entry);
            return cached;
        }
    }
    return NULL;
}

bool br_cache_has_size(struct br_cache *cache, uint64_t id, uint64_t bytes)
{
    struct br_tenant *tenant = find_tenant(cache, id);
    struct br_cached *cached;

    if (tenant == NULL) {
        return false;
    }
    TAILQ_FOREACH(cached, &tenant->list, entry)
    {
        if (cached->filed && cached->bytes == bytes) {
            return true;
        }
    }
    return false;
}

bool br_cache_file(struct br_cache *cache, struct br_cached *cached)
{
    int seals = fcntl(cached->fd, F_GET_SEALS);
    bool sealed = seals >= 0 && (seals & VGPU_CACHE_SEALS) == VGPU_CACHE_SEALS;

    if (!sealed || br_cache_find(cache, cached->tenant->id, cached->key) != NULL) {
        br_cache_drop(cache, cached);
        return sealed;
    }
    cached->filed = true;
    return true;
}

void br_cache_forget(struct br_cache *cache, uint64_t id)
{
    struct br_tenant *tenant = find_tenant(cache, id);
    struct br_cached *cached;

    if (tenant == NULL) {
        return;
    }
    while ((cached = oldest(tenant)) != NULL) {
        doom(cache, cached);
    }
    free_tenant_if_empty(cache, tenant);
}

/* ---- life ------------------------------------------------------------------- */

bool br_cache_turn(struct br_cache *cache)
{
    struct br_cached *cached = TAILQ_FIRST(&cache->doomed);

    if (cached != NULL) {
        TAILQ_REMOVE(&cache->doomed, cached, entry);
        vgpu_fd_close(&cached->fd);
        free(cached);
    }
    return !TAILQ_EMPTY(&cache->doomed);
}

bool br_cache_is_on(const struct br_cache *cache)
{
    return cache->bytes_max > 0;
}

void br_cache_init(struct br_cache *cache, const struct br_settings *settings)
{
    *cache = (struct br_cache){.bytes_max = (uint64_t)settings->cache_mib << 20,
                               .tenant_bytes_max = (uint64_t)settings->cache_vm_mib << 20,
                               .entries_max = settings->cache_entries,
                               .tenant_entries_max = settings->cache_vm_entries};
    TAILQ_INIT(&cache->tenants);
    TAILQ_INIT(&cache->doomed);
}

void br_cache_fini(struct br_cache *cache)
{
    struct br_tenant *tenant;

    while ((tenant = TAILQ_FIRST(&cache->tenants)) != NULL) {
        while (tenant->entries > 0) {
            doom(cache, TAILQ_FIRST(&tenant->list));
        }
        free_tenant_if_empty(cache, tenant);
    }
    while (br_cache_turn(cache)) {
    }
}

void br_cache_log_stats(const struct br_cache *cache)
{
    const struct br_tenant *tenant;
    unsigned int tenants = 0;

    TAILQ_FOREACH(tenant, &cache->tenants, entry)
    {
        tenants++;
    }
    vgpu_log(VGPU_LOG_INFO,
             "cache tenants=%u entries=%u bytes=%" PRIu64 " bytes_max=%" PRIu64 " evicted=%" PRIu64,
             tenants, cache->entries, cache->bytes, cache->bytes_max, cache->evicted);
}

uint64_t br_cache_memory_bound(const struct br_cache *cache)
{
    return (uint64_t)cache->entries_max * (sizeof(struct br_cached) + sizeof(struct br_tenant));
}
