/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/capture.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/capture_state.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/stub.h"
#include "guest/libcuda/thread.h"

_Atomic uint32_t gs_captures_live;
struct gs_capture *gs_captures;
static uint64_t last_id;

struct gs_capture *gs_capture_find(uint64_t id)
{
    struct gs_capture *c = gs_captures;

    while (c != NULL && c->id != id) {
        c = c->next;
    }
    return c;
}

/* ---- what a stream has captured ---- */

static bool make_room(struct gs_stream_capture *at, size_t count)
{
    CUgraphNode *deps;
    CUgraphEdgeData *edges;

    if (count <= at->room) {
        return true;
    }
    deps = reallocarray(at->deps, count * 2, sizeof(CUgraphNode));
    if (deps == NULL) {
        return false;
    }
    at->deps = deps;
    edges = reallocarray(at->edges, count * 2, sizeof(*edges));
    if (edges == NULL) {
        return false;
    }
    at->edges = edges;
    memset(edges, 0, count * 2 * sizeof(*edges));
    at->room = count * 2;
    return true;
}

static bool add_dep(struct gs_stream_capture *at, CUgraphNode node)
{
    for (size_t i = 0; i < at->count; i++) {
        if (at->deps[i] == node) {
            return true;
        }
    }
    if (!make_room(at, at->count + 1)) {
        return false;
    }
    at->deps[at->count++] = node;
    return true;
}

CUresult gs_capture_follow(struct gs_stream *stream, const CUgraphNode *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add_dep(&stream->capture, nodes[i])) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    return CUDA_SUCCESS;
}

void gs_capture_enter(struct gs_stream *stream, struct gs_capture *c)
{
    stream->capture.count = 0;
    stream->capture.next = c->streams;
    c->streams = stream;
    atomic_store(&stream->capture.of, c);
}

static void leave(struct gs_stream *stream)
{
    struct gs_capture *c = gs_capture_of(stream);
    struct gs_stream **at = &c->streams;

    while (*at != stream) {
        at = &(*at)->capture.next;
    }
    *at = stream->capture.next;
    atomic_store(&stream->capture.of, NULL);
    stream->capture.count = 0;
}

/* ---- nodes ---- */

CUresult gs_capture_put(struct gs_stream *stream, struct gs_node_params *params)
{
    struct gs_capture *c = gs_capture_of(stream);
    struct gs_node *node;
    CUresult cu;

    if (c == NULL || c->invalid) {
        gs_node_params_free(params);
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    cu = gs_graph_add(c->graph, stream->capture.deps, NULL, stream->capture.count, params, &node);
    if (cu == CUDA_SUCCESS) {
        stream->capture.count = 0;
        cu = add_dep(&stream->capture, gs_node_handle(node)) ? CUDA_SUCCESS
                                                             : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        c->invalid = true;
    }
    return cu;
}

CUresult gs_capture_add(struct gs_stream *stream, struct gs_node_params *params)
{
    CUresult cu;

    gs_graphs_lock();
    cu = gs_capture_put(stream, params);
    gs_graphs_unlock();
    return cu;
}

/* ---- begin and end ---- */

static CUresult choose_graph(struct gs_capture *c, CUgraph handle)
{
    if (handle == NULL) {
        c->own_graph = true;
        c->graph = gs_graph_new();
        return c->graph != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    c->graph = gs_graph_find(handle);
    if (c->graph == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* A child graph ends with its node, whoever captures into it. */
    return c->graph->owner == NULL ? CUDA_SUCCESS : CUDA_ERROR_NOT_SUPPORTED;
}

static bool belong_to(const struct gs_graph *graph, const CUgraphNode *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct gs_node *node = gs_node_find(nodes[i]);

        if (node == NULL || node->graph != graph) {
            return false;
        }
    }
    return true;
}

static void finish(struct gs_capture *c)
{
    struct gs_capture **at = &gs_captures;

    while (c->streams != NULL) {
        leave(c->streams);
    }
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    c->graph->captures--;
    (void)atomic_fetch_sub(&gs_captures_live, 1);
    free(c);
}

void gs_captures_after_fork(void)
{
    atomic_store(&gs_captures_live, 0);
}

static CUresult begin(struct gs_stream *stream, struct gs_capture *c, CUgraph graph,
                      const CUgraphNode *deps, size_t count)
{
    CUresult cu;

    if (gs_capture_of(stream) != NULL) {
        return CUDA_ERROR_ILLEGAL_STATE;
    }
    cu = choose_graph(c, graph);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!belong_to(c->graph, deps, count)) {
        return CUDA_ERROR_INVALID_VALUE; /* only a program's graph can lack them */
    }
    c->id = ++last_id;
    c->origin = stream;
    c->graph->captures++;
    c->next = gs_captures;
    gs_captures = c;
    (void)atomic_fetch_add(&gs_captures_live, 1);
    gs_capture_enter(stream, c);
    cu = gs_capture_follow(stream, deps, count);
    if (cu != CUDA_SUCCESS) {
        c->invalid = true;
    }
    return CUDA_SUCCESS;
}

CUresult gs_capture_begin(struct gs_stream *stream, CUstreamCaptureMode mode, CUgraph graph,
                          const CUgraphNode *deps, size_t count)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_capture *c = calloc(1, sizeof(*c));
    CUresult cu = CUDA_ERROR_OUT_OF_MEMORY;

    if (c != NULL && thread != NULL) {
        c->mode = mode;
        c->thread = thread->serial;
        gs_graphs_lock();
        cu = begin(stream, c, graph, deps, count);
        gs_graphs_unlock();
    }
    if (cu != CUDA_SUCCESS) {
        free(c);
    }
    return cu == CUDA_ERROR_NOT_SUPPORTED ? gs_unsupported_here("into a child graph") : cu;
}

