/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/pool.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/process.h"
#include "proto/handles.h"

/* All pools of the process.  The structures are never freed, because a call of another thread may
 * look at one that has ended; when nothing lives in that any more, it is the next new pool of its
 * device. */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vgpu_handles *_Atomic table;
static struct gs_pool *_Atomic all;
static struct gs_pool *_Atomic defaults[VGPU_DEVICES_MAX];
static struct gs_pool *_Atomic current[VGPU_DEVICES_MAX];

struct gs_pool *gs_pool_find(CUmemoryPool handle)
{
    struct vgpu_handles *pools = atomic_load(&table);

    return pools != NULL ? vgpu_handles_get(pools, (uint64_t)(uintptr_t)handle) : NULL;
}

CUmemoryPool gs_pool_handle(const struct gs_pool *pool)
{
    return (CUmemoryPool)(uintptr_t)atomic_load(&pool->handle);
}

static struct gs_pool *first_over(const struct gs_device *device)
{
    for (struct gs_pool *pool = atomic_load(&all); pool != NULL; pool = pool->next) {
        if (pool->device == device && gs_pool_is_over(pool)) {
            return pool;
        }
    }
    return NULL;
}

static struct gs_pool *add(struct gs_device *device)
{
    struct gs_pool *pool = calloc(1, sizeof(*pool));

    if (pool == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&pool->lock, NULL);
    pool->device = device;
    pool->destroyed = true;
    pool->next = atomic_load(&all);
    atomic_store(&all, pool);
    return pool;
}

/* With the lock. */
static struct gs_pool *make(struct gs_device *device, uint64_t max_bytes)
{
    struct vgpu_handles *pools = atomic_load(&table);
    struct gs_pool *pool = first_over(device);
    uint64_t handle;

    if (pools == NULL) {
        pools = vgpu_handles_new(VGPU_HANDLE_POOL, GS_POOLS_MAX);
        atomic_store(&table, pools);
    }
    pool = pool != NULL ? pool : add(device);
    if (pool == NULL || pools == NULL || vgpu_handles_mint(pools, pool, &handle) != 0) {
        return NULL;
    }
    gs_pool_begin(pool, handle, max_bytes);
    return pool;
}

struct gs_pool *gs_pool_new(struct gs_device *device, uint64_t max_bytes)
{
    struct gs_pool *pool;

    (void)pthread_mutex_lock(&lock);
    pool = make(device, max_bytes);
    (void)pthread_mutex_unlock(&lock);
    return pool;
}

struct gs_pool *gs_pool_default(struct gs_device *device)
{
    struct gs_pool *_Atomic *place = &defaults[gs_device_index(device)];

    if (atomic_load(place) == NULL) {
        (void)pthread_mutex_lock(&lock);
        if (atomic_load(place) == NULL) {
            struct gs_pool *pool = make(device, 0);

            if (pool != NULL) {
                pool->built_in = true;
            }
            atomic_store(place, pool);
        }
        (void)pthread_mutex_unlock(&lock);
    }
    return atomic_load(place);
}

struct gs_pool *gs_pool_current(struct gs_device *device)
{
    struct gs_pool *pool = atomic_load(&current[gs_device_index(device)]);

    return pool != NULL ? pool : gs_pool_default(device);
}

bool gs_pool_set_current(struct gs_device *device, CUmemoryPool handle)
{
    struct gs_pool *pool;
    bool fits;

    (void)pthread_mutex_lock(&lock); /* it is not destroyed in between */
    pool = gs_pool_find(handle);
    fits = pool != NULL && pool->device == device;
    if (fits) {
        atomic_store(&current[gs_device_index(device)], pool);
    }
    (void)pthread_mutex_unlock(&lock);
    return fits;
}

bool gs_pool_destroy(CUmemoryPool handle)
{
    struct gs_pool *pool = gs_pool_find(handle);
    struct gs_pool *expected = pool;
    bool taken;

    if (pool == NULL || pool->built_in) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    taken = vgpu_handles_take(atomic_load(&table), (uint64_t)(uintptr_t)handle) != NULL;
    if (taken) {
        (void)atomic_compare_exchange_strong(&current[gs_device_index(pool->device)], &expected,
                                             NULL);
    }
    (void)pthread_mutex_unlock(&lock);
    if (taken) {
        gs_pool_end(pool);
    }
    return taken;
}

void gs_pools_synced(struct gs_session *s)
{
    gs_blocks_reap(s);
    for (struct gs_pool *pool = atomic_load(&all); pool != NULL; pool = pool->next) {
        if (atomic_load(&pool->device->session) == s) {
            gs_pool_synced(pool);
        }
    }
}

void gs_pools_drop(struct gs_session *s)
{
    for (struct gs_pool *pool = atomic_load(&all); pool != NULL; pool = pool->next) {
        if (atomic_load(&pool->device->session) == s) {
            gs_pool_forget(pool);
        }
    }
}
