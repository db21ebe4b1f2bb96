/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_STREAM_H
#define EX_WORKER_STREAM_H

/*
 * Streams, and how far each has come.
 *
 * Behind some operations the worker records an event of its own, a *mark*: every
 * VGPU_PROGRESS_STEP operations and for fences.  Marks of a stream pass in order, so the
 * oldest one tells how many operations are done; that number is published in the
 * stream's progress word.  The driver blocks a caller at the 1,022nd unfinished entry of
 * a stream, so the worker bounds both what the guest has queued and what it adds itself:
 * 900 of an honest guest and 60 of its own never reach it.
 *
 * The dispatcher's alone.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct ex_session;

/* The worker's own entries in a stream at once: marks and fence writes. */
#define EX_STREAM_OWN_MAX 60u
/* Progress word of the legacy default stream. */
#define EX_LEGACY_INDEX 0u
/* Of them, kept for progress marks (1,000 / 64). */
#define EX_STREAM_OWN_PROGRESS 16u
/* Streams that the guest has ended while they had work, at once: more are refused. */
#define EX_STREAMS_ENDED_MAX 16384u

struct ex_mark {
    CUevent event;
    uint64_t at;     /* guest operations of the stream up to here */
    uint64_t own_at; /* entries of the worker's up to here */
    uint64_t graphs; /* bytes of graphs that have ended and are charged until here */
    bool fence;      /* lane and value count */
    bool written;    /* the GPU writes the fence slot itself */
    uint32_t lane;
    uint64_t value;
};

struct ex_stream {
    CUstream cu;
    uint32_t index;     /* of the progress word */
    bool destroyed;     /* by the guest; lives on until its marks have passed */
    bool active;        /* in the session's list */
    uint64_t submitted; /* guest operations of this index, those of earlier streams too */
    uint64_t done;
    uint64_t own;
    uint64_t own_done;
    uint64_t marked; /* `submitted` at the last mark */
    uint64_t graphs; /* bytes for the next mark's */
    uint32_t holders;
    struct ex_stream *next_active;
    uint32_t mark_first;
    uint32_t mark_count;
    struct ex_mark marks[EX_STREAM_OWN_MAX];
};

/*
 * Takes the counts of all stream indices from the progress words, where an earlier worker of the
 * channel left them: only what is published depends on them, no decision.
 */
void ex_streams_attach(struct ex_session *x);

/*
 * Looks a stream up for one more operation.  CUDA_ERROR_INVALID_HANDLE; does not return
 * when the guest has more than VGPU_STREAM_DEPTH_WORKER entries unfinished (broken peer).
 */
CUresult ex_stream_enter(struct ex_session *x, uint64_t handle, struct ex_stream **stream);

/* Counts one operation that the driver took, and marks the stream now and then. */
void ex_stream_entered(struct ex_session *x, struct ex_stream *stream);

/* True when `own` more entries of the worker's fit. */
bool ex_stream_has_room(const struct ex_stream *stream, uint32_t own);

/* Records a mark behind what the stream holds; `fence` gives its fence part or is NULL. */
CUresult ex_stream_mark(struct ex_session *x, struct ex_stream *stream,
                        const struct ex_mark *fence);

/* Keeps the structure alive when the guest ends the stream. */
void ex_stream_hold(struct ex_stream *stream);
void ex_stream_let_go(struct ex_stream *stream);

/* A graph has ended that the stream may still run: what it is charged, `bytes`, comes off when the
 * stream's operations up to `at` are done. */
void ex_stream_end_graph(struct ex_session *x, struct ex_stream *stream, uint64_t at,
                         uint64_t bytes);

/* Takes off what no mark will, if the stream is idle. */
void ex_stream_settle_graphs(struct ex_session *x, struct ex_stream *stream);

/* Looks at the oldest marks of all streams; true when something passed that a guest thread may be
 * waiting for.  Does not return on a sticky error. */
bool ex_streams_poll(struct ex_session *x);

#endif
