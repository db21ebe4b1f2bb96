/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_exec.h"

#include <stdlib.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_encode.h"
#include "guest/libcuda/host_call.h"

/* Nodes of an executable graph change in place: what differs from what was sent last is sent. */

static bool same(const struct gs_flat *now, const struct gs_flat *next)
{
    if (now->type == CU_GRAPH_NODE_TYPE_HOST) {
        return now->host.fn == next->host.fn && now->host.userData == next->host.userData;
    }
    return now->op == next->op && now->len == next->len &&
           (now->len == 0 || memcmp(now->body, next->body, now->len) == 0);
}

/* What native refuses: other kinds, other places, other attributes. */
static CUgraphExecUpdateResult compare(const struct gs_flat *now, const struct gs_flat *next)
{
    if (now->type != next->type) {
        return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    }
    if (now->context != next->context) {
        return now->type == CU_GRAPH_NODE_TYPE_KERNEL
                   ? CU_GRAPH_EXEC_UPDATE_ERROR_UNSUPPORTED_FUNCTION_CHANGE
                   : CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
    }
    return now->attributes == next->attributes ? CU_GRAPH_EXEC_UPDATE_SUCCESS
                                               : CU_GRAPH_EXEC_UPDATE_ERROR_ATTRIBUTES_CHANGED;
}

/* Nothing but the parameters of a kernel's node differs. */
static bool is_same_launch(const struct gs_flat *now, const struct gs_flat *next)
{
    struct vgpu_args_vgpuGraphKernel a;
    struct vgpu_args_vgpuGraphKernel b;

    return now->type == CU_GRAPH_NODE_TYPE_KERNEL && next->function == now->function &&
           vgpu_get_args_vgpuGraphKernel(now->body, now->len, &a) == 0 &&
           vgpu_get_args_vgpuGraphKernel(next->body, next->len, &b) == 0 && a.grid_x == b.grid_x &&
           a.grid_y == b.grid_y && a.grid_z == b.grid_z && a.block_x == b.block_x &&
           a.block_y == b.block_y && a.block_z == b.block_z && a.shared_bytes == b.shared_bytes;
}

/* New parameters cannot be refused; of other changes the worker is asked, and of the next run. */
static CUresult send(struct gs_exec *exec, const struct gs_flat *now, const struct gs_flat *next)
{
    if (!is_same_launch(now, next)) {
        exec->proven = false;
        gs_session_ask();
    }
    return gs_session_send(exec->session, next->op, next->body, next->len);
}

static CUresult send_host(struct gs_exec *exec, uint32_t index, struct gs_flat *next)
{
    struct gs_host_function function = {.fn = next->host.fn, .data = next->host.userData};
    CUresult cu = gs_host_call_new(exec->session, &function, true, &next->token);

    if (cu == CUDA_SUCCESS) {
        cu = gs_flat_encode_host(exec->wire, index, next);
    }
    if (cu == CUDA_SUCCESS) {
        gs_session_ask();
        cu = gs_session_send(exec->session, next->op, next->body, next->len);
    }
    if (cu != CUDA_SUCCESS && next->token != 0) {
        gs_host_call_forget(exec->session, next->token);
        next->token = 0;
    }
    return cu;
}

/* Exchanges what a node was told; `next` has the old words afterwards. */
static void exchange(struct gs_flat *now, struct gs_flat *next)
{
    struct gs_flat old = *now;

    now->op = next->op;
    now->body = next->body;
    now->len = next->len;
    now->host = next->host;
    now->token = next->token;
    now->event = next->event;
    now->function = next->function;
    next->op = old.op;
    next->body = old.body;
    next->len = old.len;
    next->host = old.host;
    next->token = old.token;
    next->event = old.event;
    next->function = old.function;
}

