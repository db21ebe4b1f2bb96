/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/staging.h"

#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/thread.h"

int gs_staging_init(struct gs_staging *staging)
{
    memset(staging, 0, sizeof(*staging));
    staging->alive = true;
    (void)pthread_mutex_init(&staging->lock, NULL);
    return -pthread_cond_init(&staging->changed, NULL);
}

void gs_staging_fini(struct gs_staging *staging)
{
    for (uint32_t i = 0; i < staging->lanes; i++) {
        gs_lane_give(staging->chunks[i].lane);
    }
    staging->lanes = 0;
    staging->ready = false;
    staging->alive = false;
}

/* Under the lock, at the first copy that needs it. */
static CUresult prepare(struct gs_session *s)
{
    struct gs_staging *staging = &s->staging;
    uint64_t offset;
    CUresult cu;

    while (staging->lanes < GS_CHUNKS) {
        if (gs_lane_take(&staging->chunks[staging->lanes].lane) != 0) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        staging->lanes++;
    }
    cu = gs_hostmem_alloc(s, (uint64_t)GS_CHUNKS * GS_CHUNK_BYTES, &offset);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    for (uint32_t i = 0; i < GS_CHUNKS; i++) {
        staging->chunks[i].offset = offset + (uint64_t)i * GS_CHUNK_BYTES;
    }
    staging->ready = true;
    return CUDA_SUCCESS;
}

static CUresult send_fence(struct gs_session *s, struct gs_chunk *chunk, struct gs_stream *stream)
{
    struct vgpu_args_vgpuFence args = {.stream = stream->wire, .lane = chunk->lane};

    chunk->index = vgpu_handle_index_of(stream->wire);
    chunk->sent = atomic_load_explicit(&s->sent[chunk->index], memory_order_acquire);
    chunk->all = chunk->index == 0 ? gs_settled_sent(s) : 0;
    args.value = ++s->link.fence_value[chunk->lane];
    chunk->fence = args.value;
    return gs_send_vgpuFence(s, &args);
}

static bool passed(struct gs_session *s, const struct gs_chunk *chunk)
{
    return gs_link_fence_passed(&s->link, chunk->lane, chunk->fence);
}

/* Under the lock: a chunk that nothing uses, or NULL. */
static struct gs_chunk *find_free(struct gs_session *s)
{
    for (uint32_t i = 0; i < GS_CHUNKS; i++) {
        struct gs_chunk *chunk = &s->staging.chunks[i];

        if (chunk->state == GS_CHUNK_BUSY && passed(s, chunk)) {
            chunk->state = GS_CHUNK_FREE;
        }
        if (chunk->state == GS_CHUNK_FREE) {
            return chunk;
        }
    }
    return NULL;
}

static struct gs_chunk *find_state(struct gs_session *s, enum gs_chunk_state state)
{
    struct gs_chunk *found = NULL;

    for (uint32_t i = 0; i < GS_CHUNKS; i++) {
        struct gs_chunk *chunk = &s->staging.chunks[i];

        if (chunk->state == state && (found == NULL || chunk->fence < found->fence)) {
            found = chunk;
        }
    }
    return found;
}

static CUresult close_chunk(struct gs_session *s, struct gs_chunk *chunk)
{
    CUresult cu = send_fence(s, chunk, chunk->stream);

    chunk->state = GS_CHUNK_BUSY;
    chunk->stream = NULL;
    return cu;
}

/* Under the lock, which is let go while waiting: makes it likely that a chunk gets free. */
static CUresult wait_for_chunk(struct gs_session *s)
{
    struct gs_chunk *busy = find_state(s, GS_CHUNK_BUSY);
    struct gs_chunk *open = find_state(s, GS_CHUNK_OPEN);
    CUresult cu = CUDA_SUCCESS;
    uint32_t lane;
    uint64_t fence;

    if (busy == NULL && open != NULL) {
        cu = close_chunk(s, open);
        busy = open;
    }
    if (busy == NULL) {
        (void)pthread_cond_wait(&s->staging.changed, &s->staging.lock);
        return CUDA_SUCCESS;
    }
    lane = busy->lane;
    fence = busy->fence;
    (void)pthread_mutex_unlock(&s->staging.lock);
    if (cu == CUDA_SUCCESS) {
        cu = gs_link_wait_fence(&s->link, lane, fence, GS_SPIN);
    }
    (void)pthread_mutex_lock(&s->staging.lock);
    return cu;
}

