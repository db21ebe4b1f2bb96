/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/graph.h"

#include <stdlib.h>
#include <string.h>

#include "executor/worker/error.h"
#include "executor/worker/event.h"
#include "executor/worker/host_call.h"
#include "executor/worker/session.h"

struct ex_graph *ex_graph_find(struct ex_session *x, uint64_t handle)
{
    struct ex_graph *graph = vgpu_handles_get(x->graphs, handle);

    return graph != NULL && !graph->busy ? graph : NULL;
}

/* Everything that graphs need of the driver. */
static bool driver_has_graphs(const struct ex_driver *d)
{
    return d->cuGraphCreate != NULL && d->cuGraphDestroy != NULL &&
           d->cuGraphAddKernelNode != NULL && d->cuGraphKernelNodeSetAttribute != NULL &&
           d->cuGraphAddMemcpyNode != NULL && d->cuGraphAddMemsetNode != NULL &&
           d->cuGraphAddHostNode != NULL && d->cuGraphAddEmptyNode != NULL &&
           d->cuGraphAddEventRecordNode != NULL && d->cuGraphAddEventWaitNode != NULL &&
           d->cuGraphAddBatchMemOpNode != NULL && d->cuGraphInstantiateWithFlags != NULL &&
           d->cuGraphLaunch != NULL && d->cuGraphUpload != NULL && d->cuGraphExecDestroy != NULL &&
           d->cuGraphExecKernelNodeSetParams != NULL && d->cuGraphExecMemcpyNodeSetParams != NULL &&
           d->cuGraphExecMemsetNodeSetParams != NULL && d->cuGraphExecHostNodeSetParams != NULL &&
           d->cuGraphExecEventRecordNodeSetEvent != NULL &&
           d->cuGraphExecEventWaitNodeSetEvent != NULL &&
           d->cuGraphExecBatchMemOpNodeSetParams != NULL && d->cuGraphNodeSetEnabled != NULL;
}

static bool can_pay(struct ex_session *x, uint64_t cost)
{
    if (x->graph_bytes + cost > VGPU_GRAPH_BYTES_MAX) {
        ex_stream_settle_graphs(x, &x->legacy);
    }
    return x->graph_bytes + cost <= VGPU_GRAPH_BYTES_MAX;
}

static void pay(struct ex_session *x, struct ex_graph *graph, uint64_t more, uint64_t less)
{
    graph->bytes += more - less;
    x->graph_bytes += more - less;
}