/* Whether all that other streams captured comes before where the first stream is now. */
static bool is_joined(const struct gs_capture *c)
{
    if (c->streams->capture.next == NULL) {
        return true;
    }
    if (!gs_graph_mark_before(c->graph, c->origin->capture.deps, c->origin->capture.count)) {
        return false;
    }
    for (const struct gs_stream *s = c->streams; s != NULL; s = s->capture.next) {
        for (size_t i = 0; i < s->capture.count; i++) {
            const struct gs_node *node = gs_node_find(s->capture.deps[i]);

            if (node != NULL && node->mark == 0) {
                return false;
            }
        }
    }
    return true;
}

static CUresult end(struct gs_stream *stream, const struct gs_thread *thread, CUgraph *handle)
{
    struct gs_capture *c = gs_capture_of(stream);
    struct gs_graph *graph;
    bool own;
    CUresult cu = CUDA_SUCCESS;

    if (c == NULL) {
        return CUDA_ERROR_ILLEGAL_STATE;
    }
    if (c->origin != stream) {
        return gs_capture_spoil(c, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    }
    if (c->mode != CU_STREAM_CAPTURE_MODE_RELAXED && c->thread != thread->serial) {
        return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    }
    if (c->invalid) {
        cu = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    } else if (!is_joined(c)) {
        cu = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    }
    graph = c->graph;
    own = c->own_graph;
    finish(c);
    if (cu != CUDA_SUCCESS && own) {
        gs_graph_destroy(graph);
    }
    *handle = cu == CUDA_SUCCESS ? gs_graph_handle(graph) : NULL;
    return cu;
}

CUresult gs_capture_end(struct gs_stream *stream, CUgraph *graph)
{
    struct gs_thread *thread = gs_thread_get();
    CUresult cu;

    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_graphs_lock();
    cu = end(stream, thread, graph);
    gs_graphs_unlock();
    return cu;
}

CUresult gs_capture_info(struct gs_stream *stream, struct gs_capture_info *info)
{
    const struct gs_capture *c;
    CUresult cu = CUDA_SUCCESS;

    memset(info, 0, sizeof(*info));
    info->status = CU_STREAM_CAPTURE_STATUS_NONE;
    if (!gs_captures_any()) {
        return CUDA_SUCCESS;
    }
    gs_graphs_lock();
    c = gs_capture_of(stream);
    if (c != NULL && c->invalid) {
        info->status = CU_STREAM_CAPTURE_STATUS_INVALIDATED;
    } else if (c != NULL) {
        info->status = CU_STREAM_CAPTURE_STATUS_ACTIVE;
        info->id = c->id;
        info->graph = gs_graph_handle(c->graph);
        info->deps = stream->capture.deps;
        info->edges = stream->capture.edges;
        info->count = stream->capture.count;
    } else if (stream->wire == 0) {
        cu = gs_capture_legacy(stream->context, false);
    }
    gs_graphs_unlock();
    return cu;
}

CUresult gs_capture_update(struct gs_stream *stream, const CUgraphNode *deps, size_t count,
                           bool set)
{
    const struct gs_capture *c;
    CUresult cu;

    gs_graphs_lock();
    c = gs_capture_of(stream);
    if (c == NULL || c->invalid) {
        cu = c == NULL ? CUDA_ERROR_ILLEGAL_STATE : CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    } else if (!belong_to(c->graph, deps, count)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    } else {
        stream->capture.count = set ? 0 : stream->capture.count;
        cu = gs_capture_follow(stream, deps, count);
    }
    gs_graphs_unlock();
    return cu;
}

void gs_capture_stream_ended(struct gs_stream *stream)
{
    struct gs_capture *c;

    if (gs_captures_any()) {
        gs_graphs_lock();
        c = gs_capture_of(stream);
        if (c != NULL && c->origin == stream) {
            struct gs_graph *graph = c->own_graph ? c->graph : NULL;

            finish(c);
            if (graph != NULL) {
                gs_graph_destroy(graph);
            }
        } else if (c != NULL) {
            c->invalid = true;
            leave(stream);
        }
        gs_graphs_unlock();
    }
    free(stream->capture.deps);
    free(stream->capture.edges);
}
