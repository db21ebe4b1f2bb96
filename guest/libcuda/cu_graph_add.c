/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_block.h"
#include "guest/libcuda/graph_enter.h"
#include "guest/libcuda/stub.h"

/* Adding nodes to graphs. */

struct place {
    CUgraphNode *out;
    CUgraph graph;
    const CUgraphNode *deps;
    size_t count;
    const CUgraphEdgeData *data; /* NULL: edges have none */
};

/* Takes the parameters, whatever becomes of them. */
static CUresult add(const struct place *at, struct gs_node_params *params)
{
    struct gs_graph *graph;
    struct gs_node *node;
    CUresult cu = CUDA_ERROR_INVALID_VALUE;

    gs_graphs_lock();
    graph = gs_graph_find(at->graph);
    if (graph == NULL) {
        gs_node_params_free(params);
    } else {
        cu = gs_graph_add(graph, at->deps, at->data, at->count, params, &node);
    }
    if (cu == CUDA_SUCCESS) {
        *at->out = gs_node_handle(node);
    }
    gs_graphs_unlock();
    return cu;
}

/* What is refused before the parameters are looked at. */
static CUresult enter(const struct place *at)
{
    return gs_graph_enter(at->graph, at->out, at->deps, at->count);
}

CUresult gs_cuGraphAddKernelNode_v2(CUgraphNode *phGraphNode, CUgraph hGraph,
                                    const CUgraphNode *dependencies, size_t numDependencies,
                                    const CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_kernel(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddKernelNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                 const CUgraphNode *dependencies, size_t numDependencies,
                                 const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams)
{
    CUDA_KERNEL_NODE_PARAMS newer = {.func = NULL};

    if (nodeParams == NULL) {
        return gs_cuGraphAddKernelNode_v2(phGraphNode, hGraph, dependencies, numDependencies, NULL);
    }
    memcpy(&newer, nodeParams, sizeof(*nodeParams)); /* the old form is the start of the new one */
    return gs_cuGraphAddKernelNode_v2(phGraphNode, hGraph, dependencies, numDependencies, &newer);
}

CUresult gs_cuGraphAddMemcpyNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                 const CUgraphNode *dependencies, size_t numDependencies,
                                 const CUDA_MEMCPY3D *copyParams, CUcontext ctx)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_context(ctx, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memcpy(copyParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddMemsetNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                 const CUgraphNode *dependencies, size_t numDependencies,
                                 const CUDA_MEMSET_NODE_PARAMS *memsetParams, CUcontext ctx)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_context(ctx, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memset(memsetParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddHostNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                               const CUgraphNode *dependencies, size_t numDependencies,
                               const CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_host(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddBatchMemOpNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                     const CUgraphNode *dependencies, size_t numDependencies,
                                     const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memops(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddEmptyNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                const CUgraphNode *dependencies, size_t numDependencies)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_empty(&params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddChildGraphNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                     const CUgraphNode *dependencies, size_t numDependencies,
                                     CUgraph childGraph)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_child(childGraph, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddEventRecordNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                      const CUgraphNode *dependencies, size_t numDependencies,
                                      CUevent event)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = enter(&at);
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_event(event, CU_GRAPH_NODE_TYPE_EVENT_RECORD, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddEventWaitNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                    const CUgraphNode *dependencies, size_t numDependencies,
                                    CUevent event)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, NULL};
    struct gs_node_params params;
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = enter(&at);
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_event(event, CU_GRAPH_NODE_TYPE_WAIT_EVENT, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

static CUresult add_alloc(const struct place *at, CUDA_MEM_ALLOC_NODE_PARAMS_v2 *p)
{
    CUDA_MEM_ALLOC_NODE_PARAMS first;
    CUresult cu;

    memcpy(&first, p, sizeof(first)); /* same members in both forms */
    cu = gs_graph_add_alloc(at->out, at->graph, at->deps, at->data, at->count, &first);
    p->dptr = first.dptr;
    return cu;
}

CUresult gs_cuGraphAddNode_v2(CUgraphNode *phGraphNode, CUgraph hGraph,
                              const CUgraphNode *dependencies,
                              const CUgraphEdgeData *dependencyData, size_t numDependencies,
                              CUgraphNodeParams *nodeParams)
{
    struct place at = {phGraphNode, hGraph, dependencies, numDependencies, dependencyData};
    struct gs_node_params params;
    CUresult cu = enter(&at);

    if (cu == CUDA_SUCCESS && nodeParams == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && nodeParams->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC) {
        return add_alloc(&at, &nodeParams->alloc);
    }
    if (cu == CUDA_SUCCESS && nodeParams->type == CU_GRAPH_NODE_TYPE_MEM_FREE) {
        return gs_graph_add_free(phGraphNode, hGraph, dependencies, dependencyData, numDependencies,
                                 nodeParams->free.dptr);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_any(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? add(&at, &params) : cu;
}

CUresult gs_cuGraphAddNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                           const CUgraphNode *dependencies, size_t numDependencies,
                           CUgraphNodeParams *nodeParams)
{
    return gs_cuGraphAddNode_v2(phGraphNode, hGraph, dependencies, NULL, numDependencies,
                                nodeParams);
}
