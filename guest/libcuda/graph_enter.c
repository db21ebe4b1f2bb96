/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/graph_enter.h"

#include "guest/libcuda/process.h"

CUresult gs_graph_enter(CUgraph graph, const CUgraphNode *out, const CUgraphNode *deps,
                        size_t count)
{
    CUresult cu = gs_ready();
    bool there;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_graphs_lock();
    there = gs_graph_find(graph) != NULL;
    gs_graphs_unlock();
    return there && out != NULL && (deps != NULL || count == 0) ? CUDA_SUCCESS
                                                                : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_node_enter(CUgraphNode handle, CUgraphNodeType type, struct gs_node **node)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_graphs_lock();
    *node = gs_node_find(handle);
    if (*node != NULL && (*node)->params.type == type) {
        return CUDA_SUCCESS;
    }
    gs_graphs_unlock();
    return CUDA_ERROR_INVALID_VALUE;
}
