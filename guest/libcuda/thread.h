/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_THREAD_H
#define GS_THREAD_H

/*
 * What belongs to one thread of the program: its lane (proto/limits.h), the stack
 * of current contexts, its per-thread default streams and buffers.  Made at the
 * thread's first call, given back when the thread ends.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/alloc_map.h"
#include "guest/libcuda/context_storage.h"
#include "proto/cuda_abi.h"
#include "proto/limits.h"

/* For buffers on the way of every call, which are written before they are read: the build fills
 * other variables with zeros. */
#define GS_UNINITIALIZED __attribute__((uninitialized))

#define GS_STACK_MAX          64u
#define GS_THREAD_STREAMS_MAX VGPU_CONTEXTS_MAX

struct gs_stream;

/* A per-thread default stream: of which context, in which of its lives. */
struct gs_thread_stream {
    uint64_t context;
    uint64_t epoch;
    struct gs_stream *stream;
};

/* The stream that the thread's next one-way operation belongs to (stream.h). */
struct gs_tally {
    struct gs_stream *stream; /* NULL: none */
    uint32_t count;           /* operations that it counts as */
    bool small_copy;          /* from pageable memory */
    bool later;               /* counted when it is answered */
    uint64_t number;          /* of the last one that was counted */
};

struct gs_thread {
    uint32_t lane;
    uint64_t serial; /* no other thread of the process has had it */
    unsigned int depth;
    uint64_t stack[GS_STACK_MAX]; /* context handles; the current one is stack[depth - 1] */
    unsigned int stream_count;
    struct gs_thread_stream streams[GS_THREAD_STREAMS_MAX];
    struct gs_storage_seen seen[GS_STORAGE_SEEN];
    struct gs_allocs_seen allocs;
    CUstreamCaptureMode capture_mode;
    bool ask; /* the next one-way operation is sent with a wish for an answer */
    struct gs_tally tally;
    uint8_t *buffers;
    /* For the summary; written by the thread, read at exit. */
    _Atomic uint64_t calls;
    _Atomic uint64_t local;
    _Atomic uint64_t one_way;
    _Atomic uint64_t round_trip;
    _Atomic uint64_t host_waits; /* for anything that the host makes: answers, fences, room */
    uint64_t mark;
    struct gs_thread *next;
    struct gs_thread *previous;
};

/* The calling thread's if it has been made already, else NULL.  No lock. */
extern __thread struct gs_thread *gs_thread_current __attribute__((tls_model("initial-exec")));
static inline struct gs_thread *gs_thread_peek(void)
{
    return gs_thread_current;
}

/* Makes it, for gs_thread_get(). */
struct gs_thread *gs_thread_make(void);

/* The calling thread's; NULL when there is no memory or no lane left. */
static inline struct gs_thread *gs_thread_get(void)
{
    return __builtin_expect(gs_thread_current != NULL, 1) ? gs_thread_current : gs_thread_make();
}

/* Buffers of VGPU_RECORD_BYTES_MAX each, valid as long as the thread; NULL: no memory. */
enum gs_buffer {
    GS_BUFFER_SCRATCH, /* generated code: bodies and answers */
    GS_BUFFER_RECORD,  /* the record on its way into the ring */
    GS_BUFFER_PARAMS,  /* kernel parameters */
    GS_BUFFERS,
};
uint8_t *gs_thread_buffer(struct gs_thread *thread, enum gs_buffer which);

/* Lanes for other uses (a staging chunk).  -ENOSPC when all are taken.  Any thread. */
int gs_lane_take(uint32_t *lane);
void gs_lane_give(uint32_t lane);

/* Sums of all threads, ended ones included. */
struct gs_thread_totals {
    uint64_t local;
    uint64_t one_way;
    uint64_t round_trip;
    uint64_t host_waits;
};
void gs_thread_totals(struct gs_thread_totals *totals);

/* Adds to a counter that only this thread writes. */
static inline void gs_bump(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* In the child of a fork: forgets the other threads. */
void gs_thread_after_fork(void);

#endif
