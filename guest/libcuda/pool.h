/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_POOL_H
#define GS_POOL_H

/*
 * Memory pools: allocations and frees in a stream's order, answered here.
 *
 * A pool takes chunks of device memory, each for one stream.  What that stream frees is free for
 * its next allocation at once, because the stream itself keeps the order; for other streams, and
 * what others free there, only when the freeing stream is known to have come so far.  Chunks in
 * which nothing lives go back when the program waits for something, down to the pool's release
 * threshold.  Any thread.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/limbo.h"
#include "proto/cuda_abi.h"

struct gs_device;
struct gs_pool_chunk;
struct gs_session;
struct gs_stream;

/* Pools of a process at once. */
#define GS_POOLS_MAX 4096u

struct gs_pool {
    pthread_mutex_t lock;
    _Atomic uint64_t handle;
    struct gs_device *device;
    bool built_in;  /* a device's default pool */
    bool destroyed; /* lives on until its last allocation ends, then another pool may be it */
    uint64_t max_bytes;
    int reuse[3]; /* by CU_MEMPOOL_ATTR_REUSE_*: kept, the pool reuses as they allow in any case */
    uint64_t threshold;
    uint64_t reserved;
    uint64_t reserved_high;
    uint64_t used;
    uint64_t used_high;
    struct gs_pool_chunk *chunks;
    void *by_address;
    struct gs_limbo limbo;
    struct gs_pool *next;
};

/* The pool of a handle, NULL: none (any more). */
struct gs_pool *gs_pool_find(CUmemoryPool handle);
CUmemoryPool gs_pool_handle(const struct gs_pool *pool);

/* The default pool of a device, and the one that cuMemAllocAsync uses; NULL without memory. */
struct gs_pool *gs_pool_default(struct gs_device *device);
struct gs_pool *gs_pool_current(struct gs_device *device);

/* Makes it what cuMemAllocAsync uses; false: it is none of this device's (any more). */
bool gs_pool_set_current(struct gs_device *device, CUmemoryPool handle);

/* A new pool of at most max_bytes (0: the device's).  NULL: no memory, or too many. */
struct gs_pool *gs_pool_new(struct gs_device *device, uint64_t max_bytes);

/* False: there is none (any more), or it is a device's own. */
bool gs_pool_destroy(CUmemoryPool handle);

/* The life of a structure: without a pool, the one of a handle, without one that can be found,
 * without one (is_over) when its last allocation has ended too. */
void gs_pool_begin(struct gs_pool *pool, uint64_t handle, uint64_t max_bytes);
void gs_pool_end(struct gs_pool *pool);
bool gs_pool_is_over(struct gs_pool *pool);

/* Allocates in the order of a stream, and enters it into the session's map.
 * CUDA_ERROR_INVALID_VALUE: it is not the pool of that handle any more. */
CUresult gs_pool_alloc(struct gs_pool *pool, CUmemoryPool handle, struct gs_stream *stream,
                       uint64_t bytes, uint64_t *address);

/* Ends an allocation that is out of the map: in a stream's order, or at once (stream NULL). */
void gs_pool_free(struct gs_pool *pool, struct gs_session *s, uint64_t address, uint64_t bytes,
                  const struct gs_stream *stream);

/* Frees device memory that no pool gave in a stream's order.  CUDA_ERROR_OUT_OF_MEMORY. */
CUresult gs_pool_free_foreign(struct gs_pool *pool, uint64_t address,
                              const struct gs_stream *stream);

/* Gives back what can be, down to `keep` bytes. */
void gs_pool_trim(struct gs_pool *pool, uint64_t keep);

/* The same after a wait of the program, down to its release threshold. */
void gs_pool_synced(struct gs_pool *pool);

/* Forgets its memory. */
void gs_pool_forget(struct gs_pool *pool);

/* After a wait of the program: every pool of the device down to its threshold. */
void gs_pools_synced(struct gs_session *s);

/* Forgets all memory of the session's device; its worker is gone or going. */
void gs_pools_drop(struct gs_session *s);

#endif
