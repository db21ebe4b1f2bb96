/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/graph.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/handle.h"
#include "executor/sim/launch.h"

void graph_node_clear(struct CUgraphNode_st *node)
{
    if (node->type == CU_GRAPH_NODE_TYPE_KERNEL) {
        free(node->kernel.bytes);
    } else if (node->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP) {
        free(node->words.ops);
    }
}

static void *duplicate(const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

bool graph_node_copy(struct CUgraphNode_st *to, const struct CUgraphNode_st *from)
{
    *to = *from;
    if (from->type == CU_GRAPH_NODE_TYPE_KERNEL) {
        to->kernel.bytes = duplicate(from->kernel.bytes, from->kernel.len);
        return to->kernel.bytes != NULL;
    }
    if (from->type == CU_GRAPH_NODE_TYPE_BATCH_MEM_OP) {
        to->words.ops = duplicate(from->words.ops, from->words.count * sizeof(*from->words.ops));
        return to->words.ops != NULL;
    }
    return true;
}

CUresult graph_set_kernel(struct CUgraphNode_st *node, const CUDA_KERNEL_NODE_PARAMS *params)
{
    struct launch_request q = {.f = params->func,
                               .grid = {params->gridDimX, params->gridDimY, params->gridDimZ},
                               .block = {params->blockDimX, params->blockDimY, params->blockDimZ},
                               .shared = params->sharedMemBytes,
                               .params = params->kernelParams,
                               .extra = params->extra};
    uint8_t *bytes;
    CUresult cu;

    if (!handle_ok(HANDLE_FUNCTION, params->func)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    bytes = calloc(1, params->func->ptx->param_bytes + 1);
    if (bytes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = launch_check(&q, bytes);
    if (cu != CUDA_SUCCESS) {
        free(bytes);
        return cu;
    }
    free(node->kernel.bytes);
    node->kernel.params = *params;
    node->kernel.bytes = bytes;
    node->kernel.len = params->func->ptx->param_bytes;
    return CUDA_SUCCESS;
}

CUresult graph_set_words(struct CUgraphNode_st *node, const CUDA_BATCH_MEM_OP_NODE_PARAMS *params)
{
    CUstreamBatchMemOpParams *ops;

    if (params->count == 0 || params->count > 256 || params->paramArray == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    ops = duplicate(params->paramArray, params->count * sizeof(*ops));
    if (ops == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    free(node->words.ops);
    node->words.ops = ops;
    node->words.count = params->count;
    return CUDA_SUCCESS;
}

bool graph_set_fits(const CUDA_MEMSET_NODE_PARAMS *params)
{
    return params->elementSize == 1 || params->elementSize == 2 || params->elementSize == 4;
}

CUresult cuGraphCreate(CUgraph *phGraph, unsigned int flags)
{
    CUresult cu = sim_begin(__func__);
    CUgraph graph;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phGraph == NULL || flags != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    graph = calloc(1, sizeof(*graph));
    if (graph == NULL || handle_add(HANDLE_GRAPH, graph) != 0) {
        free(graph);
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *phGraph = graph;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphDestroy(CUgraph hGraph)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH, hGraph)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (size_t i = 0; i < hGraph->count; i++) {
        handle_del(hGraph->node[i]);
        graph_node_clear(hGraph->node[i]);
        free(hGraph->node[i]);
    }
    handle_del(hGraph);
    free(hGraph->node);
    free(hGraph);
    return sim_end(CUDA_SUCCESS);
}

/* A new node of ours behind `deps`; on success the caller fills it in, then ends the call. */
static CUresult begin_add(const char *call, CUgraph graph, const CUgraphNode *deps, size_t count,
                          CUgraphNodeType type, struct CUgraphNode_st **node)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH, graph) || (count > 0 && deps == NULL)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (size_t i = 0; i < count; i++) {
        if (!handle_ok(HANDLE_GRAPH_NODE, deps[i]) || deps[i]->graph != graph) {
            return sim_end(CUDA_ERROR_INVALID_VALUE);
        }
    }
    *node = calloc(1, sizeof(**node));
    if (*node == NULL) {
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    (*node)->graph = graph;
    (*node)->type = type;
    (*node)->enabled = true;
    return CUDA_SUCCESS;
}

/* Ends what begin_add() began: files the node, or frees it after an error. */
static CUresult end_add(struct CUgraphNode_st *node, CUresult cu, CUgraphNode *out)
{
    CUgraph graph = node->graph;
    struct CUgraphNode_st **grown;

    if (cu == CUDA_SUCCESS && out == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        grown = reallocarray(graph->node, graph->count + 1, sizeof(struct CUgraphNode_st *));
        if (grown != NULL) {
            graph->node = grown;
        }
        cu = grown != NULL && handle_add(HANDLE_GRAPH_NODE, node) == 0 ? CUDA_SUCCESS
                                                                       : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        graph_node_clear(node);
        free(node);
        return sim_end(cu);
    }
    node->index = graph->count;
    graph->node[graph->count++] = node;
    *out = node;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphAddKernelNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                              const CUgraphNode *dependencies, size_t numDependencies,
                              const CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_add(__func__, hGraph, dependencies, numDependencies,
                            CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = nodeParams != NULL ? graph_set_kernel(node, nodeParams) : CUDA_ERROR_INVALID_VALUE;
    return end_add(node, cu, phGraphNode);
}

CUresult cuGraphKernelNodeSetAttribute(CUgraphNode hNode, CUkernelNodeAttrID attr,
                                       const CUkernelNodeAttrValue *value)
{
    CUresult cu = sim_begin(__func__);
    CUlaunchAttribute *a;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH_NODE, hNode) || hNode->type != CU_GRAPH_NODE_TYPE_KERNEL ||
        value == NULL || attr == CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY ||
        hNode->kernel.attrs == GRAPH_ATTRIBUTES_MAX) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    a = &hNode->kernel.attr[hNode->kernel.attrs++];
    a->id = attr;
    a->value = *value;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                              const CUgraphNode *dependencies, size_t numDependencies,
                              const CUDA_MEMCPY3D *copyParams, CUcontext ctx)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_add(__func__, hGraph, dependencies, numDependencies,
                            CU_GRAPH_NODE_TYPE_MEMCPY, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (copyParams == NULL || !handle_ok(HANDLE_CONTEXT, ctx)) {
        return end_add(node, CUDA_ERROR_INVALID_VALUE, phGraphNode);
    }
    node->copy = *copyParams;
    return end_add(node, CUDA_SUCCESS, phGraphNode);
}

CUresult cuGraphAddMemsetNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                              const CUgraphNode *dependencies, size_t numDependencies,
                              const CUDA_MEMSET_NODE_PARAMS *memsetParams, CUcontext ctx)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_add(__func__, hGraph, dependencies, numDependencies,
                            CU_GRAPH_NODE_TYPE_MEMSET, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (memsetParams == NULL || !graph_set_fits(memsetParams) || !handle_ok(HANDLE_CONTEXT, ctx)) {
        return end_add(node, CUDA_ERROR_INVALID_VALUE, phGraphNode);
    }
    node->set = *memsetParams;
    return end_add(node, CUDA_SUCCESS, phGraphNode);
}

CUresult cuGraphAddHostNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                            const CUgraphNode *dependencies, size_t numDependencies,
                            const CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu =
        begin_add(__func__, hGraph, dependencies, numDependencies, CU_GRAPH_NODE_TYPE_HOST, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL || nodeParams->fn == NULL) {
        return end_add(node, CUDA_ERROR_INVALID_VALUE, phGraphNode);
    }
    node->host = *nodeParams;
    return end_add(node, CUDA_SUCCESS, phGraphNode);
}

CUresult cuGraphAddEmptyNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                             const CUgraphNode *dependencies, size_t numDependencies)
{
    struct CUgraphNode_st *node;
    CUresult cu =
        begin_add(__func__, hGraph, dependencies, numDependencies, CU_GRAPH_NODE_TYPE_EMPTY, &node);

    return cu == CUDA_SUCCESS ? end_add(node, CUDA_SUCCESS, phGraphNode) : cu;
}

