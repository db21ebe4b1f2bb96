/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CAPTURE_H
#define GS_CAPTURE_H

/*
 * Captures: streams whose operations become nodes of a graph.  All of it happens here; the worker's
 * streams never capture, so nothing of ours can end up in a graph or spoil one.
 *
 *   begin ──► active ──(something that a capture forbids)──► invalid
 *              │ events carry other streams into it            │
 *              └──────────────────── end ◄─────────────────────┘
 *
 * Everything is guarded by the lock of graphs; functions here take it themselves.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/libcuda/graph_node.h"
#include "guest/libcuda/stream.h"
#include "proto/cuda_abi.h"

struct gs_event;
struct gs_pool;

/* What an event that was recorded in a capturing stream stands for. */
struct gs_mark {
    uint64_t capture; /* id */
    size_t count;
    CUgraphNode nodes[];
};

/* Captures that are going on, to be asked before anything else. */
extern _Atomic uint32_t gs_captures_live;

static inline bool gs_captures_any(void)
{
    return __builtin_expect(atomic_load_explicit(&gs_captures_live, memory_order_relaxed) != 0, 0);
}

/* In the child of a fork: none goes on there, and whoever held their lock is not there either. */
void gs_captures_after_fork(void);

static inline bool gs_stream_captures(struct gs_stream *stream)
{
    return gs_captures_any() && atomic_load(&stream->capture.of) != NULL;
}

/* Adds a node behind what the stream has captured; takes what `params` owns.  901: invalid. */
CUresult gs_capture_add(struct gs_stream *stream, struct gs_node_params *params);

/* Nodes of the kinds that streams have operations for. */
CUresult gs_capture_copy(const struct gs_copy *copy);
CUresult gs_capture_fill(struct gs_stream *stream, const CUDA_MEMSET_NODE_PARAMS *fill);
CUresult gs_capture_memops(struct gs_stream *stream, const struct gs_memop *ops,
                           unsigned int count);

/* Memory in a stream's order: the graph's, with the properties of the pool.  1 for what is no
 * memory of a graph, or freed already; the capture goes on. */
CUresult gs_capture_alloc(struct gs_stream *stream, const struct gs_pool *pool, size_t bytes,
                          CUdeviceptr *dptr);
CUresult gs_capture_free(struct gs_stream *stream, CUdeviceptr dptr);

/* Makes the stream's capture invalid because of something that it forbids.  `cu`, or 901. */
CUresult gs_capture_refuse(struct gs_stream *stream, CUresult cu);

/* Before an operation is sent that no capture knows: 801 in a capturing stream, and 906 in the
 * legacy stream while one that it would wait for captures. */
CUresult gs_capture_room(struct gs_stream *stream);

/* Before somebody asks how far a stream is: 900 or 906, and the capture is invalid. */
CUresult gs_capture_asked(struct gs_stream *stream);
CUresult gs_capture_context_asked(const struct gs_context *context);

/* Before a call that native calls potentially unsafe: 900 when the thread's mode forbids it beside
 * the captures that there are, which it makes invalid. */
CUresult gs_capture_unsafe(void);

/* cuEventRecord in a capturing stream, cuStreamWaitEvent where the stream captures or the event was
 * captured. */
CUresult gs_capture_record(struct gs_stream *stream, struct gs_event *event, bool external);
bool gs_capture_concerns(struct gs_stream *stream, const struct gs_event *event);
CUresult gs_capture_wait(struct gs_stream *stream, struct gs_event *event, bool external);

/* Before an event is asked: 907 when it was captured; the capture is invalid then. */
CUresult gs_capture_event_asked(struct gs_event *event);

/* A record outside of captures, and the end of an event. */
void gs_capture_forget(struct gs_event *event);

/* cuStreamBeginCapture, into `graph` behind `deps` where one is given, and cuStreamEndCapture, with
 * native's errors; NULL in *graph where it fails. */
CUresult gs_capture_begin(struct gs_stream *stream, CUstreamCaptureMode mode, CUgraph graph,
                          const CUgraphNode *deps, size_t count);
CUresult gs_capture_end(struct gs_stream *stream, CUgraph *graph);

/* What is known of a stream's capture; the arrays are valid until the stream's next operation. */
struct gs_capture_info {
    CUstreamCaptureStatus status;
    cuuint64_t id;
    CUgraph graph;
    const CUgraphNode *deps;
    const CUgraphEdgeData *edges;
    size_t count;
};
/* 906 for the legacy stream while one that it would wait for captures. */
CUresult gs_capture_info(struct gs_stream *stream, struct gs_capture_info *info);

/* Sets or adds to what the stream's next node waits for: 401 when it does not capture, 901 when the
 * capture is invalid, 1 for nodes of another graph. */
CUresult gs_capture_update(struct gs_stream *stream, const CUgraphNode *deps, size_t count,
                           bool set);

/* The stream ends: so does its part in a capture. */
void gs_capture_stream_ended(struct gs_stream *stream);

#endif
