/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_STREAM_H
#define SIM_STREAM_H

/* Streams: a queue of operations each.  All functions need sim.lock. */

#include "executor/sim/context.h"

struct sim_op;

struct CUstream_st {
    struct CUstream_st *prev; /* in sim.streams */
    struct CUstream_st *next;
    CUcontext ctx;
    uint64_t id;
    unsigned int flags;
    int priority;
    bool gone;     /* destroyed by its owner; freed when empty and not pinned */
    unsigned pins; /* callers whose launch waits for room */
    struct sim_op *head;
    struct sim_op *tail;
    unsigned kernels; /* unfinished ones */
    uint64_t poll_ns; /* a stalled head is looked at again then; 0: at once */
    CUstreamAttrValue attr[CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN + 1];
};

/* One thread's CU_STREAM_PER_THREAD in a context. */
struct thread_stream {
    struct thread_stream *next;
    pthread_t thread;
    struct CUstream_st *stream;
};

/* A new stream in sim.streams; NULL without memory.  Owned by its context. */
struct CUstream_st *stream_new(CUcontext ctx, unsigned int flags, int priority);

/* Its attributes as they are at first. */
void stream_attr_init(struct CUstream_st *s);

/* Its owner is done with it: freed now, or when it is empty and not pinned. */
void stream_release(struct CUstream_st *s);

/* Free a released stream that has become empty and is not pinned. */
void stream_reap(struct CUstream_st *s);

/* Free all streams of a context whose work is done. */
void stream_free_all(CUcontext ctx);

/*
 * The stream that a caller's handle names: the context's NULL stream, the
 * calling thread's own, or a live one.  CUDA_ERROR_INVALID_HANDLE otherwise.
 */
CUresult stream_resolve(CUcontext ctx, CUstream handle, struct CUstream_st **out);

#endif
