/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/stream.h"

static CUresult find_pool(CUmemoryPool handle, struct gs_pool **pool)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *pool = gs_pool_find(handle);
    return *pool != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* ---- allocations ---- */

static CUresult alloc_in(struct gs_pool *pool, CUmemoryPool handle, CUdeviceptr *dptr, size_t bytes,
                         struct gs_stream *stream)
{
    uint64_t address;
    CUresult cu;

    if (bytes == 0) {
        *dptr = 0;
        return CUDA_SUCCESS;
    }
    if (pool->device != stream->context->device) {
        return CUDA_ERROR_NOT_SUPPORTED; /* devices do not reach each other's memory */
    }
    cu = gs_pool_alloc(pool, handle, stream, bytes, &address);
    if (cu == CUDA_SUCCESS) {
        *dptr = address;
    }
    return cu;
}

/* With the handle that it has as the current one. */
static struct gs_pool *current_of(struct gs_device *device, CUmemoryPool *handle)
{
    struct gs_pool *pool;

    do {
        pool = gs_pool_current(device);
        *handle = pool != NULL ? gs_pool_handle(pool) : NULL;
    } while (gs_pool_current(device) != pool);
    return pool;
}

/* Another thread may destroy the pool that is the current one; then the next one is. */
static CUresult alloc_in_current(CUdeviceptr *dptr, size_t bytes, struct gs_stream *stream)
{
    CUmemoryPool handle;
    CUresult cu;

    do {
        struct gs_pool *pool = current_of(stream->context->device, &handle);

        cu = pool != NULL ? alloc_in(pool, handle, dptr, bytes, stream) : CUDA_ERROR_OUT_OF_MEMORY;
    } while (cu == CUDA_ERROR_INVALID_VALUE && gs_pool_find(handle) == NULL);
    return cu;
}

CUresult gs_cuMemAllocAsync(CUdeviceptr *dptr, size_t bytesize, CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && dptr == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && gs_stream_captures(stream)) {
        return gs_capture_alloc(stream, gs_pool_current(stream->context->device), bytesize, dptr);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_room(stream);
    }
    return cu == CUDA_SUCCESS ? alloc_in_current(dptr, bytesize, stream) : cu;
}

CUresult gs_cuMemAllocFromPoolAsync(CUdeviceptr *dptr, size_t bytesize, CUmemoryPool pool,
                                    CUstream hStream)
{
    struct gs_pool *found = NULL;
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && dptr == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = find_pool(pool, &found);
    }
    if (cu == CUDA_SUCCESS && gs_stream_captures(stream)) {
        return gs_capture_alloc(stream, found, bytesize, dptr);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_room(stream);
    }
    return cu == CUDA_SUCCESS ? alloc_in(found, pool, dptr, bytesize, stream) : cu;
}

