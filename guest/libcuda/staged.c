/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/copy.h"

#include <string.h>

#include "guest/libcuda/bulk_copy.h"
#include "guest/libcuda/staging.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/stream.h"

/*
 * Copies through chunks: cut into pieces of at most a chunk, each a box of its own that lies
 * without gaps in the chunk.
 */

/* Below it several copies share a chunk. */
#define SMALL_BYTES (GS_CHUNK_BYTES / 4)

/* How far a copy is cut up: where the next piece begins. */
struct cutter {
    const struct gs_copy *copy;
    uint64_t x;
    uint64_t y;
    uint64_t z;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whole slices if one fits, else whole rows of one slice, else a part of a row. */
static void size_piece(const struct cutter *cut, struct gs_copy *piece)
{
    const struct gs_copy *copy = cut->copy;

    piece->width = least(copy->width - cut->x, GS_CHUNK_BYTES);
    piece->height = 1;
    piece->depth = 1;
    if (copy->width > GS_CHUNK_BYTES) {
        return;
    }
    piece->height = least(copy->height - cut->y, GS_CHUNK_BYTES / copy->width);
    if (cut->y == 0 && piece->height == copy->height) {
        piece->depth = least(copy->depth - cut->z, GS_CHUNK_BYTES / (copy->width * copy->height));
    }
}

/* Where the next piece begins at one end. */
static void set_begin(const struct cutter *cut, const struct gs_end *whole, struct gs_end *piece)
{
    if (whole->place == GS_PLACE_ARRAY) {
        piece->x = whole->x + cut->x;
        piece->y = whole->y + cut->y;
        piece->z = whole->z + cut->z;
    } else {
        piece->address = whole->address + cut->x + (cut->y + cut->z * whole->rows) * whole->pitch;
    }
}

/* Gives the next piece; its ends are where the program's are. */
static void cut_piece(struct cutter *cut, struct gs_copy *piece)
{
    *piece = *cut->copy;
    size_piece(cut, piece);
    set_begin(cut, &cut->copy->dst, &piece->dst);
    set_begin(cut, &cut->copy->src, &piece->src);
    cut->x += piece->width;
    if (cut->x < cut->copy->width) {
        return;
    }
    cut->x = 0;
    cut->y += piece->height;
    if (cut->y < cut->copy->height) {
        return;
    }
    cut->y = 0;
    cut->z += piece->depth;
}

static bool is_cut(const struct cutter *cut)
{
    return cut->z >= cut->copy->depth;
}

static uint64_t bytes_of(const struct gs_copy *piece)
{
    return piece->width * piece->height * piece->depth;
}

/* The end that stands for the chunk. */
static void set_tight(const struct gs_copy *piece, struct gs_end *end)
{
    end->pitch = piece->width;
    end->rows = piece->height;
}

static void *row_of(const struct gs_end *end, uint64_t y, uint64_t z)
{
    return (void *)(uintptr_t)(end->address + (y + z * end->rows) * end->pitch);
}

static void gather(uint8_t *chunk, const struct gs_copy *piece)
{
    for (uint64_t z = 0; z < piece->depth; z++) {
        for (uint64_t y = 0; y < piece->height; y++, chunk += piece->width) {
            memcpy(chunk, row_of(&piece->src, y, z), piece->width);
        }
    }
}

static void scatter(const struct gs_copy *piece, const uint8_t *chunk)
{
    for (uint64_t z = 0; z < piece->depth; z++) {
        for (uint64_t y = 0; y < piece->height; y++, chunk += piece->width) {
            gs_bulk_copy(row_of(&piece->dst, y, z), chunk, piece->width);
        }
    }
}

/* The source goes to the window, */
static void fill(struct gs_copy *piece, uint64_t offset)
{
    gather(piece->session->window + offset, piece);
    set_tight(piece, &piece->src);
}

/* and from there on its way. */
static CUresult put_small_box(const struct gs_copy *copy, uint64_t offset)
{
    struct gs_copy piece = *copy;

    fill(&piece, offset);
    gs_stream_sends_small_copy(piece.stream);
    return gs_stream_sent(gs_copy_send_htod(&piece, offset));
}

static CUresult put_small(const void *arg, uint64_t offset)
{
    const struct gs_copy *copy = arg;

    if (copy->height * copy->depth > 1) {
        return put_small_box(copy, offset);
    }
    memcpy(copy->session->window + offset, (const void *)(uintptr_t)copy->src.address, copy->width);
    gs_stream_sends_small_copy(copy->stream);
    return gs_stream_sent(gs_copy_send_htod(copy, offset));
}

/* One chunk's worth: filled, sent, fenced and left to itself. */
static CUresult push_piece(const struct gs_copy *piece)
{
    struct gs_session *s = piece->session;
    struct gs_chunk *chunk;
    struct gs_copy sent;
    CUresult cu = gs_stream_room(piece->stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_take(s, true, &chunk);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    sent = *piece;
    fill(&sent, chunk->offset);
    gs_stream_sends(sent.stream, 1);
    cu = gs_stream_sent(gs_copy_send_htod(&sent, chunk->offset));
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_fence(s, chunk, piece->stream);
    }
    gs_staging_give(s, chunk);
    return cu;
}

static CUresult push_pieces(const struct gs_copy *copy)
{
    struct cutter cut = {.copy = copy};
    CUresult cu = CUDA_SUCCESS;
    struct gs_copy piece;

    while (cu == CUDA_SUCCESS && !is_cut(&cut)) {
        cut_piece(&cut, &piece);
        cu = push_piece(&piece);
    }
    return cu;
}

CUresult gs_copy_from_pageable(const struct gs_copy *copy)
{
    if (copy->width <= SMALL_BYTES && copy->height <= SMALL_BYTES && copy->depth == 1 &&
        copy->width * copy->height <= SMALL_BYTES) {
        return gs_staging_small(copy->session, copy->stream, (uint32_t)bytes_of(copy), put_small,
                                copy);
    }
    return push_pieces(copy);
}

/* Copies on their way to pageable memory, oldest first. */
struct pull {
    struct gs_chunk *chunk;
    struct gs_copy piece;
};

struct pulls {
    struct cutter cut;
    struct pull queue[GS_CHUNKS / 2]; /* leaves chunks for other threads */
    unsigned int first;
    unsigned int count;
};

/* Starts the next piece if a chunk can be had; *started says whether. */
static CUresult start_pull(struct pulls *p, bool *started)
{
    struct pull *pull = &p->queue[(p->first + p->count) % (GS_CHUNKS / 2)];
    struct gs_session *s = p->cut.copy->session;
    struct gs_copy sent;
    CUresult cu = gs_stream_room(p->cut.copy->stream);

    *started = false;
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_take(s, p->count == 0, &pull->chunk);
    }
    if (cu != CUDA_SUCCESS || pull->chunk == NULL) {
        return cu;
    }
    cut_piece(&p->cut, &pull->piece);
    sent = pull->piece;
    set_tight(&sent, &sent.dst);
    gs_stream_sends(sent.stream, 1);
    cu = gs_stream_sent(gs_copy_send_dtoh(&sent, pull->chunk->offset));
    if (cu == CUDA_SUCCESS) {
        cu = gs_staging_fence(s, pull->chunk, sent.stream);
    }
    p->count++;
    *started = true;
    return cu;
}

static CUresult finish_pull(struct pulls *p)
{
    struct pull *pull = &p->queue[p->first];
    struct gs_session *s = pull->piece.session;
    CUresult cu = gs_staging_wait(s, pull->chunk);

    if (cu == CUDA_SUCCESS) {
        cu = gs_session_error(s);
    }
    if (cu == CUDA_SUCCESS) {
        scatter(&pull->piece, s->window + pull->chunk->offset);
        /* The device may have gone while its memory was read. */
        cu = gs_link_is_there(&s->link) ? CUDA_SUCCESS : gs_session_error(s);
    }
    gs_staging_give(s, pull->chunk);
    p->first = (p->first + 1) % (GS_CHUNKS / 2);
    p->count--;
    return cu;
}

CUresult gs_copy_to_pageable(const struct gs_copy *copy)
{
    struct pulls p;
    CUresult cu = CUDA_SUCCESS;

    p.cut = (struct cutter){.copy = copy};
    p.first = 0;
    p.count = 0;
    while (cu == CUDA_SUCCESS && (p.count > 0 || !is_cut(&p.cut))) {
        bool started = p.count < GS_CHUNKS / 2 && !is_cut(&p.cut);

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
