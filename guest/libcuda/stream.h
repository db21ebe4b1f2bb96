/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_STREAM_H
#define GS_STREAM_H

/*
 * Streams, and waiting for them.
 *
 * How deep a stream is: `sent` of the session counts what was sent to each stream
 * index, the worker's progress word what is done; at VGPU_STREAM_DEPTH_GUEST
 * unfinished operations the calling thread waits before it sends.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/beacon.h"
#include "guest/libcuda/session.h"
#include "guest/libcuda/thread.h"
#include "proto/cuda_abi.h"

struct gs_call;
struct gs_context;

/* What cuStreamSetAttribute sets, but for the priority. */
struct gs_stream_attributes {
    CUaccessPolicyWindow window;
    CUsynchronizationPolicy sync_policy;
    CUlaunchMemSyncDomainMap domains;
    CUlaunchMemSyncDomain domain;
};

/* What queries of a stream know.  Under the stream's lock, but for the first two. */
struct gs_stream_asked {
    _Atomic bool before;      /* somebody queries this stream: */
    _Atomic uint64_t sent_ns; /* when something was last sent to it */
    struct gs_beacon beacon;
    uint64_t covers; /* operations (gs_stream_load) that its last value stands for; 0: none */
    uint64_t own;    /* those of the stream's index among them */
    uint64_t news;   /* gs_settled_news() when they were last known to be not done */
    struct gs_patience patience;
};

/* A stream's part in a capture (capture.h), guarded by the lock of graphs. */
struct gs_stream_capture {
    struct gs_capture *_Atomic of; /* NULL: it does not capture */
    struct gs_stream *next;        /* of the same capture */
    CUgraphNode *deps;             /* owned: what its next node follows */
    CUgraphEdgeData *edges;        /* owned: zeros, as many */
    size_t count;
    size_t room;
};

struct gs_stream {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire; /* 0: the legacy stream */
    unsigned int flags;
    int priority;
    uint64_t id;
    uint64_t first;          /* what its index had been sent when it was made */
    _Atomic uint64_t synced; /* so many operations are known to be done */
    struct gs_stream_attributes attributes;
    _Atomic int sync_policy; /* that of the attributes, for who waits */
    pthread_mutex_t lock;
    struct gs_beacon announced; /* shows events; held while such a record is sent, under the lock */
    struct gs_stream_asked asked;
    struct gs_stream_capture capture;
    _Atomic uint64_t run_nodes; /* of runs of graphs that may be unfinished (graph_exec.c) */
    _Atomic uint64_t run_last;  /* the last of them: so many operations had been sent with it */
};

/* Makes the embedded NULL stream of a context. */
void gs_stream_init_null(struct gs_stream *stream, struct gs_session *s,
                         struct gs_context *context);

/* Keeps index 0, the legacy stream's, from being minted.  0 or -errno. */
int gs_streams_keep_legacy(struct gs_session *s);

/* A new stream, owned by its context. */
CUresult gs_stream_new(struct gs_session *s, struct gs_context *context, unsigned int flags,
                       int priority, struct gs_stream **stream);

/* Ends a stream that gs_stream_new() made. */
CUresult gs_stream_destroy(struct gs_stream *stream);

/* Frees one whose session has ended. */
void gs_stream_free(struct gs_stream *stream);

/* Ends a context's embedded NULL stream. */
void gs_stream_end_null(struct gs_stream *stream);

/* The handle that the program knows. */
CUstream gs_stream_handle(const struct gs_stream *stream);

/*
 * The first line of every call that names a stream.  Special handles need a current context
 * (gs_enter's errors), CU_STREAM_PER_THREAD makes the thread's stream; others must be alive: 400.
 * Sets call->session and call->thread; call->context is the stream's.
 */
CUresult gs_stream_enter(CUstream handle, struct gs_call *call, struct gs_stream **stream);

/* The stream of a call that has passed gs_enter(); as above. */
CUresult gs_stream_find(const struct gs_call *call, CUstream handle, struct gs_stream **stream);

/* Before an operation is sent to a stream: waits while the stream is too deep.  Who knows captures
 * has looked before; here they refuse the operation (gs_capture_room). */
CUresult gs_stream_room(struct gs_stream *stream);

/* The same before a small copy from pageable memory, which may follow waits that are owed. */
CUresult gs_stream_room_small_copy(struct gs_stream *stream);

/* True while its depth leaves room for operations that the program does not know of. */
bool gs_stream_is_shallow(struct gs_stream *stream);

/* Notes when something is sent, for queries. */
void gs_stream_note_time(struct gs_stream *stream);

/*
 * Directly before it is sent: the thread's next one-way operation is the stream's and counts as
 * `count`.  It is counted with its record, under the lock that orders records: who has put a record
 * into the ring sees the counts of all that are before it there, and who sees a count and then
 * waits, waits for that operation too.  One that is answered is counted with its answer.
 */
static inline void gs_stream_tally(struct gs_stream *stream, uint32_t count, bool small_copy)
{
    struct gs_thread *thread = gs_thread_get();

    if (__builtin_expect(atomic_load_explicit(&stream->asked.before, memory_order_relaxed), 0)) {
        gs_stream_note_time(stream);
    }
    if (__builtin_expect(thread != NULL, 1)) { /* who has none cannot send */
        thread->tally.stream = stream;
        thread->tally.count = count;
        thread->tally.small_copy = small_copy;
    }
}

static inline void gs_stream_sends(struct gs_stream *stream, uint32_t count)
{
    gs_stream_tally(stream, count, false);
}

/* The same for a small copy from pageable memory, which a wait for the stream may leave owed. */
static inline void gs_stream_sends_small_copy(struct gs_stream *stream)
{
    gs_stream_tally(stream, 1, true);
}

/* After it, with what sending gave: nothing was counted if that was an error.  Returns `cu`. */
static inline CUresult gs_stream_sent(CUresult cu)
{
    if (__builtin_expect(cu != CUDA_SUCCESS, 0) && gs_thread_peek() != NULL) {
        gs_thread_peek()->tally.stream = NULL;
    }
    return cu;
}

/* The number of the thread's last operation that was counted. */
static inline uint64_t gs_stream_number(void)
{
    return gs_thread_peek()->tally.number;
}

/* Counts `count` operations and gives the number of the last; under the lock that orders records:
 * nobody else writes here meanwhile. */
static inline uint64_t gs_stream_count(struct gs_stream *stream, uint32_t count, bool small_copy)
{
    struct gs_session *s = stream->session;
    uint32_t index = vgpu_handle_index_of(stream->wire);
    uint64_t number = atomic_load_explicit(&s->sent[index], memory_order_relaxed) + count;

    if (!small_copy) {
        atomic_store_explicit(&s->deferred.other[index], number, memory_order_release);
    }
    atomic_store_explicit(&s->sent[index], number, memory_order_release);
    return number;
}

/* CUDA_SUCCESS when all that was sent to a stream is done, 600 when not, or a sticky error. */
CUresult gs_stream_query(struct gs_stream *stream);

/* Waits until all that was sent to a stream is done; also gives a sticky error. */
CUresult gs_stream_wait(struct gs_stream *stream);

/* Destroys the per-thread default streams of a thread that ends. */
void gs_thread_streams_end(struct gs_thread *thread);

#endif
