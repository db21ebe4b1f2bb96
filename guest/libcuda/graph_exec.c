/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_exec.h"

#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_encode.h"
#include "guest/libcuda/host_call.h"
#include "guest/libcuda/settled.h"

CUgraphExec gs_exec_handle(const struct gs_exec *exec)
{
    return (CUgraphExec)(uintptr_t)gs_handle_public(exec->session, exec->wire);
}

CUresult gs_exec_known(CUgraphExec handle, struct gs_exec **exec)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_GRAPH_EXEC);
    *exec = s != NULL ? vgpu_handles_get(s->graphs, gs_handle_wire(value)) : NULL;
    return *exec != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_exec_find(CUgraphExec handle, struct gs_exec **exec)
{
    CUresult cu = gs_exec_known(handle, exec);

    return cu == CUDA_SUCCESS ? gs_session_error((*exec)->session) : cu;
}

static void free_exec(struct gs_exec *exec)
{
    gs_plan_free(&exec->plan);
    free(exec->by_node);
    free(exec);
}

/* With the lock of graphs. */
static void drop_memory(struct gs_exec *exec)
{
    struct gs_graph *graph = gs_graph_find((CUgraph)(uintptr_t)exec->source);

    if (exec->source != 0 && graph != NULL) {
        graph->instances--;
    }
    gs_exec_blocks_drop(&exec->blocks);
}

