/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/pool.h"

#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/range_alloc.h"
#include "guest/libcuda/memory.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/stream.h"

#define CHUNK_MIN 0x200000ull
#define CHUNK_MAX (32ull << 20)

struct gs_pool_chunk {
    uint64_t base;
    uint64_t bytes;
    struct vgpu_range *pieces;
    uint64_t owner;       /* of the stream */
    struct gs_point last; /* the owner's last free in it */
    struct gs_pool_chunk *next;
};

static struct gs_session *session_of(const struct gs_pool *pool)
{
    struct gs_session *s = atomic_load(&pool->device->session);

    return s != NULL && s->streams != NULL ? s : NULL;
}

/* The NULL streams of all contexts are one stream. */
static uint64_t owner_of(const struct gs_stream *stream)
{
    return stream->wire == 0 ? 0 : stream->id;
}

static int by_address(const void *a, const void *b)
{
    const struct gs_pool_chunk *left = a;
    const struct gs_pool_chunk *right = b;

    if (left->base + left->bytes <= right->base) {
        return -1;
    }
    return right->base + right->bytes <= left->base ? 1 : 0;
}

static struct gs_pool_chunk *chunk_at(const struct gs_pool *pool, uint64_t address)
{
    struct gs_pool_chunk key = {.base = address, .bytes = 1};
    struct gs_pool_chunk **node = tfind(&key, &pool->by_address, by_address);

    return node != NULL ? *node : NULL;
}

static void count_used(struct gs_pool *pool, uint64_t bytes)
{
    pool->used += bytes;
    if (pool->used > pool->used_high) {
        pool->used_high = pool->used;
    }
}

/* What is out of use by now is free for all. */
static void out_of_limbo(void *arg, struct gs_session *s, uint64_t address)
{
    const struct gs_pool *pool = arg;
    const struct gs_pool_chunk *chunk = chunk_at(pool, address);

    if (chunk != NULL) {
        (void)vgpu_range_free(chunk->pieces, address);
    } else {
        (void)gs_device_memory_free(s, address);
    }
}

static void reap(struct gs_pool *pool, struct gs_session *s)
{
    gs_limbo_reap(&pool->limbo, s, out_of_limbo, pool);
}

static void end_chunk(struct gs_pool *pool, struct gs_session *s, struct gs_pool_chunk **at)
{
    struct gs_pool_chunk *chunk = *at;

    *at = chunk->next;
    (void)tdelete(chunk, &pool->by_address, by_address);
    pool->reserved -= chunk->bytes;
    if (s != NULL) {
        (void)gs_device_memory_free(s, chunk->base);
    }
    vgpu_range_destroy(chunk->pieces);
    free(chunk);
}

/* With the lock. */
static void trim(struct gs_pool *pool, struct gs_session *s, uint64_t keep)
{
    struct gs_pool_chunk **at = &pool->chunks;

    reap(pool, s);
    while (*at != NULL && pool->reserved > keep) {
        struct gs_pool_chunk *chunk = *at;

        if (vgpu_range_count(chunk->pieces) > 0 || !gs_point_is_past(s, &chunk->last)) {
            at = &chunk->next;
            continue;
        }
        end_chunk(pool, s, at);
    }
}

/* The same, where there may be nothing to do. */
static void trim_some(struct gs_pool *pool, uint64_t keep)
{
    struct gs_session *s = session_of(pool);

    if (s != NULL && (pool->reserved > keep || !gs_limbo_is_empty(&pool->limbo))) {
        trim(pool, s, keep);
    }
}

void gs_pool_trim(struct gs_pool *pool, uint64_t keep)
{
    (void)pthread_mutex_lock(&pool->lock);
    trim_some(pool, keep);
    (void)pthread_mutex_unlock(&pool->lock);
}

void gs_pool_synced(struct gs_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    trim_some(pool, pool->threshold);
    (void)pthread_mutex_unlock(&pool->lock);
}