static CUresult make(struct ex_session *x, struct ex_graph *graph)
{
    if (!driver_has_graphs(x->driver)) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (!can_pay(x, VGPU_GRAPH_NODE_BYTES)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    pay(x, graph, VGPU_GRAPH_NODE_BYTES, 0);
    return x->driver->cuGraphCreate(&graph->cu, 0);
}

CUresult ex_do_vgpuGraphNew(struct ex_session *session, const struct vgpu_args_vgpuGraphNew *args,
                            struct vgpu_ret_vgpuGraphNew *ret)
{
    struct ex_graph *graph = calloc(1, sizeof(*graph));

    (void)ret;
    if (graph == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (vgpu_handles_accept(session->graphs, args->graph, graph) < 0) {
        free(graph);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    graph->error = make(session, graph);
    return CUDA_SUCCESS;
}

static bool take_deps(struct ex_graph_place *place, const uint8_t *deps, uint32_t len)
{
    place->count = len / sizeof(uint32_t);
    if (len % sizeof(uint32_t) != 0 || place->count > VGPU_GRAPH_DEPS_MAX) {
        return false;
    }
    for (size_t i = 0; i < place->count; i++) {
        uint32_t index;

        memcpy(&index, deps + i * sizeof(index), sizeof(index));
        if (index >= place->graph->count) {
            return false;
        }
        place->deps[i] = place->graph->nodes[index].cu;
    }
    return true;
}

/* What an honest guest sends. */
static bool is_sound(struct ex_graph_place *place, const struct ex_graph_record *r)
{
    const struct ex_graph *g = place->graph;

    if (!place->is_new) {
        return r->deps_len == 0 && r->node < g->count && g->nodes[r->node].type == r->type;
    }
    if (r->node != g->described || g->described == VGPU_GRAPH_NODES_MAX) {
        return false;
    }
    return g->error != CUDA_SUCCESS || take_deps(place, r->deps, r->deps_len);
}

static bool make_room(struct ex_graph *g)
{
    uint32_t room = g->room == 0 ? 64 : g->room * 2;
    struct ex_graph_node *grown;

    if (g->count < g->room) {
        return true;
    }
    grown = reallocarray(g->nodes, room, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    g->nodes = grown;
    g->room = room;
    return true;
}

/* What a node is charged: what its record holds, and the rest, which stays as it is. */
static uint64_t fixed_cost(const struct ex_graph_place *place)
{
    return VGPU_GRAPH_NODE_BYTES + (uint64_t)place->count * VGPU_GRAPH_DEP_BYTES;
}

static bool has_room(struct ex_graph_place *place)
{
    uint64_t fixed = place->is_new ? fixed_cost(place) : 0;

    return can_pay(place->session, fixed + place->bytes) &&
           (!place->is_new || make_room(place->graph));
}

CUresult ex_graph_enter(struct ex_session *x, const struct ex_graph_record *r,
                        struct ex_graph_place *place)
{
    place->session = x;
    place->graph = ex_graph_find(x, r->graph);
    place->index = r->node;
    place->type = r->type;
    place->bytes = r->bytes;
    place->count = 0;
    if (place->graph == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    place->is_new = place->graph->exec == NULL;
    if (!is_sound(place, r)) {
        ex_session_broken(x, "nodes of a graph out of order, or too many");
    }
    if (place->is_new) {
        place->graph->described++;
    }
    if (place->is_new && place->graph->error != CUDA_SUCCESS) {
        return place->graph->error;
    }
    return has_room(place) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static void file(struct ex_graph_place *place, const struct ex_graph_node *node)
{
    struct ex_graph *g = place->graph;

    g->nodes[g->count] = *node;
    g->nodes[g->count].type = place->type;
    g->nodes[g->count].bytes = place->bytes;
    g->hosts += node->host != NULL;
    g->events += node->ref != NULL;
    g->count++;
    pay(place->session, g, fixed_cost(place) + place->bytes, 0);
}

CUresult ex_graph_added(struct ex_graph_place *place, const struct ex_graph_node *node, CUresult cu)
{
    struct ex_graph_node *changed;

    if (place->graph == NULL) {
        return cu;
    }
    if (place->is_new && cu != CUDA_SUCCESS) {
        place->graph->error = cu; /* the first one: behind it enter() gives no other */
        return CUDA_SUCCESS;
    }
    if (place->is_new) {
        file(place, node);
    } else if (cu == CUDA_SUCCESS) {
        changed = ex_graph_changed(place);
        pay(place->session, place->graph, place->bytes, changed->bytes);
        changed->bytes = place->bytes;
    }
    return cu;
}

struct ex_graph_node *ex_graph_changed(const struct ex_graph_place *place)
{
    return &place->graph->nodes[place->index];
}

/* The graph that a helper may make executable, or NULL. */
static struct ex_graph *begin(struct ex_session *x, uint64_t handle)
{
    struct ex_graph *graph;

    (void)pthread_mutex_lock(&x->objects);
    graph = ex_graph_find(x, handle);
    if (graph != NULL && graph->exec != NULL) {
        graph = NULL;
    }
    if (graph != NULL) {
        graph->busy = true;
    }
    (void)pthread_mutex_unlock(&x->objects);
    return graph;
}

#define FLAGS_KNOWN                                                                                \
    (CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |                                             \
     CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)

CUresult ex_do_cuGraphInstantiateWithFlags(struct ex_session *session,
                                           const struct vgpu_args_cuGraphInstantiateWithFlags *args,
                                           struct vgpu_ret_cuGraphInstantiateWithFlags *ret)
{
    struct ex_graph *graph = begin(session, args->graph);
    CUgraphExec exec = NULL;
    CUresult cu;

    (void)ret;
    if (graph == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = graph->error;
    if (cu == CUDA_SUCCESS && (args->flags & ~(uint64_t)FLAGS_KNOWN) != 0) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuGraphInstantiateWithFlags(&exec, graph->cu, args->flags);
    }
    (void)pthread_mutex_lock(&session->objects);
    graph->exec = exec;
    graph->busy = false;
    (void)pthread_mutex_unlock(&session->objects);
    return cu;
}

/* The driver keeps what runs or is uploaded. */
static void end_charge(struct ex_session *x, struct ex_graph *graph)
{
    if (graph->used_in == NULL) {
        x->graph_bytes -= graph->bytes;
        return;
    }
    ex_stream_end_graph(x, graph->used_in, graph->used_at, graph->bytes);
    ex_stream_let_go(graph->used_in);
}

CUresult ex_do_cuGraphExecDestroy(struct ex_session *session,
                                  const struct vgpu_args_cuGraphExecDestroy *args,
                                  struct vgpu_ret_cuGraphExecDestroy *ret)
{
    struct ex_graph *graph = ex_graph_find(session, args->graph);
    CUresult cu = CUDA_SUCCESS;

    (void)ret;
    if (graph == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    (void)vgpu_handles_take(session->graphs, args->graph);
    if (graph->exec != NULL) {
        cu = session->driver->cuGraphExecDestroy(graph->exec);
    }
    if (graph->cu != NULL) {
        (void)session->driver->cuGraphDestroy(graph->cu);
    }
    for (uint32_t i = 0; i < graph->count; i++) {
        ex_host_call_end(graph->nodes[i].host);
        if (graph->nodes[i].ref != NULL) {
            ex_event_release_node(session, graph->nodes[i].ref);
        }
    }
    end_charge(session, graph);
    free(graph->nodes);
    free(graph);
    return cu;
}

static void expect_calls(const struct ex_graph *graph, bool expect)
{
    for (uint32_t i = 0; graph->hosts > 0 && i < graph->count; i++) {
        if (graph->nodes[i].host != NULL) {
            ex_host_call_expect(graph->nodes[i].host, expect);
        }
    }
}

static CUresult settle_record(struct ex_session *x, const struct ex_graph *graph,
                              struct ex_graph_node *node)
{
    const struct ex_event_ref *before = node->ref;
    CUresult cu = ex_event_settle_record(x, node->event, &node->ref);

    if (cu != CUDA_SUCCESS || node->ref == before) {
        return cu;
    }
    return x->driver->cuGraphExecEventRecordNodeSetEvent(graph->exec, node->cu, node->ref->cu);
}

/* The driver must not lose the old event before the node has the new one. */
static CUresult settle_wait(struct ex_session *x, const struct ex_graph *graph,
                            struct ex_graph_node *node)
{
    struct ex_event_ref *now = ex_event_hold_node(x, node->event);
    struct ex_event_ref *before = node->ref;
    CUresult cu = CUDA_SUCCESS;

    if (now != NULL && now != before) {
        cu = x->driver->cuGraphExecEventWaitNodeSetEvent(graph->exec, node->cu, now->cu);
    }
    if (now != NULL && cu == CUDA_SUCCESS) {
        node->ref = now;
        now = before;
    }
    if (now != NULL) {
        ex_event_release_node(x, now);
    }
    return cu;
}

/* An event may have another driver event by now than the node names. */
static CUresult settle_events(struct ex_session *x, const struct ex_graph *graph)
{
    CUresult cu = CUDA_SUCCESS;

    for (uint32_t i = 0; graph->events > 0 && i < graph->count && cu == CUDA_SUCCESS; i++) {
        struct ex_graph_node *node = &graph->nodes[i];

        if (node->ref != NULL) {
            cu = node->type == CU_GRAPH_NODE_TYPE_EVENT_RECORD ? settle_record(x, graph, node)
                                                               : settle_wait(x, graph, node);
        }
    }
    return cu;
}

/* An executable graph, and the stream that it is for. */
static CUresult enter_run(struct ex_session *x, uint64_t handle, uint64_t stream,
                          struct ex_graph **graph, struct ex_stream **s)
{
    CUresult cu = ex_stream_enter(x, stream, s);

    *graph = ex_graph_find(x, handle);
    if (cu == CUDA_SUCCESS && (*graph == NULL || (*graph)->exec == NULL)) {
        cu = CUDA_ERROR_INVALID_HANDLE;
    }
    return cu;
}

/* A run or an upload: the driver does those of one graph one after another, whatever their
 * streams, so the last one says when it is through with the graph. */
static void note_use(struct ex_graph *graph, struct ex_stream *s)
{
    ex_stream_hold(s);
    if (graph->used_in != NULL) {
        ex_stream_let_go(graph->used_in);
    }
    graph->used_in = s;
    graph->used_at = s->submitted;
}

CUresult ex_do_cuGraphLaunch(struct ex_session *session, const struct vgpu_args_cuGraphLaunch *args,
                             struct vgpu_ret_cuGraphLaunch *ret)
{
    struct ex_graph *graph;
    struct ex_stream *s = NULL;
    CUresult cu = enter_run(session, args->graph, args->stream, &graph, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = settle_events(session, graph);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    expect_calls(graph, true);
    cu = session->driver->cuGraphLaunch(graph->exec, s->cu);
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
        note_use(graph, s);
    } else {
        expect_calls(graph, false);
    }
    return cu;
}

CUresult ex_do_cuGraphUpload(struct ex_session *session, const struct vgpu_args_cuGraphUpload *args,
                             struct vgpu_ret_cuGraphUpload *ret)
{
    struct ex_graph *graph;
    struct ex_stream *s = NULL;
    CUresult cu = enter_run(session, args->graph, args->stream, &graph, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuGraphUpload(graph->exec, s->cu);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
        note_use(graph, s);
    }
    return cu;
}

CUresult ex_do_vgpuGraphEnable(struct ex_session *session,
                               const struct vgpu_args_vgpuGraphEnable *args,
                               struct vgpu_ret_vgpuGraphEnable *ret)
{
    struct ex_graph *graph = ex_graph_find(session, args->graph);

    (void)ret;
    if (graph == NULL || graph->exec == NULL || args->node >= graph->count) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return session->driver->cuGraphNodeSetEnabled(graph->exec, graph->nodes[args->node].cu,
                                                  args->enabled != 0);
}