static CUresult take_locked(struct gs_session *s, bool wait, struct gs_chunk **chunk)
{
    CUresult cu = s->staging.ready ? CUDA_SUCCESS : prepare(s);

    *chunk = NULL;
    while (cu == CUDA_SUCCESS && (*chunk = find_free(s)) == NULL && wait) {
        cu = wait_for_chunk(s);
    }
    if (cu == CUDA_SUCCESS && *chunk != NULL) {
        (*chunk)->state = GS_CHUNK_HELD;
    }
    return cu;
}

CUresult gs_staging_take(struct gs_session *s, bool wait, struct gs_chunk **chunk)
{
    CUresult cu;

    (void)pthread_mutex_lock(&s->staging.lock);
    cu = take_locked(s, wait, chunk);
    (void)pthread_mutex_unlock(&s->staging.lock);
    return cu;
}

CUresult gs_staging_fence(struct gs_session *s, struct gs_chunk *chunk, struct gs_stream *stream)
{
    return send_fence(s, chunk, stream);
}

CUresult gs_staging_wait(struct gs_session *s, struct gs_chunk *chunk)
{
    CUresult cu = gs_link_wait_fence(&s->link, chunk->lane, chunk->fence, GS_SPIN);

    if (cu == CUDA_SUCCESS) {
        gs_settled_up_to(s, chunk->index, chunk->sent);
        gs_settled_legacy(s, chunk->all);
    }
    return cu;
}

void gs_staging_give(struct gs_session *s, struct gs_chunk *chunk)
{
    (void)pthread_mutex_lock(&s->staging.lock);
    chunk->state = passed(s, chunk) ? GS_CHUNK_FREE : GS_CHUNK_BUSY;
    (void)pthread_cond_broadcast(&s->staging.changed);
    (void)pthread_mutex_unlock(&s->staging.lock);
}

/* Under the lock: an open chunk of the stream with room. */
static CUresult open_chunk(struct gs_session *s, struct gs_stream *stream, uint32_t bytes,
                           struct gs_chunk **chunk)
{
    CUresult cu;

    for (uint32_t i = 0; i < GS_CHUNKS; i++) {
        struct gs_chunk *at = &s->staging.chunks[i];

        if (at->state != GS_CHUNK_OPEN || at->stream != stream) {
            continue;
        }
        if (GS_CHUNK_BYTES - at->used >= bytes) {
            *chunk = at;
            return CUDA_SUCCESS;
        }
        cu = close_chunk(s, at);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
    }
    cu = take_locked(s, true, chunk);
    if (cu == CUDA_SUCCESS) {
        (*chunk)->state = GS_CHUNK_OPEN;
        (*chunk)->stream = stream;
        (*chunk)->used = 0;
    }
    return cu;
}

CUresult gs_staging_small(struct gs_session *s, struct gs_stream *stream, uint32_t bytes,
                          CUresult (*put)(const void *arg, uint64_t offset), const void *arg)
{
    struct gs_chunk *chunk;
    CUresult cu = gs_stream_room_small_copy(stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)pthread_mutex_lock(&s->staging.lock);
    cu = open_chunk(s, stream, bytes, &chunk);
    if (cu == CUDA_SUCCESS) {
        uint64_t offset = chunk->offset + chunk->used;

        chunk->used += (bytes + 63) & ~63u;
        if (chunk->used > GS_CHUNK_BYTES) {
            chunk->used = GS_CHUNK_BYTES;
        }
        cu = put(arg, offset);
    }
    (void)pthread_mutex_unlock(&s->staging.lock);
    return cu;
}

void gs_staging_close_stream(struct gs_session *s, struct gs_stream *stream)
{
    (void)pthread_mutex_lock(&s->staging.lock);
    for (uint32_t i = 0; i < GS_CHUNKS && s->staging.ready; i++) {
        struct gs_chunk *chunk = &s->staging.chunks[i];

        if (chunk->state == GS_CHUNK_OPEN && chunk->stream == stream) {
            (void)close_chunk(s, chunk);
        }
    }
    (void)pthread_mutex_unlock(&s->staging.lock);
}