void gs_pool_forget(struct gs_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->chunks != NULL) {
        end_chunk(pool, NULL, &pool->chunks);
    }
    gs_limbo_forget(&pool->limbo);
    pool->used = 0;
    (void)pthread_mutex_unlock(&pool->lock);
}

/* A chunk with room that the stream may use now. */
static struct gs_pool_chunk *find_room(struct gs_pool *pool, struct gs_session *s, uint64_t owner,
                                       uint64_t bytes)
{
    struct gs_pool_chunk *other = NULL;

    for (struct gs_pool_chunk *chunk = pool->chunks; chunk != NULL; chunk = chunk->next) {
        if (vgpu_range_largest_hole(chunk->pieces) < bytes) {
            continue;
        }
        if (chunk->owner == owner) {
            return chunk;
        }
        if (other == NULL && gs_point_is_past(s, &chunk->last)) {
            other = chunk;
        }
    }
    return other;
}

/* Larger pools grow in larger steps, within what the pool may have. */
static uint64_t step_of(const struct gs_pool *pool, uint64_t bytes)
{
    uint64_t least = (bytes + CHUNK_MIN - 1) & ~(CHUNK_MIN - 1);
    uint64_t step = (pool->reserved / 4) & ~(CHUNK_MIN - 1);

    step = step < CHUNK_MIN ? CHUNK_MIN : step;
    step = step > CHUNK_MAX ? CHUNK_MAX : step;
    if (step < least || (pool->max_bytes != 0 && pool->reserved + step > pool->max_bytes)) {
        step = least;
    }
    return step;
}

static CUresult grow(struct gs_pool *pool, struct gs_session *s, uint64_t bytes,
                     struct gs_pool_chunk **made)
{
    struct gs_pool_chunk *chunk;
    CUresult cu;