static CUresult change(struct gs_exec *exec, uint32_t index, struct gs_flat *next)
{
    struct gs_flat *now = &exec->plan.nodes[index];
    CUresult cu;

    if (same(now, next)) {
        return CUDA_SUCCESS;
    }
    cu =
        now->type == CU_GRAPH_NODE_TYPE_HOST ? send_host(exec, index, next) : send(exec, now, next);
    if (cu == CUDA_SUCCESS) {
        exchange(now, next);
    }
    return cu;
}

static void forget_token(struct gs_exec *exec, struct gs_flat *flat)
{
    if (flat->token != 0) {
        gs_host_call_forget(exec->session, flat->token);
        flat->token = 0;
    }
}

/* A node's record names its place in the executable graph. */
static CUresult encode(struct gs_exec *exec, uint32_t index, const struct gs_node_params *params,
                       struct gs_flat *next)
{
    memset(next, 0, sizeof(*next));
    return gs_flat_encode(params, exec->wire, index, next);
}

CUresult gs_exec_change(struct gs_exec *exec, CUgraphNode node, const struct gs_node_params *params)
{
    struct gs_flat *now = gs_exec_node(exec, node);
    struct gs_flat next;
    CUresult cu;

    if (now == NULL || now->type != params->type) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = encode(exec, (uint32_t)(now - exec->plan.nodes), params, &next);
    next.attributes = now->attributes; /* they stay as they are */
    if (cu == CUDA_SUCCESS && compare(now, &next) != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = change(exec, (uint32_t)(now - exec->plan.nodes), &next);
    }
    forget_token(exec, &next);
    free(next.body);
    return cu;
}

/* Puts back what the nodes before `end` were told. */
static void undo(struct gs_exec *exec, uint32_t base, struct gs_plan *plan, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++) {
        struct gs_flat *now = &exec->plan.nodes[base + i];

        if (!same(now, &plan->nodes[i]) && plan->nodes[i].body != NULL) {
            (void)gs_session_send(exec->session, plan->nodes[i].op, plan->nodes[i].body,
                                  plan->nodes[i].len);
            exchange(now, &plan->nodes[i]);
        }
    }
}

static bool follows_the_same(const struct gs_flat *now, const struct gs_flat *next, uint32_t base)
{
    if (now->dep_count != next->dep_count) {
        return false;
    }
    for (uint32_t i = 0; i < now->dep_count; i++) {
        if (now->deps[i] != next->deps[i] + base) {
            return false;
        }
    }
    return true;
}

struct update {
    struct gs_exec *exec;
    struct gs_plan *plan;
    uint32_t base;  /* where the plan's first node is in the executable graph */
    bool inner;     /* that one begins a child graph and follows others */
    uint32_t count; /* nodes that must be there */
    uint32_t at;    /* the node at fault */
};

