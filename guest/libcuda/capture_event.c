/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/capture_state.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/event.h"

/* Events carry captures from stream to stream. */

static void forget(struct gs_event *event)
{
    free(event->mark);
    event->mark = NULL;
    atomic_store(&event->captured, false);
}

void gs_capture_forget(struct gs_event *event)
{
    if (atomic_load_explicit(&event->captured, memory_order_relaxed)) {
        gs_graphs_lock();
        forget(event);
        gs_graphs_unlock();
    }
}

static CUresult mark(struct gs_stream *stream, struct gs_event *event)
{
    size_t count = stream->capture.count;
    struct gs_mark *made = malloc(sizeof(*made) + count * sizeof(CUgraphNode));

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->capture = gs_capture_of(stream)->id;
    made->count = count;
    if (count > 0) {
        memcpy(made->nodes, stream->capture.deps, count * sizeof(CUgraphNode));
    }
    forget(event);
    event->mark = made;
    atomic_store(&event->captured, true);
    return CUDA_SUCCESS;
}

CUresult gs_capture_record(struct gs_stream *stream, struct gs_event *event, bool external)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_EVENT_RECORD};
    CUresult cu;

    if (external) {
        params.event = gs_event_handle(event);
        gs_params_set_context(&params, event->context);
    }
    gs_graphs_lock();
    if (gs_capture_of(stream) == NULL || gs_capture_of(stream)->invalid) {
        cu = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    } else {
        cu = external ? gs_capture_put(stream, &params) : mark(stream, event);
    }
    gs_graphs_unlock();
    return cu;
}

bool gs_capture_concerns(struct gs_stream *stream, const struct gs_event *event)
{
    return atomic_load_explicit(&event->captured, memory_order_relaxed) ||
           gs_stream_captures(stream);
}

/* The stream goes on behind what the event stands for, and belongs to its capture from now on. */
static CUresult join(struct gs_stream *stream, const struct gs_mark *m)
{
    struct gs_capture *theirs = gs_capture_find(m->capture);
    struct gs_capture *ours = gs_capture_of(stream);

    if (theirs == NULL) {
        return ours != NULL ? gs_capture_spoil(ours, CUDA_ERROR_STREAM_CAPTURE_ISOLATION)
                            : CUDA_ERROR_CAPTURED_EVENT;
    }
    if (theirs->invalid || (ours != NULL && ours->invalid)) {
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    if (ours != NULL && ours != theirs) {
        theirs->invalid = true;
        return gs_capture_spoil(ours, CUDA_ERROR_STREAM_CAPTURE_MERGE);
    }
    if (stream->wire == 0) {
        return gs_capture_spoil(theirs, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    }
    if (ours == NULL) {
        gs_capture_enter(stream, theirs);
    }
    return gs_capture_follow(stream, m->nodes, m->count);
}

CUresult gs_capture_wait(struct gs_stream *stream, struct gs_event *event, bool external)
{
    struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_WAIT_EVENT};
    CUresult cu;

    if (external) {
        params.event = gs_event_handle(event);
        gs_params_set_context(&params, event->context);
    }
    gs_graphs_lock();
    if (external) {
        cu = gs_capture_of(stream) != NULL ? gs_capture_put(stream, &params)
                                           : CUDA_ERROR_ILLEGAL_STATE;
    } else if (event->mark != NULL) {
        cu = join(stream, event->mark);
    } else {
        cu = gs_capture_of(stream) != NULL
                 ? gs_capture_spoil(gs_capture_of(stream), CUDA_ERROR_STREAM_CAPTURE_ISOLATION)
                 : CUDA_ERROR_CAPTURED_EVENT;
    }
    gs_graphs_unlock();
    return cu;
}

CUresult gs_capture_event_asked(struct gs_event *event)
{
    struct gs_capture *c;

    if (!atomic_load_explicit(&event->captured, memory_order_relaxed)) {
        return CUDA_SUCCESS;
    }
    gs_graphs_lock();
    c = event->mark != NULL ? gs_capture_find(event->mark->capture) : NULL;
    if (c != NULL) {
        c->invalid = true;
    }
    gs_graphs_unlock();
    return CUDA_ERROR_CAPTURED_EVENT;
}
