/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_STAGING_H
#define GS_STAGING_H

/*
 * Chunks of pinned memory through which copies from and to pageable memory go.
 *
 *   free ──take──► held ──fence behind its last copy──► busy ──fence passed──► free
 *          small HtoD copies share one: open (of one stream) until full or needed
 *
 * Each chunk has a lane of its own for its fence.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_session;
struct gs_stream;

#define GS_CHUNK_BYTES (1u << 20)
#define GS_CHUNKS      8u

enum gs_chunk_state {
    GS_CHUNK_FREE,
    GS_CHUNK_HELD,
    GS_CHUNK_OPEN,
    GS_CHUNK_BUSY,
};

struct gs_chunk {
    enum gs_chunk_state state;
    uint64_t offset;
    uint32_t used;            /* of an open one */
    struct gs_stream *stream; /* of an open one */
    uint32_t lane;
    uint64_t fence;
    uint32_t index; /* of the stream that is fenced, */
    uint64_t sent;  /* and what it had been sent before, */
    uint64_t all;   /* or for the legacy stream all streams */
};

struct gs_staging {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready; /* memory and lanes are there */
    bool alive;
    uint32_t lanes;
    struct gs_chunk chunks[GS_CHUNKS];
};

/* No chunk has a lane yet.  0 or -errno.  The other gives the lanes back. */
int gs_staging_init(struct gs_staging *staging);
void gs_staging_fini(struct gs_staging *staging);

/* Takes a whole chunk.  `wait`: until there is one; else *chunk is NULL when there is none now. */
CUresult gs_staging_take(struct gs_session *s, bool wait, struct gs_chunk **chunk);

/* Sends a fence behind what was just sent to the stream; the chunk is free when it passes. */
CUresult gs_staging_fence(struct gs_session *s, struct gs_chunk *chunk, struct gs_stream *stream);

/* Waits for the fence of a chunk that this thread fenced and still needs. */
CUresult gs_staging_wait(struct gs_session *s, struct gs_chunk *chunk);

/* Gives a chunk back whose work is done. */
void gs_staging_give(struct gs_session *s, struct gs_chunk *chunk);

/* Takes room for `bytes` (at most a quarter of a chunk) in the stream's open chunk and has `put`
 * fill it and send it on; put runs under the lock of staging.  Returns put's result. */
CUresult gs_staging_small(struct gs_session *s, struct gs_stream *stream, uint32_t bytes,
                          CUresult (*put)(const void *arg, uint64_t offset), const void *arg);

/* Closes the open chunk of a stream that ends. */
void gs_staging_close_stream(struct gs_session *s, struct gs_stream *stream);

#endif
