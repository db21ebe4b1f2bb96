/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_plan.h"

#include <stdlib.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_encode.h"
#include "guest/libcuda/stub.h"

/* Child graphs inside child graphs: more than any program has. */
#define DEPTH_MAX 32u

static CUresult context_of(const struct gs_node *node, struct gs_context **context)
{
    const struct gs_node_params *p = &node->params;

    if (p->context == NULL) {
        return CUDA_SUCCESS;
    }
    if (gs_context_find((CUcontext)(uintptr_t)p->context_handle) != p->context ||
        !gs_context_is_active(p->context)) {
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    if (*context != NULL && (*context)->session != p->context->session) {
        return gs_unsupported_here("over two devices"); /* workers do not reach each other */
    }
    *context = p->context;
    return CUDA_SUCCESS;
}

CUresult gs_plan_context(struct gs_graph *graph, struct gs_context **context)
{
    CUresult cu = CUDA_SUCCESS;

    for (struct gs_node *node = graph->first; node != NULL && cu == CUDA_SUCCESS;
         node = node->next) {
        cu = node->params.type == CU_GRAPH_NODE_TYPE_GRAPH
                 ? gs_plan_context(node->params.child, context)
                 : context_of(node, context);
    }
    return cu;
}

static struct gs_flat *add(struct gs_plan *plan)
{
    if (plan->count == VGPU_GRAPH_NODES_MAX) {
        return NULL;
    }
    if (plan->count == plan->room) {
        uint32_t room = plan->room == 0 ? 64 : plan->room * 2;
        struct gs_flat *grown = reallocarray(plan->nodes, room, sizeof(*grown));

        if (grown == NULL) {
            return NULL;
        }
        plan->nodes = grown;
        plan->room = room;
    }
    memset(&plan->nodes[plan->count], 0, sizeof(plan->nodes[0]));
    plan->nodes[plan->count].enabled = true;
    plan->nodes[plan->count].type = CU_GRAPH_NODE_TYPE_EMPTY;
    return &plan->nodes[plan->count++];
}

/* A node of ours behind `count` others; *index is where it is. */
static CUresult add_empty(struct gs_plan *plan, const uint32_t *deps, uint32_t count,
                          uint32_t *index)
{
    struct gs_flat *flat = add(plan);

    if (flat == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    flat->deps = calloc((size_t)count + 1, sizeof(*deps));
    if (flat->deps == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (count > 0) {
        memcpy(flat->deps, deps, count * sizeof(*deps));
    }
    flat->dep_count = count;
    *index = plan->count - 1;
    return gs_flat_encode(NULL, plan->graph, plan->base + *index, flat);
}

/* Makes a list of dependencies short enough for a record: parts of it join in empty nodes. */
static CUresult shorten(struct gs_plan *plan, uint32_t *deps, uint32_t *count)
{
    CUresult cu = CUDA_SUCCESS;

    while (*count > VGPU_GRAPH_DEPS_MAX && cu == CUDA_SUCCESS) {
        uint32_t kept = 0;

        for (uint32_t at = 0; at < *count && cu == CUDA_SUCCESS; at += VGPU_GRAPH_DEPS_MAX) {
            uint32_t part = *count - at < VGPU_GRAPH_DEPS_MAX ? *count - at : VGPU_GRAPH_DEPS_MAX;

            cu = add_empty(plan, deps + at, part, &deps[kept]);
            kept++;
        }
        *count = kept;
    }
    return cu;
}

/* Where a node's predecessors ended, or `entry` for one without any. */
static CUresult gather(struct gs_plan *plan, const struct gs_node *node, uint32_t entry,
                       uint32_t **deps, uint32_t *count)
{
    *count = 0;
    *deps = calloc((size_t)node->from_count + 1, sizeof(**deps));
    if (*deps == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (uint32_t i = 0; i < node->from_count; i++) {
        (*deps)[(*count)++] = node->from[i]->plan_out;
    }
    if (*count == 0 && entry != UINT32_MAX) {
        (*deps)[(*count)++] = entry;
    }
    return shorten(plan, *deps, count);
}

static CUresult plan_graph(struct gs_plan *plan, struct gs_graph *graph, uint32_t entry,
                           unsigned int depth, uint64_t *failed);

/* The nodes that nobody follows, and the empty node behind them. */
static CUresult plan_end(struct gs_plan *plan, const struct gs_graph *graph, uint32_t entry,
                         uint32_t *index)
{
    uint32_t *deps = calloc((size_t)graph->count + 1, sizeof(*deps));
    uint32_t count = 0;
    CUresult cu;

    if (deps == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (struct gs_node *node = graph->first; node != NULL; node = node->next) {
        if (node->to_count == 0) {
            deps[count++] = node->plan_out;
        }
    }
    if (count == 0) {
        deps[count++] = entry;
    }
    cu = shorten(plan, deps, &count);
    if (cu == CUDA_SUCCESS) {
        cu = add_empty(plan, deps, count, index);
    }
    free(deps);
    return cu;
}

static CUresult plan_inner(struct gs_plan *plan, struct gs_graph *graph, uint32_t begin,
                           unsigned int depth, uint64_t *failed, uint32_t *end)
{
    CUresult cu = plan_graph(plan, graph, begin, depth, failed);

    if (cu == CUDA_SUCCESS) {
        cu = plan_end(plan, graph, begin, end);
    }
    if (cu == CUDA_SUCCESS) {
        plan->nodes[begin].end = *end;
    }
    return cu;
}

static CUresult plan_child(struct gs_plan *plan, struct gs_node *node, uint32_t *deps,
                           uint32_t count, unsigned int depth, uint64_t *failed)
{
    uint32_t begin;
    CUresult cu = depth < DEPTH_MAX ? add_empty(plan, deps, count, &begin)
                                    : gs_unsupported_here("with graphs nested so deep");

    free(deps);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    plan->nodes[begin].node = node->handle;
    plan->nodes[begin].type = CU_GRAPH_NODE_TYPE_GRAPH;
    return plan_inner(plan, node->params.child, begin, depth + 1, failed, &node->plan_out);
}

static CUresult plan_node(struct gs_plan *plan, struct gs_node *node, uint32_t entry,
                          unsigned int depth, uint64_t *failed)
{
    struct gs_flat *flat;
    uint32_t *deps = NULL;
    uint32_t count;
    CUresult cu = gather(plan, node, entry, &deps, &count);

    if (cu == CUDA_SUCCESS && node->params.type == CU_GRAPH_NODE_TYPE_GRAPH) {
        return plan_child(plan, node, deps, count, depth, failed);
    }
    flat = cu == CUDA_SUCCESS ? add(plan) : NULL;
    if (flat == NULL) {
        free(deps);
        return cu != CUDA_SUCCESS ? cu : CUDA_ERROR_OUT_OF_MEMORY;
    }
    flat->node = node->handle;
    flat->deps = deps;
    flat->dep_count = count;
    node->plan_out = plan->count - 1;
    cu = gs_flat_encode(&node->params, plan->graph, plan->base + node->plan_out, flat);
    if (cu != CUDA_SUCCESS) {
        *failed = node->handle;
    }
    return cu;
}

static CUresult plan_graph(struct gs_plan *plan, struct gs_graph *graph, uint32_t entry,
                           unsigned int depth, uint64_t *failed)
{
    struct gs_node **order;
    CUresult cu = gs_graph_order(graph, &order);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    for (uint32_t i = 0; i < graph->count && cu == CUDA_SUCCESS; i++) {
        cu = plan_node(plan, order[i], entry, depth, failed);
    }
    free(order);
    return cu;
}

CUresult gs_plan_make(struct gs_graph *graph, uint64_t handle, uint32_t base, bool inner,
                      struct gs_plan *plan, uint64_t *failed)
{
    uint32_t begin = UINT32_MAX;
    uint32_t end;
    CUresult cu = CUDA_SUCCESS;

    memset(plan, 0, sizeof(*plan));
    plan->graph = handle;
    plan->base = base;
    *failed = 0;
    cu = gs_plan_context(graph, &plan->context);
    if (cu == CUDA_SUCCESS && inner) {
        cu = add_empty(plan, NULL, 0, &begin);
        if (cu == CUDA_SUCCESS) {
            cu = plan_inner(plan, graph, begin, 1, failed, &end);
        }
    } else if (cu == CUDA_SUCCESS) {
        cu = plan_graph(plan, graph, begin, 0, failed);
    }
    if (cu != CUDA_SUCCESS) {
        gs_plan_free(plan);
    }
    return cu;
}

void gs_plan_free(struct gs_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        free(plan->nodes[i].deps);
        free(plan->nodes[i].body);
    }
    free(plan->nodes);
    plan->nodes = NULL;
    plan->count = 0;
}
