/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/graph.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/engine.h"
#include "executor/sim/handle.h"

static void free_exec(CUgraphExec exec)
{
    for (size_t i = 0; i < exec->count; i++) {
        graph_node_clear(&exec->node[i]);
    }
    free(exec->node);
    free(exec);
}

static CUgraphExec make_exec(CUgraph graph)
{
    CUgraphExec exec = calloc(1, sizeof(*exec));

    if (exec == NULL) {
        return NULL;
    }
    exec->graph = graph;
    exec->node = calloc(graph->count + 1, sizeof(*exec->node));
    while (exec->node != NULL && exec->count < graph->count) {
        if (!graph_node_copy(&exec->node[exec->count], graph->node[exec->count])) {
            free_exec(exec);
            return NULL;
        }
        exec->count++;
    }
    if (exec->node == NULL || handle_add(HANDLE_GRAPH_EXEC, exec) != 0) {
        free_exec(exec);
        return NULL;
    }
    return exec;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *phGraphExec, CUgraph hGraph,
                                     unsigned long long flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    CUgraphExec exec;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phGraphExec == NULL || !handle_ok(HANDLE_GRAPH, hGraph) || flags > 15) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    exec = make_exec(hGraph);
    if (exec == NULL) {
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *phGraphExec = exec;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphExecDestroy(CUgraphExec hGraphExec)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH_EXEC, hGraphExec)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    handle_del(hGraphExec);
    free_exec(hGraphExec); /* what was launched has its own copies */
    return sim_end(CUDA_SUCCESS);
}

static CUresult replay_kernel(const struct CUgraphNode_st *node, CUstream stream)
{
    size_t len = node->kernel.len;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, node->kernel.bytes,
                     CU_LAUNCH_PARAM_BUFFER_SIZE, &len, CU_LAUNCH_PARAM_END};
    CUlaunchAttribute attr[GRAPH_ATTRIBUTES_MAX];
    CUlaunchConfig config = {
        .gridDimX = node->kernel.params.gridDimX,
        .gridDimY = node->kernel.params.gridDimY,
        .gridDimZ = node->kernel.params.gridDimZ,
        .blockDimX = node->kernel.params.blockDimX,
        .blockDimY = node->kernel.params.blockDimY,
        .blockDimZ = node->kernel.params.blockDimZ,
        .sharedMemBytes = node->kernel.params.sharedMemBytes,
        .hStream = stream,
        .attrs = attr,
        .numAttrs = node->kernel.attrs,
    };

    memcpy(attr, node->kernel.attr, sizeof(attr));
    return cuLaunchKernelEx(&config, node->kernel.params.func, NULL, len > 0 ? extra : NULL);
}

static CUresult replay_set(const CUDA_MEMSET_NODE_PARAMS *p, CUstream stream)
{
    size_t pitch = p->height > 1 ? p->pitch : p->width * p->elementSize;

    switch (p->elementSize) {
    case 1:
        return cuMemsetD2D8Async(p->dst, pitch, (unsigned char)p->value, p->width, p->height,
                                 stream);
    case 2:
        return cuMemsetD2D16Async(p->dst, pitch, (unsigned short)p->value, p->width, p->height,
                                  stream);
    case 4:
        return cuMemsetD2D32Async(p->dst, pitch, p->value, p->width, p->height, stream);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

static CUresult replay(const struct CUgraphNode_st *node, CUstream stream)
{
    switch ((int)node->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
        return replay_kernel(node, stream);
    case CU_GRAPH_NODE_TYPE_MEMCPY:
        return cuMemcpy3DAsync(&node->copy, stream);
    case CU_GRAPH_NODE_TYPE_MEMSET:
        return replay_set(&node->set, stream);
    case CU_GRAPH_NODE_TYPE_HOST:
        return cuLaunchHostFunc(stream, node->host.fn, node->host.userData);
    case CU_GRAPH_NODE_TYPE_EVENT_RECORD:
        return cuEventRecord(node->event, stream);
    case CU_GRAPH_NODE_TYPE_WAIT_EVENT:
        return cuStreamWaitEvent(stream, node->event, 0);
    case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP:
        return cuStreamBatchMemOp(stream, node->words.count, node->words.ops, 0);
    default:
        return CUDA_SUCCESS;
    }
}

CUresult cuGraphLaunch(CUgraphExec hGraphExec, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH_EXEC, hGraphExec)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    (void)sim_end(CUDA_SUCCESS);
    /* One launch, however many kernels it has: it does not wait for room. */
    engine_replays = true;
    for (size_t i = 0; i < hGraphExec->count && cu == CUDA_SUCCESS; i++) {
        if (hGraphExec->node[i].enabled) {
            cu = replay(&hGraphExec->node[i], hStream);
        }
    }
    engine_replays = false;
    return cu;
}

CUresult cuGraphUpload(CUgraphExec hGraphExec, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    (void)hStream;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(handle_ok(HANDLE_GRAPH_EXEC, hGraphExec) ? CUDA_SUCCESS
                                                            : CUDA_ERROR_INVALID_VALUE);
}

/* Begin a change of a node; on success the caller ends the call. */
static CUresult begin_change(const char *call, CUgraphExec exec, CUgraphNode node,
                             CUgraphNodeType type, struct CUgraphNode_st **found)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH_EXEC, exec) || !handle_ok(HANDLE_GRAPH_NODE, node) ||
        node->graph != exec->graph || node->index >= exec->count || node->type != type) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *found = &exec->node[node->index];
    return CUDA_SUCCESS;
}

