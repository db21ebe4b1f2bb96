/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/copy.h"

#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/bulk_copy.h"
#include "guest/libcuda/process.h"
#include "guest/libcuda/staging.h"
#include "guest/libcuda/stream.h"

/* Below it several copies share a chunk. */
#define SMALL_BYTES (GS_CHUNK_BYTES / 4)

static bool elsewhere(const struct gs_session *s, uint64_t address)
{
    struct gs_alloc alloc;

    for (int i = 0; i < gs_device_count(); i++) {
        struct gs_session *other = atomic_load(&gs_device_find(i)->session);

        if (other != NULL && other != s && other->streams != NULL &&
            gs_alloc_map_find(&other->allocs, address, &alloc)) {
            return alloc.kind != GS_ALLOC_HOST; /* pinned for another is pageable here */
        }
    }
    return false;
}

enum gs_place gs_place_of(struct gs_session *s, uint64_t address, size_t bytes)
{
    struct gs_alloc alloc;

    if (!gs_alloc_map_find(&s->allocs, address, &alloc)) {
        return elsewhere(s, address) ? GS_PLACE_OTHER_DEVICE : GS_PLACE_PAGEABLE;
    }
    if (bytes > alloc.size - (address - alloc.base)) {
        return GS_PLACE_BEYOND;
    }
    return alloc.kind == GS_ALLOC_HOST ? GS_PLACE_PINNED : GS_PLACE_DEVICE;
}

static uint64_t window_offset(const struct gs_session *s, uint64_t address)
{
    return address - (uint64_t)(uintptr_t)s->window;
}

static CUresult send_htod(const struct gs_copy *copy, uint64_t offset)
{
    struct vgpu_args_vgpuCopyHtoD args = {
        .dst = copy->dst, .offset = offset, .bytes = copy->bytes, .stream = copy->stream->wire};

    return gs_send_vgpuCopyHtoD(copy->session, &args);
}

static CUresult send_dtoh(const struct gs_copy *copy, uint64_t offset)
{
    struct vgpu_args_vgpuCopyDtoH args = {
        .offset = offset, .src = copy->src, .bytes = copy->bytes, .stream = copy->stream->wire};

    return gs_send_vgpuCopyDtoH(copy->session, &args);
}

static CUresult send_dtod(const struct gs_copy *copy)
{
    struct vgpu_args_cuMemcpyDtoDAsync_v2 args = {
        .dst = copy->dst, .src = copy->src, .bytes = copy->bytes, .stream = copy->stream->wire};

    return gs_send_cuMemcpyDtoDAsync_v2(copy->session, &args);
}

CUresult gs_copy_direct(const struct gs_copy *copy, enum gs_place dst, enum gs_place src)
{
    CUresult cu = gs_stream_room(copy->stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dst == GS_PLACE_DEVICE && src == GS_PLACE_PINNED) {
        cu = send_htod(copy, window_offset(copy->session, copy->src));
        (void)atomic_fetch_add_explicit(&gs_bytes_htod, copy->bytes, memory_order_relaxed);
    } else if (dst == GS_PLACE_PINNED && src == GS_PLACE_DEVICE) {
        cu = send_dtoh(copy, window_offset(copy->session, copy->dst));
        (void)atomic_fetch_add_explicit(&gs_bytes_dtoh, copy->bytes, memory_order_relaxed);
    } else {
        cu = send_dtod(copy);
    }
    return gs_stream_sent(copy->stream, cu);
}

/* One chunk's worth: filled, sent, fenced and left to itself. */
static CUresult push_chunk(const struct gs_copy *piece)
{
    struct gs_session *s = piece->session;
    struct gs_chunk *chunk;
    CUresult cu = gs_stream_room(piece->stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_take(s, true, &chunk);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    memcpy(s->window + chunk->offset, (const void *)(uintptr_t)piece->src, piece->bytes);
    cu = gs_stream_sent(piece->stream, send_htod(piece, chunk->offset));
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_fence(s, chunk, piece->stream);
    }
    gs_staging_give(s, chunk);
    return cu;
}