static CUgraphExecUpdateResult check(struct update *u)
{
    if (u->plan->count != u->count) {
        return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    }
    for (u->at = 0; u->at < u->count; u->at++) {
        const struct gs_flat *now = &u->exec->plan.nodes[u->base + u->at];
        const struct gs_flat *next = &u->plan->nodes[u->at];
        bool first = u->at == 0 && u->inner;
        CUgraphExecUpdateResult result;

        if (!first && !follows_the_same(now, next, u->base)) {
            return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
        }
        result = first ? CU_GRAPH_EXEC_UPDATE_SUCCESS : compare(now, next);
        if (result != CU_GRAPH_EXEC_UPDATE_SUCCESS) {
            return result;
        }
    }
    u->at = 0;
    return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

/* What cannot run any more is changed here only. */
static CUgraphExecUpdateResult keep(struct update *u)
{
    for (uint32_t i = 0; i < u->count; i++) {
        exchange(&u->exec->plan.nodes[u->base + i], &u->plan->nodes[i]);
    }
    return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static CUgraphExecUpdateResult apply(struct update *u)
{
    for (u->at = 0; u->at < u->count; u->at++) {
        CUresult cu = change(u->exec, u->base + u->at, &u->plan->nodes[u->at]);

        if (cu != CUDA_SUCCESS) {
            undo(u->exec, u->base, u->plan, u->at);
            return CU_GRAPH_EXEC_UPDATE_ERROR_PARAMETERS_CHANGED;
        }
    }
    return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

static void finish(struct update *u)
{
    for (uint32_t i = 0; i < u->plan->count; i++) {
        forget_token(u->exec, &u->plan->nodes[i]);
    }
    gs_plan_free(u->plan);
}

CUresult gs_exec_update(struct gs_exec *exec, CUgraph handle, CUgraphExecUpdateResultInfo *info)
{
    struct gs_plan plan;
    struct update u = {.exec = exec, .plan = &plan, .count = exec->plan.count};
    struct gs_graph *graph;
    uint64_t failed;
    bool memory;
    CUresult cu;

    memset(info, 0, sizeof(*info));
    gs_graphs_lock();
    graph = gs_graph_find(handle);
    memory = exec->source != 0 || (graph != NULL && graph->memory > 0);
    cu = memory          ? CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE
         : graph != NULL ? gs_plan_make(graph, exec->wire, 0, false, &plan, &failed)
                         : CUDA_ERROR_INVALID_VALUE;
    gs_graphs_unlock();
    if (memory) {
        info->result = CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED;
        return cu;
    }
    if (cu != CUDA_SUCCESS) {
        info->result = CU_GRAPH_EXEC_UPDATE_ERROR;
        return cu;
    }
    info->result = check(&u);
    if (info->result == CU_GRAPH_EXEC_UPDATE_SUCCESS) {
        info->result = gs_session_error(exec->session) == CUDA_SUCCESS ? apply(&u) : keep(&u);
    }
    if (info->result != CU_GRAPH_EXEC_UPDATE_SUCCESS && u.at < plan.count &&
        plan.count == u.count) {
        info->errorNode = (CUgraphNode)(uintptr_t)plan.nodes[u.at].node;
    }
    finish(&u);
    return info->result == CU_GRAPH_EXEC_UPDATE_SUCCESS ? CUDA_SUCCESS
                                                        : CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
}

CUresult gs_exec_update_child(struct gs_exec *exec, CUgraphNode node, CUgraph handle)
{
    struct gs_flat *begin = gs_exec_node(exec, node);
    struct gs_plan plan;
    struct update u = {.exec = exec, .plan = &plan, .inner = true};
    struct gs_graph *graph;
    uint64_t failed;
    CUresult cu;

    if (begin == NULL || begin->type != CU_GRAPH_NODE_TYPE_GRAPH) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    u.base = (uint32_t)(begin - exec->plan.nodes);
    u.count = begin->end - u.base + 1;
    gs_graphs_lock();
    graph = gs_graph_find(handle);
    if (graph != NULL && graph->memory > 0) {
        gs_graphs_unlock();
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    cu = graph != NULL ? gs_plan_make(graph, exec->wire, u.base, true, &plan, &failed)
                       : CUDA_ERROR_INVALID_VALUE;
    gs_graphs_unlock();
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = check(&u) == CU_GRAPH_EXEC_UPDATE_SUCCESS && apply(&u) == CU_GRAPH_EXEC_UPDATE_SUCCESS
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
    finish(&u);
    return cu;
}

CUresult gs_exec_enable(struct gs_exec *exec, CUgraphNode node, bool enabled)
{
    struct gs_flat *flat = gs_exec_node(exec, node);
    struct vgpu_args_vgpuGraphEnable args = {.graph = exec->wire, .enabled = enabled};
    CUresult cu;

    if (flat == NULL ||
        (flat->type != CU_GRAPH_NODE_TYPE_KERNEL && flat->type != CU_GRAPH_NODE_TYPE_MEMCPY &&
         flat->type != CU_GRAPH_NODE_TYPE_MEMSET)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.node = (uint32_t)(flat - exec->plan.nodes);
    gs_session_ask();
    cu = gs_session_told(exec->session, gs_send_vgpuGraphEnable(exec->session, &args));
    if (cu == CUDA_SUCCESS) {
        flat->enabled = enabled;
    }
    return cu;
}
