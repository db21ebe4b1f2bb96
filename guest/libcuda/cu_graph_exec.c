/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/graph_exec.h"
#include "guest/libcuda/stream.h"
#include "guest/libcuda/stub.h"

/* Making graphs executable, and running them. */

#define FLAGS_KNOWN                                                                                \
    (CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |        \
     CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH | CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)

static CUresult instantiate(CUgraphExec *handle, CUgraph graph, uint64_t flags, CUgraphNode *failed)
{
    struct gs_exec *exec;
    CUresult cu = gs_ready();

    *failed = NULL;
    if (cu == CUDA_SUCCESS) {
        cu = gs_process_sticky();
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (handle == NULL || graph == NULL || (flags & ~(uint64_t)FLAGS_KNOWN) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH) != 0) {
        /* Kernels would name graphs, whose handles are ours. */
        return gs_unsupported_here("for launches by the device");
    }
    cu = gs_exec_new(graph, flags, &exec, failed);
    if (cu == CUDA_SUCCESS) {
        *handle = gs_exec_handle(exec);
    }
    return cu;
}

CUresult gs_cuGraphInstantiateWithFlags(CUgraphExec *phGraphExec, CUgraph hGraph,
                                        unsigned long long flags)
{
    CUgraphNode failed;

    if ((flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD) != 0) {
        return gs_ready() == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : gs_ready();
    }
    return instantiate(phGraphExec, hGraph, flags, &failed);
}

CUresult gs_cuGraphInstantiate_v2(CUgraphExec *phGraphExec, CUgraph hGraph,
                                  CUgraphNode *phErrorNode, char *logBuffer, size_t bufferSize)
{
    CUgraphNode failed;
    CUresult cu = instantiate(phGraphExec, hGraph, 0, &failed);

    if (phErrorNode != NULL) {
        *phErrorNode = failed;
    }
    if (logBuffer != NULL && bufferSize > 0) {
        logBuffer[0] = '\0';
    }
    return cu;
}

static CUresult upload(CUgraphExec handle, CUstream stream)
{
    struct gs_exec *exec;
    struct gs_stream *found;
    struct gs_call call;
    CUresult cu = gs_exec_find(handle, &exec);

    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_enter(stream, &call, &found);
    }
    return cu == CUDA_SUCCESS ? gs_exec_upload(exec, found) : cu;
}

CUresult gs_cuGraphInstantiateWithParams(CUgraphExec *phGraphExec, CUgraph hGraph,
                                         CUDA_GRAPH_INSTANTIATE_PARAMS *p, CUstream implicit)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && p == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    p->result_out = CUDA_GRAPH_INSTANTIATE_SUCCESS;
    cu = instantiate(phGraphExec, hGraph,
                     p->flags & ~(cuuint64_t)CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD, &p->hErrNode_out);
    if (cu == CUDA_SUCCESS && (p->flags & CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD) != 0) {
        cu = upload(*phGraphExec, p->hUploadStream != NULL ? p->hUploadStream : implicit);
        if (cu != CUDA_SUCCESS) {
            (void)gs_cuGraphExecDestroy(*phGraphExec);
        }
    }
    if (cu == CUDA_ERROR_INVALID_VALUE) {
        p->result_out = CUDA_GRAPH_INSTANTIATE_INVALID_STRUCTURE;
    } else if (cu != CUDA_SUCCESS) {
        p->result_out = CUDA_GRAPH_INSTANTIATE_ERROR;
    }
    return cu;
}

CUresult gs_cuGraphExecGetFlags(CUgraphExec hGraphExec, cuuint64_t *flags)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    if (cu == CUDA_SUCCESS && flags == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        /* Native leaves this one out: measured. */
        *flags = exec->flags & ~(cuuint64_t)CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;
    }
    return cu;
}

CUresult gs_cuGraphExecDestroy(CUgraphExec hGraphExec)
{
    struct gs_exec *exec;
    CUresult cu = gs_exec_known(hGraphExec, &exec);

    return cu == CUDA_SUCCESS ? gs_exec_destroy(exec) : cu;
}

CUresult gs_cuGraphLaunch(CUgraphExec hGraphExec, CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_exec *exec;
    struct gs_call call;
    CUresult cu = gs_exec_find(hGraphExec, &exec);

    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_enter(hStream, &call, &stream);
    }
    return cu == CUDA_SUCCESS ? gs_exec_launch(exec, stream) : cu;
}

CUresult gs_cuGraphUpload(CUgraphExec hGraphExec, CUstream hStream)
{
    return upload(hGraphExec, hStream);
}