static CUresult free_async(const struct gs_stream *stream, CUdeviceptr dptr)
{
    struct gs_alloc alloc;
    struct gs_session *s = gs_memory_find(dptr, &alloc);
    struct gs_pool *keeper;

    if (s == NULL || s != stream->session || alloc.base != dptr ||
        (alloc.kind != GS_ALLOC_POOL && alloc.kind != GS_ALLOC_DEVICE &&
         alloc.kind != GS_ALLOC_GRAPH)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (alloc.kind == GS_ALLOC_GRAPH) {
        return gs_block_free(dptr, stream);
    }
    if (!gs_alloc_map_take(&s->allocs, dptr, alloc.kind, &alloc)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (alloc.kind == GS_ALLOC_POOL) {
        gs_pool_free(alloc.pool, s, dptr, alloc.size, stream);
        return CUDA_SUCCESS;
    }
    keeper = gs_pool_default(stream->context->device);
    return keeper != NULL ? gs_pool_free_foreign(keeper, dptr, stream) : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult gs_cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && dptr != 0 && gs_stream_captures(stream)) {
        return gs_capture_free(stream, dptr);
    }
    if (cu == CUDA_SUCCESS && dptr != 0) {
        cu = gs_capture_room(stream);
    }
    if (cu == CUDA_SUCCESS && dptr != 0) {
        cu = free_async(stream, dptr);
    }
    return cu;
}

/* ---- pools ---- */

CUresult gs_cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *poolProps)
{
    struct gs_device *device;
    struct gs_pool *made;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pool == NULL || poolProps == NULL ||
        poolProps->allocType != CU_MEM_ALLOCATION_TYPE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (poolProps->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE || poolProps->usage != 0) {
        return CUDA_ERROR_NOT_SUPPORTED; /* pools of a device, whose memory stays in the process */
    }
    device = gs_device_find(poolProps->location.id);
    if (device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    made = gs_pool_new(device, poolProps->maxSize);
    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *pool = gs_pool_handle(made);
    return CUDA_SUCCESS;
}

CUresult gs_cuMemPoolDestroy(CUmemoryPool pool)
{
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    return cu == CUDA_SUCCESS && !gs_pool_destroy(pool) ? CUDA_ERROR_INVALID_VALUE : cu;
}

CUresult gs_cuMemPoolTrimTo(CUmemoryPool pool, size_t minBytesToKeep)
{
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    if (cu == CUDA_SUCCESS) {
        gs_pool_trim(found, minBytesToKeep);
    }
    return cu;
}

static uint64_t *counter_of(struct gs_pool *pool, CUmemPool_attribute attr)
{
    switch ((unsigned int)attr) {
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
        return &pool->threshold;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
        return &pool->reserved;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
        return &pool->reserved_high;
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
        return &pool->used;
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
        return &pool->used_high;
    default:
        return NULL;
    }
}

static bool is_reuse(CUmemPool_attribute attr)
{
    return attr >= CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES &&
           attr <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

static CUresult get_attribute(struct gs_pool *pool, CUmemPool_attribute attr, void *value)
{
    const uint64_t *counter = counter_of(pool, attr);
    CUresult cu = CUDA_SUCCESS;

    (void)pthread_mutex_lock(&pool->lock);
    if (is_reuse(attr)) {
        memcpy(value, &pool->reuse[attr - 1], sizeof(int));
    } else if (counter != NULL) {
        memcpy(value, counter, sizeof(*counter));
    } else {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return cu;
}

/* The high marks can be taken back to what is the case, nothing else. */
static CUresult set_counter(struct gs_pool *pool, CUmemPool_attribute attr, uint64_t value)
{
    if (attr == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
        pool->threshold = value;
        return CUDA_SUCCESS;
    }
    if (value != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (attr == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH) {
        pool->reserved_high = pool->reserved;
        return CUDA_SUCCESS;
    }
    if (attr == CU_MEMPOOL_ATTR_USED_MEM_HIGH) {
        pool->used_high = pool->used;
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

static CUresult set_attribute(struct gs_pool *pool, CUmemPool_attribute attr, const void *value)
{
    uint64_t number;
    CUresult cu = CUDA_SUCCESS;
    int flag;

    (void)pthread_mutex_lock(&pool->lock);
    if (is_reuse(attr)) {
        memcpy(&flag, value, sizeof(flag));
        pool->reuse[attr - 1] = flag != 0;
    } else {
        memcpy(&number, value, sizeof(number));
        cu = set_counter(pool, attr, number);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return cu;
}

static bool is_attribute(CUmemPool_attribute attr)
{
    return attr >= CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES &&
           attr <= CU_MEMPOOL_ATTR_USED_MEM_HIGH;
}

CUresult gs_cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    if (cu == CUDA_SUCCESS && (value == NULL || !is_attribute(attr))) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? get_attribute(found, attr, value) : cu;
}

CUresult gs_cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    if (cu == CUDA_SUCCESS && (value == NULL || !is_attribute(attr))) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? set_attribute(found, attr, value) : cu;
}

static bool is_own(const struct gs_pool *pool, const CUmemLocation *location)
{
    return location->id == gs_device_index(pool->device);
}

/* A pool's memory is for its own device, which cannot be shut out. */
static CUresult check_access(const struct gs_pool *pool, const CUmemAccessDesc *desc)
{
    if (desc->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        gs_device_find(desc->location.id) == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (is_own(pool, &desc->location)) {
        return desc->flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE ? CUDA_SUCCESS
                                                                 : CUDA_ERROR_INVALID_DEVICE;
    }
    return desc->flags == CU_MEM_ACCESS_FLAGS_PROT_NONE ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}

CUresult gs_cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count)
{
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    if (cu == CUDA_SUCCESS && map == NULL && count > 0) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        cu = check_access(found, &map[i]);
    }
    return cu;
}

CUresult gs_cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool memPool,
                               CUmemLocation *location)
{
    struct gs_pool *found;
    CUresult cu = find_pool(memPool, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags == NULL || location == NULL || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
        gs_device_find(location->id) == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = is_own(found, location) ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
                                     : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
}

/* ---- the pools of a device ---- */

static CUresult give_pool(struct gs_device *device, CUmemoryPool *out,
                          struct gs_pool *(*which)(struct gs_device *device))
{
    struct gs_pool *pool;

    if (out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (device == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    pool = which(device);
    if (pool == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *out = gs_pool_handle(pool);
    return CUDA_SUCCESS;
}

CUresult gs_cuDeviceGetDefaultMemPool(CUmemoryPool *pool_out, CUdevice dev)
{
    CUresult cu = gs_ready();

    return cu == CUDA_SUCCESS ? give_pool(gs_device_find(dev), pool_out, gs_pool_default) : cu;
}

CUresult gs_cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    /* Not 101, as for the default pool: measured. */
    return gs_device_find(dev) != NULL ? give_pool(gs_device_find(dev), pool, gs_pool_current)
                                       : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool)
{
    struct gs_device *device;
    struct gs_pool *found;
    CUresult cu = find_pool(pool, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    device = gs_device_find(dev);
    return device != NULL && gs_pool_set_current(device, pool) ? CUDA_SUCCESS
                                                               : CUDA_ERROR_INVALID_VALUE;
}

/* The forms that name a place; there are pools of devices only. */
static CUresult device_of(const CUmemLocation *location, CUmemAllocationType type,
                          struct gs_device **device)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (location == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (location->type != CU_MEM_LOCATION_TYPE_DEVICE || type != CU_MEM_ALLOCATION_TYPE_PINNED) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    *device = gs_device_find(location->id);
    return *device != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuMemGetDefaultMemPool(CUmemoryPool *pool_out, CUmemLocation *location,
                                   CUmemAllocationType type)
{
    struct gs_device *device;
    CUresult cu = device_of(location, type, &device);

    return cu == CUDA_SUCCESS ? give_pool(device, pool_out, gs_pool_default) : cu;
}

CUresult gs_cuMemGetMemPool(CUmemoryPool *pool, CUmemLocation *location, CUmemAllocationType type)
{
    struct gs_device *device;
    CUresult cu = device_of(location, type, &device);

    return cu == CUDA_SUCCESS ? give_pool(device, pool, gs_pool_current) : cu;
}

CUresult gs_cuMemSetMemPool(CUmemLocation *location, CUmemAllocationType type, CUmemoryPool pool)
{
    struct gs_device *device;
    CUresult cu = device_of(location, type, &device);

    return cu == CUDA_SUCCESS ? gs_cuDeviceSetMemPool(gs_device_index(device), pool) : cu;
}