CUresult cuGraphExecKernelNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                        const CUDA_KERNEL_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_change(__func__, hGraphExec, hNode, CU_GRAPH_NODE_TYPE_KERNEL, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(nodeParams != NULL ? graph_set_kernel(node, nodeParams)
                                      : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                        const CUDA_MEMCPY3D *copyParams, CUcontext ctx)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_change(__func__, hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMCPY, &node);

    (void)ctx;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (copyParams == NULL || copyParams->srcMemoryType != node->copy.srcMemoryType ||
        copyParams->dstMemoryType != node->copy.dstMemoryType) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    node->copy = *copyParams;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                        const CUDA_MEMSET_NODE_PARAMS *memsetParams, CUcontext ctx)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_change(__func__, hGraphExec, hNode, CU_GRAPH_NODE_TYPE_MEMSET, &node);

    (void)ctx;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (memsetParams == NULL || !graph_set_fits(memsetParams)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    node->set = *memsetParams;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphExecHostNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                      const CUDA_HOST_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_change(__func__, hGraphExec, hNode, CU_GRAPH_NODE_TYPE_HOST, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (nodeParams == NULL || nodeParams->fn == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    node->host = *nodeParams;
    return sim_end(CUDA_SUCCESS);
}

static CUresult change_event(const char *call, CUgraphExec exec, CUgraphNode handle, CUevent event,
                             CUgraphNodeType type)
{
    struct CUgraphNode_st *node;
    CUresult cu =
        event == NULL ? CUDA_ERROR_INVALID_VALUE : begin_change(call, exec, handle, type, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_EVENT, event)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    node->event = event;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuGraphExecEventRecordNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode,
                                            CUevent event)
{
    return change_event(__func__, hGraphExec, hNode, event, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
}

CUresult cuGraphExecEventWaitNodeSetEvent(CUgraphExec hGraphExec, CUgraphNode hNode, CUevent event)
{
    return change_event(__func__, hGraphExec, hNode, event, CU_GRAPH_NODE_TYPE_WAIT_EVENT);
}

CUresult cuGraphExecBatchMemOpNodeSetParams(CUgraphExec hGraphExec, CUgraphNode hNode,
                                            const CUDA_BATCH_MEM_OP_NODE_PARAMS *nodeParams)
{
    struct CUgraphNode_st *node;
    CUresult cu = begin_change(__func__, hGraphExec, hNode, CU_GRAPH_NODE_TYPE_BATCH_MEM_OP, &node);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(nodeParams != NULL ? graph_set_words(node, nodeParams)
                                      : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuGraphNodeSetEnabled(CUgraphExec hGraphExec, CUgraphNode hNode, unsigned int isEnabled)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_GRAPH_EXEC, hGraphExec) || !handle_ok(HANDLE_GRAPH_NODE, hNode) ||
        hNode->graph != hGraphExec->graph || hNode->index >= hGraphExec->count) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    hGraphExec->node[hNode->index].enabled = isEnabled != 0;
    return sim_end(CUDA_SUCCESS);
}