/* The same: a graph with nodes of memory has one executable form at a time. */
static CUresult take_memory(struct gs_exec *exec, struct gs_graph *graph)
{
    if (graph->memory == 0) {
        return CUDA_SUCCESS;
    }
    if (graph->instances > 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    graph->instances++;
    exec->source = graph->handle;
    return gs_exec_blocks_take(graph, &exec->blocks);
}

void gs_exec_drop(struct gs_exec *exec)
{
    for (uint32_t i = 0; i < exec->plan.count; i++) {
        if (exec->plan.nodes[i].token != 0) {
            gs_host_call_forget(exec->session, exec->plan.nodes[i].token);
        }
    }
    gs_graphs_lock();
    gs_user_refs_drop(&exec->users);
    drop_memory(exec);
    gs_graphs_unlock();
    free_exec(exec);
}

static const struct gs_flat *sorting; /* with the lock of graphs */

static int compare(const void *a, const void *b)
{
    uint64_t x = sorting[*(const uint32_t *)a].node;
    uint64_t y = sorting[*(const uint32_t *)b].node;

    return (x > y) - (x < y);
}

/* With the lock of graphs. */
static bool index_nodes(struct gs_exec *exec)
{
    exec->by_node = calloc((size_t)exec->plan.count + 1, sizeof(*exec->by_node));
    if (exec->by_node == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < exec->plan.count; i++) {
        const struct gs_flat *flat = &exec->plan.nodes[i];

        if (flat->node != 0) {
            exec->by_node[exec->by_node_count++] = i;
        }
        exec->hosts += flat->type == CU_GRAPH_NODE_TYPE_HOST;
        exec->records += flat->type == CU_GRAPH_NODE_TYPE_EVENT_RECORD;
        exec->waits += flat->type == CU_GRAPH_NODE_TYPE_WAIT_EVENT ||
                       flat->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP;
    }
    sorting = exec->plan.nodes;
    qsort(exec->by_node, exec->by_node_count, sizeof(*exec->by_node), compare);
    return true;
}

struct gs_flat *gs_exec_node(const struct gs_exec *exec, CUgraphNode node)
{
    uint64_t handle = (uint64_t)(uintptr_t)node;
    uint32_t low = 0;
    uint32_t high = exec->by_node_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (exec->plan.nodes[exec->by_node[middle]].node < handle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == exec->by_node_count || exec->plan.nodes[exec->by_node[low]].node != handle) {
        return NULL;
    }
    return &exec->plan.nodes[exec->by_node[low]];
}

/* With the lock of graphs: where the graph will run, and its plan. */
static CUresult plan(struct gs_exec *exec, CUgraph handle, struct gs_context *current,
                     uint64_t *failed)
{
    struct gs_graph *graph = gs_graph_find(handle);
    struct gs_context *context = NULL;
    CUresult cu = graph != NULL ? gs_plan_context(graph, &context) : CUDA_ERROR_INVALID_VALUE;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    exec->context = context != NULL ? context : current;
    if (exec->context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    exec->session = exec->context->session;
    if (vgpu_handles_mint(exec->session->graphs, exec, &exec->wire) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_plan_make(graph, exec->wire, 0, false, &exec->plan, failed);
    if (cu == CUDA_SUCCESS) {
        cu = take_memory(exec, graph);
    }
    if (cu == CUDA_SUCCESS &&
        (!index_nodes(exec) || !gs_user_refs_copy(&exec->users, graph->users))) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    return cu;
}

/* A function of the program gets its token, and its record, when it is sent. */
static CUresult give_token(struct gs_exec *exec, uint32_t index)
{
    struct gs_flat *flat = &exec->plan.nodes[index];
    struct gs_host_function function = {.fn = flat->host.fn, .data = flat->host.userData};
    CUresult cu = gs_host_call_new(exec->session, &function, true, &flat->token);

    return cu == CUDA_SUCCESS ? gs_flat_encode_host(exec->wire, index, flat) : cu;
}

static CUresult send_node(struct gs_exec *exec, uint32_t index)
{
    struct gs_thread *thread = gs_thread_get();
    struct gs_flat *flat = &exec->plan.nodes[index];
    uint8_t *body = thread != NULL ? gs_thread_buffer(thread, GS_BUFFER_PARAMS) : NULL;
    CUresult cu = CUDA_SUCCESS;
    ssize_t len;

    if (body == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (flat->type == CU_GRAPH_NODE_TYPE_HOST) {
        cu = give_token(exec, index);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    len = gs_flat_with_deps(flat, body);
    return len >= 0 ? gs_session_send(exec->session, flat->op, body, (size_t)len)
                    : CUDA_ERROR_INVALID_VALUE;
}

/* What the worker does not hear of. */
#define FLAGS_HERE ((uint64_t)CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)

static CUresult build(struct gs_exec *exec)
{
    struct vgpu_args_cuGraphInstantiateWithFlags args = {.graph = exec->wire,
                                                         .flags = exec->flags & ~FLAGS_HERE};
    struct vgpu_ret_cuGraphInstantiateWithFlags ret;
    struct vgpu_args_vgpuGraphNew first = {.graph = exec->wire};
    CUresult cu = gs_send_vgpuGraphNew(exec->session, &first);

    exec->told = true;
    for (uint32_t i = 0; i < exec->plan.count && cu == CUDA_SUCCESS; i++) {
        cu = send_node(exec, i);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_call_cuGraphInstantiateWithFlags(exec->session, &args, &ret);
    }
    return cu;
}

/* Also what was only begun.  The worker accepts every handle once and in order, so it hears of this
 * one even if nothing came of it. */
static void give_up(struct gs_exec *exec)
{
    struct vgpu_args_vgpuGraphNew first = {.graph = exec->wire};
    struct vgpu_args_cuGraphExecDestroy last = {.graph = exec->wire};

    if (exec->wire != 0) {
        if (!exec->told) {
            (void)gs_send_vgpuGraphNew(exec->session, &first);
        }
        (void)gs_send_cuGraphExecDestroy(exec->session, &last);
        (void)vgpu_handles_take(exec->session->graphs, exec->wire);
    }
    gs_exec_drop(exec);
}

/* The current context, or none: the nodes may say where. */
static CUresult current_context(struct gs_context **context)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    *context = cu == CUDA_SUCCESS ? call.context : NULL;
    return cu == CUDA_ERROR_INVALID_CONTEXT || cu == CUDA_ERROR_CONTEXT_IS_DESTROYED ? CUDA_SUCCESS
                                                                                     : cu;
}

CUresult gs_exec_new(CUgraph graph, uint64_t flags, struct gs_exec **made, CUgraphNode *failed)
{
    struct gs_context *current;
    CUresult cu = current_context(&current);
    struct gs_exec *exec = cu == CUDA_SUCCESS ? calloc(1, sizeof(*exec)) : NULL;
    uint64_t node = 0;

    if (exec == NULL) {
        *failed = NULL;
        return cu == CUDA_SUCCESS ? CUDA_ERROR_OUT_OF_MEMORY : cu;
    }
    exec->flags = flags;
    gs_graphs_lock();
    cu = plan(exec, graph, current, &node);
    gs_graphs_unlock();
    if (cu == CUDA_SUCCESS) {
        cu = build(exec);
    }
    *failed = (CUgraphNode)(uintptr_t)node;
    if (cu != CUDA_SUCCESS) {
        give_up(exec);
        return cu;
    }
    *made = exec;
    return CUDA_SUCCESS;
}

static void drop_users(void *arg)
{
    struct gs_user_ref *users = arg;

    gs_graphs_lock();
    gs_user_refs_drop(&users);
    gs_graphs_unlock();
}

/* What the graph kept alive lives until its last run is over: a function behind it lets go. */
static void release_users(struct gs_exec *exec)
{
    struct gs_host_function function = {.fn = drop_users, .data = exec->users, .ours = true};
    struct gs_stream *stream;
    struct gs_call call;

    if (exec->users == NULL) {
        return;
    }
    /* A function may not be sent while it would become part of a capture, or spoil one. */
    if (exec->last_stream == 0 || gs_captures_any() ||
        gs_stream_enter((CUstream)(uintptr_t)exec->last_stream, &call, &stream) != CUDA_SUCCESS ||
        gs_host_call_send(stream, &function) != CUDA_SUCCESS) {
        (void)gs_settle(exec->session);
        drop_users(exec->users);
    }
    exec->users = NULL;
}

CUresult gs_exec_destroy(struct gs_exec *exec)
{
    struct vgpu_args_cuGraphExecDestroy args = {.graph = exec->wire};
    CUresult cu = gs_session_told(exec->session, gs_send_cuGraphExecDestroy(exec->session, &args));

    if (vgpu_handles_take(exec->session->graphs, exec->wire) != NULL) {
        struct gs_session *s = exec->session;

        release_users(exec);
        gs_exec_drop(exec);
        gs_blocks_reap(s);
    }
    return cu;
}

static void expect_calls(struct gs_exec *exec, void (*each)(struct gs_session *s, uint64_t token))
{
    for (uint32_t i = 0; exec->hosts > 0 && i < exec->plan.count; i++) {
        if (exec->plan.nodes[i].token != 0) {
            each(exec->session, exec->plan.nodes[i].token);
        }
    }
}

static void count_records(struct gs_exec *exec)
{
    for (uint32_t i = 0; exec->records > 0 && i < exec->plan.count; i++) {
        const struct gs_flat *flat = &exec->plan.nodes[i];
        struct gs_event *event;

        if (flat->type == CU_GRAPH_NODE_TYPE_EVENT_RECORD &&
            gs_event_find(flat->event, &event) == CUDA_SUCCESS) {
            gs_event_recorded(event);
        }
    }
}

/*
 * The driver may hold a caller when many nodes are unfinished in a stream, as it does at 1,022
 * launches.  Held behind a function of the program, the worker could not hear that it has returned:
 * while one is under way, this thread waits instead.
 */
#define RUN_NODES_MAX 1024u

static CUresult run_room(const struct gs_exec *exec, struct gs_stream *stream)
{
    uint64_t nodes;
    CUresult cu;

    if (gs_settled_by(exec->session, vgpu_handle_index_of(stream->wire),
                      atomic_load(&stream->run_last))) {
        atomic_store_explicit(&stream->run_nodes, 0, memory_order_release);
    }
    nodes = atomic_fetch_add(&stream->run_nodes, exec->plan.count) + exec->plan.count;
    if (nodes <= RUN_NODES_MAX || atomic_load(&exec->session->host_calls.pending) == 0) {
        return CUDA_SUCCESS;
    }
    cu = gs_stream_wait(stream);
    atomic_store(&stream->run_nodes, exec->plan.count);
    return cu;
}

static CUresult check_memory(const struct gs_exec *exec)
{
    CUresult cu;

    gs_graphs_lock();
    cu = gs_exec_blocks_check(&exec->blocks,
                              (exec->flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH) != 0);
    gs_graphs_unlock();
    return cu;
}

static void note_memory(const struct gs_exec *exec, const struct gs_stream *stream)
{
    gs_graphs_lock();
    gs_exec_blocks_ran(&exec->blocks, stream);
    gs_graphs_unlock();
}

CUresult gs_exec_launch(struct gs_exec *exec, struct gs_stream *stream)
{
    struct vgpu_args_cuGraphLaunch args = {.graph = exec->wire, .stream = stream->wire};
    CUresult cu;

    if (stream->session != exec->session) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = exec->source != 0 ? check_memory(exec) : CUDA_SUCCESS;
    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_room(stream);
    }
    if (cu == CUDA_SUCCESS) {
        cu = run_room(exec, stream);
    }
    if (cu == CUDA_SUCCESS && atomic_load(&exec->session->prints)) {
        cu = gs_console_before_launch(exec->session);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    expect_calls(exec, gs_host_call_expect);
    if (!exec->proven) {
        gs_session_ask();
    }
    gs_stream_sends(stream, 1);
    cu = gs_stream_sent(gs_send_cuGraphLaunch(exec->session, &args));
    if (cu != CUDA_SUCCESS) {
        expect_calls(exec, gs_host_call_unexpect);
        return cu;
    }
    exec->proven = true;
    if (exec->source != 0) {
        note_memory(exec, stream);
    }
    if (atomic_load(&exec->session->prints)) {
        gs_console_launched(stream);
    }
    atomic_store_explicit(&stream->run_last,
                          atomic_load(&exec->session->sent[vgpu_handle_index_of(stream->wire)]),
                          memory_order_release);
    count_records(exec);
    if (exec->waits > 0) {
        gs_settled_join(exec->session, vgpu_handle_index_of(stream->wire));
    }
    if (exec->users != NULL) {
        exec->last_stream = (uint64_t)(uintptr_t)gs_stream_handle(stream);
    }
    return gs_environment()->launch_blocking ? gs_stream_wait(stream) : CUDA_SUCCESS;
}

CUresult gs_exec_upload(struct gs_exec *exec, struct gs_stream *stream)
{
    struct vgpu_args_cuGraphUpload args = {.graph = exec->wire, .stream = stream->wire};
    CUresult cu;

    if (stream->session != exec->session) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_stream_room(stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!exec->proven) {
        gs_session_ask(); /* it may take memory */
    }
    gs_stream_sends(stream, 1);
    return gs_stream_sent(gs_send_cuGraphUpload(exec->session, &args));
}