CUresult gs_copy_from_pageable(const struct gs_copy *copy)
{
    struct gs_copy piece = *copy;
    CUresult cu = CUDA_SUCCESS;

    (void)atomic_fetch_add_explicit(&gs_bytes_htod, copy->bytes, memory_order_relaxed);
    if (copy->bytes <= SMALL_BYTES) {
        return gs_staging_small(copy->session, copy->stream, copy->dst,
                                (const void *)(uintptr_t)copy->src, (uint32_t)copy->bytes);
    }
    for (size_t done = 0; done < copy->bytes && cu == CUDA_SUCCESS; done += piece.bytes) {
        piece.dst = copy->dst + done;
        piece.src = copy->src + done;
        piece.bytes = copy->bytes - done < GS_CHUNK_BYTES ? copy->bytes - done : GS_CHUNK_BYTES;
        cu = push_chunk(&piece);
    }
    return cu;
}

/* Copies on their way to pageable memory, oldest first. */
struct pull {
    struct gs_chunk *chunk;
    uint64_t dst;
    size_t bytes;
};

struct pulls {
    const struct gs_copy *copy;
    struct pull queue[GS_CHUNKS / 2]; /* leaves chunks for other threads */
    unsigned int first;
    unsigned int count;
    size_t asked;
};

/* Starts the next piece if a chunk can be had; *started says whether. */
static CUresult start_pull(struct pulls *p, bool *started)
{
    struct gs_copy piece = *p->copy;
    struct pull *pull = &p->queue[(p->first + p->count) % (GS_CHUNKS / 2)];
    size_t left = p->copy->bytes - p->asked;
    CUresult cu = gs_stream_room(piece.stream);

    *started = false;
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_take(piece.session, p->count == 0, &pull->chunk);
    }
    if (cu != CUDA_SUCCESS || pull->chunk == NULL) {
        return cu;
    }
    piece.src += p->asked;
    piece.bytes = left < GS_CHUNK_BYTES ? left : GS_CHUNK_BYTES;
    pull->dst = piece.dst + p->asked;
    pull->bytes = piece.bytes;
    cu = gs_stream_sent(piece.stream, send_dtoh(&piece, pull->chunk->offset));
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_fence(piece.session, pull->chunk, piece.stream);
    }
    p->count++;
    p->asked += piece.bytes;
    *started = true;
    return cu;
}

static CUresult finish_pull(struct pulls *p)
{
    struct pull *pull = &p->queue[p->first];
    struct gs_session *s = p->copy->session;
    CUresult cu = gs_staging_wait(s, pull->chunk);

    if (cu == CUDA_SUCCESS) {
        cu = gs_session_error(s);
    }
    if (cu == CUDA_SUCCESS) {
        gs_bulk_copy((void *)(uintptr_t)pull->dst, s->window + pull->chunk->offset, pull->bytes);
    }
    gs_staging_give(s, pull->chunk);
    p->first = (p->first + 1) % (GS_CHUNKS / 2);
    p->count--;
    return cu;
}

CUresult gs_copy_to_pageable(const struct gs_copy *copy)
{
    struct pulls p = {.copy = copy};
    CUresult cu = CUDA_SUCCESS;

    (void)atomic_fetch_add_explicit(&gs_bytes_dtoh, copy->bytes, memory_order_relaxed);
    while (cu == CUDA_SUCCESS && (p.count > 0 || p.asked < copy->bytes)) {
        bool started = p.count < GS_CHUNKS / 2 && p.asked < copy->bytes;

        if (started) {
            cu = start_pull(&p, &started);
        }
        if (cu == CUDA_SUCCESS && !started) {
            cu = finish_pull(&p);
        }
    }
    while (p.count > 0) {
        (void)finish_pull(&p); /* after an error: only gives the chunks back */
    }
    return cu;
}
