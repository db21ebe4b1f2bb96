/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CAPTURE_STATE_H
#define GS_CAPTURE_STATE_H

/*
 * The captures that there are; private to capture.c, capture_event.c and capture_rules.c.
 * Everything here wants the lock of graphs.
 */

#include "guest/libcuda/capture.h"
#include "guest/libcuda/graph.h"

struct gs_capture {
    struct gs_capture *next;
    uint64_t id;
    struct gs_graph *graph;
    bool own_graph; /* made by the capture, not by the program */
    bool invalid;
    CUstreamCaptureMode mode;
    uint64_t thread; /* that began it */
    struct gs_stream *origin;
    struct gs_stream *streams;
};

/* All of them, newest first. */
extern struct gs_capture *gs_captures;

static inline struct gs_capture *gs_capture_of(struct gs_stream *stream)
{
    return atomic_load(&stream->capture.of);
}

/* The capture of an id, or NULL: it has ended. */
struct gs_capture *gs_capture_find(uint64_t id);

/* The stream becomes a part of the capture. */
void gs_capture_enter(struct gs_stream *stream, struct gs_capture *c);

/* Nodes that the stream's next one follows, beside those that it follows already. */
CUresult gs_capture_follow(struct gs_stream *stream, const CUgraphNode *nodes, size_t count);

/* gs_capture_add(), with the lock. */
CUresult gs_capture_put(struct gs_stream *stream, struct gs_node_params *params);

/* The capture is invalid from now on: `cu`, or 901 when it was before. */
CUresult gs_capture_spoil(struct gs_capture *c, CUresult cu);

/* 906 when the context's legacy stream must not be touched now; `spoil`: the captures that it would
 * wait for become invalid. */
CUresult gs_capture_legacy(const struct gs_context *context, bool spoil);

#endif
