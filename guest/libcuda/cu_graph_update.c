/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_exec.h"

/* Changing executable graphs. */

/* Takes the parameters, whatever becomes of them. */
static CUresult change(CUgraphExec handle, CUgraphNode node, struct gs_node_params *params)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_find(handle, &exec);

    if (cu == CUDA_SUCCESS) {
        cu = gs_exec_change(exec, node, params);
    }
    gs_graphs_lock();
    gs_node_params_free(params);
    gs_graphs_unlock();
    return cu;
}

/* The executable graph and its node, before the parameters are read. */
static CUresult enter(CUgraphExec handle, CUgraphNode node, CUgraphNodeType type)
{
    const struct gs_flat *flat;
    struct gs_exec *exec;
    CUresult cu = gs_exec_find(handle, &exec);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    flat = gs_exec_node(exec, node);
    return flat != NULL && flat->type == type ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuGraphExecKernelNodeSetParams_v2(CUgraphExec hGraphExec, CUgraphNode hNode,
                                              const CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    CUresult cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_KERNEL);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_kernel(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecKernelNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                           const CUDA_KERNEL_NODE_PARAMS_v1 *nodeParams)
{
    CUDA_KERNEL_NODE_PARAMS newer = {.func = NULL};

    if (nodeParams == NULL) {
        return gs_cuGraphExecKernelNodeSetParams_v2(hGraphExec, hNode, NULL);
    }
    memcpy(&newer, nodeParams, sizeof(*nodeParams));
    return gs_cuGraphExecKernelNodeSetParams_v2(hGraphExec, hNode, &newer);
}

CUresult gs_cuGraphExecMemcpyNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                           const CUDA_MEMCPY3D *copyParams, CUcontext ctx)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMCPY);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_context(ctx, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memcpy(copyParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecMemsetNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                           const CUDA_MEMSET_NODE_PARAMS *memsetParams,
                                           CUcontext ctx)
{
    struct gs_node_params params;
    struct gs_context *context;
    CUresult cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMSET);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_context(ctx, &context);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memset(memsetParams, context, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecHostNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                         const CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    CUresult cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_HOST);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_host(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecBatchMemOpNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                               const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct gs_node_params params;
    CUresult cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP);

    if (cu == CUDA_SUCCESS) {
        cu = gs_params_memops(nodeParams, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecEventRecordNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode,
                                               CUevent event)
{
    struct gs_node_params params;
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_event(event, CU_GRAPH_NODE_TYPE_EVENT_RECORD, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecEventWaitNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode,
                                             CUevent event)
{
    struct gs_node_params params;
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = enter(hGraphExec, hNode, CU_GRAPH_NODE_TYPE_WAIT_EVENT);
    if (cu == CUDA_SUCCESS) {
        cu = gs_params_event(event, CU_GRAPH_NODE_TYPE_WAIT_EVENT, &params);
    }
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecChildGraphNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                               CUgraph childGraph)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_find(hGraphExec, &exec);

    return cu == CUDA_SUCCESS ? gs_exec_update_child(exec, hNode, childGraph) : cu;
}

CUresult gs_cuGraphExecNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                     CUgraphNodeParams *nodeParams)
{
    struct gs_node_params params;
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && nodeParams == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = enter(hGraphExec, hNode, nodeParams->type);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams->type == CU_GRAPH_NODE_TYPE_GRAPH) {
        return gs_cuGraphExecChildGraphNodeSetParams(hGraphExec, hNode, nodeParams->graph.graph);
    }
    cu = gs_params_any(nodeParams, &params);
    return cu == CUDA_SUCCESS ? change(hGraphExec, hNode, &params) : cu;
}

CUresult gs_cuGraphExecUpdate_v2(CUgraphExec hGraphExec, CUgraph hGraph,
                                 CUgraphExecUpdateResultInfo *resultInfo)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    if (cu == CUDA_SUCCESS && resultInfo == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? gs_exec_update(exec, hGraph, resultInfo) : cu;
}

CUresult gs_cuGraphExecUpdate(CUgraphExec hGraphExec, CUgraph hGraph, CUgraphNode *hErrorNode_out,
                              CUgraphExecUpdateResult *updateResult_out)
{
    CUgraphExecUpdateResultInfo info;
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = gs_exec_update(exec, hGraph, &info);
    if (hErrorNode_out != NULL) {
        *hErrorNode_out = info.errorNode;
    }
    if (updateResult_out != NULL) {
        /* The old form has its own code for this one: measured. */
        *updateResult_out = info.result == CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED
                                ? CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED
                                : info.result;
    }
    return cu;
}

CUresult gs_cuGraphNodeSetEnabled(CUgraphExec hGraphExec, CUgraphNode hNode, unsigned int isEnabled)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    return cu == CUDA_SUCCESS ? gs_exec_enable(exec, hNode, isEnabled != 0) : cu;
}

CUresult gs_cuGraphNodeGetEnabled(CUgraphExec hGraphExec, CUgraphNode hNode,
                                  unsigned int *isEnabled)
{
    const struct gs_flat *flat;
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    flat = gs_exec_node(exec, hNode);
    if (flat == NULL || isEnabled == NULL ||
        (flat->type != CU_GRAPH_NODE_TYPE_KERNEL && flat->type != CU_GRAPH_NODE_TYPE_MEMCPY &&
         flat->type != CU_GRAPH_NODE_TYPE_MEMSET)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *isEnabled = flat->enabled;
    return CUDA_SUCCESS;
}