static CUresult add_event(const char *call, CUgraphNode *out, CUgraph graph,
                          const CUgraphNode *deps, size_t count, CUevent event,
                          CUgraphNodeType type)
{
    struct CUgraphNode_st *node;
    CUresult cu =
        event == NULL ? CUDA_ERROR_INVALID_VALUE : begin_add(call, graph, deps, count, type, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    node->event = event;
    return end_add(node, handle_ok(HANDLE_EVENT, event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE,
                   out);
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                   const CUgraphNode *dependencies, size_t numDependencies,
                                   CUevent event)
{
    return add_event(__func__, phGraphNode, hGraph, dependencies, numDependencies, event,
                     CU_GRAPH_NODE_TYPE_EVENT_RECORD);
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                 const CUgraphNode *dependencies, size_t numDependencies,
                                 CUevent event)
{
    return add_event(__func__, phGraphNode, hGraph, dependencies, numDependencies, event,
                     CU_GRAPH_NODE_TYPE_WAIT_EVENT);
}

CUresult cuGraphAddBatchMemOpNode(CUgraphNode *phGraphNode, CUgraph hGraph,
                                  const CUgraphNode *dependencies, size_t numDependencies,
                                  const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_add(__func__, hGraph, dependencies, numDependencies,
                            CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = nodeParams != NULL ? graph_set_words(node, nodeParams) : CUDA_ERROR_INVALID_VALUE;
    return end_add(node, cu, phGraphNode);
}