    if (pool->max_bytes != 0 && pool->reserved + bytes > pool->max_bytes) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    chunk = calloc(1, sizeof(*chunk));
    if (chunk == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_device_memory_alloc(s, bytes, &chunk->base);
    if (cu != CUDA_SUCCESS) {
        free(chunk);
        return cu;
    }
    chunk->bytes = bytes;
    chunk->pieces = vgpu_range_new(chunk->base, bytes, GS_DEVICE_ALIGN);
    if (chunk->pieces == NULL || tsearch(chunk, &pool->by_address, by_address) == NULL) {
        (void)gs_device_memory_free(s, chunk->base);
        vgpu_range_destroy(chunk->pieces);
        free(chunk);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->reserved += bytes;
    if (pool->reserved > pool->reserved_high) {
        pool->reserved_high = pool->reserved;
    }
    *made = chunk;
    return CUDA_SUCCESS;
}

/* Room for `bytes`: what is there, else more; where no more is to be had, waits for what is still
 * in use and gives back what lies idle. */
static CUresult get_room(struct gs_pool *pool, struct gs_session *s, uint64_t owner, uint64_t bytes,
                         struct gs_pool_chunk **chunk)
{
    uint64_t least = (bytes + CHUNK_MIN - 1) & ~(CHUNK_MIN - 1);
    CUresult cu;

    reap(pool, s);
    *chunk = find_room(pool, s, owner, bytes);
    if (*chunk != NULL) {
        return CUDA_SUCCESS;
    }
    cu = grow(pool, s, step_of(pool, bytes), chunk);
    if (cu != CUDA_ERROR_OUT_OF_MEMORY) {
        return cu;
    }
    cu = gs_settle(s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    reap(pool, s);
    *chunk = find_room(pool, s, owner, bytes);
    if (*chunk != NULL) {
        return CUDA_SUCCESS;
    }
    trim(pool, s, 0);
    return grow(pool, s, least, chunk);
}

static CUresult take(struct gs_pool *pool, const struct gs_stream *stream, uint64_t bytes,
                     struct gs_alloc *alloc)
{
    uint64_t rounded = (bytes + GS_DEVICE_ALIGN - 1) & ~(uint64_t)(GS_DEVICE_ALIGN - 1);
    uint64_t owner = owner_of(stream);
    struct gs_pool_chunk *chunk;
    CUresult cu;

    if (rounded < bytes || rounded > UINT64_MAX - CHUNK_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = get_room(pool, stream->session, owner, rounded, &chunk);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (vgpu_range_count(chunk->pieces) == 0 && chunk->owner != owner) {
        chunk->owner = owner; /* nothing is left of the other stream in it */
        chunk->last = (struct gs_point){.index = vgpu_handle_index_of(stream->wire)};
    }
    if (vgpu_range_alloc(chunk->pieces, rounded, 0, &alloc->base) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (gs_alloc_map_add(&stream->session->allocs, alloc) != 0) {
        (void)vgpu_range_free(chunk->pieces, alloc->base);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return CUDA_SUCCESS;
}

void gs_pool_begin(struct gs_pool *pool, uint64_t handle, uint64_t max_bytes)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->destroyed = false;
    pool->max_bytes = max_bytes;
    pool->threshold = 0;
    pool->reserved_high = 0;
    pool->used_high = 0;
    for (unsigned int i = 0; i < 3; i++) {
        pool->reuse[i] = 1;
    }
    atomic_store(&pool->handle, handle);
    (void)pthread_mutex_unlock(&pool->lock);
}

void gs_pool_end(struct gs_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->destroyed = true;
    pool->threshold = 0;
    trim_some(pool, 0);
    (void)pthread_mutex_unlock(&pool->lock);
}

bool gs_pool_is_over(struct gs_pool *pool)
{
    bool over;

    (void)pthread_mutex_lock(&pool->lock);
    over = pool->destroyed && pool->used == 0 && pool->chunks == NULL &&
           gs_limbo_is_empty(&pool->limbo);
    if (over) {
        gs_limbo_forget(&pool->limbo);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return over;
}

CUresult gs_pool_alloc(struct gs_pool *pool, CUmemoryPool handle, struct gs_stream *stream,
                       uint64_t bytes, uint64_t *address)
{
    struct gs_alloc alloc = {.size = bytes, .kind = GS_ALLOC_POOL, .pool = pool};
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    (void)pthread_mutex_lock(&pool->lock);
    if (!pool->destroyed && gs_pool_handle(pool) == handle) {
        cu = take(pool, stream, bytes, &alloc);
    }
    if (cu == CUDA_SUCCESS) {
        count_used(pool, bytes);
        *address = alloc.base;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return cu;
}

void gs_pool_free(struct gs_pool *pool, struct gs_session *s, uint64_t address, uint64_t bytes,
                  const struct gs_stream *stream)
{
    struct gs_pool_chunk *chunk;

    (void)pthread_mutex_lock(&pool->lock);
    pool->used -= bytes;
    chunk = chunk_at(pool, address);
    if (chunk != NULL && stream != NULL && chunk->owner == owner_of(stream)) {
        chunk->last = gs_point_now(stream);
        (void)vgpu_range_free(chunk->pieces, address);
    } else if (chunk != NULL && stream == NULL) {
        (void)vgpu_range_free(chunk->pieces, address);
    } else if (chunk != NULL && !gs_limbo_put(&pool->limbo, address, stream)) {
        /* No memory to remember it with: it is remembered as in use, until the pool ends. */
        pool->used += bytes;
    }
    if (pool->destroyed && pool->used == 0) {
        trim(pool, s, 0);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

CUresult gs_pool_free_foreign(struct gs_pool *pool, uint64_t address,
                              const struct gs_stream *stream)
{
    bool put;

    (void)pthread_mutex_lock(&pool->lock);
    put = gs_limbo_put(&pool->limbo, address, stream);
    (void)pthread_mutex_unlock(&pool->lock);
    return put ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
