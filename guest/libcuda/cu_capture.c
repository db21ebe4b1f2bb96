/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/graph.h"
#include "guest/libcuda/stub.h"

static CUresult begin(CUstream handle, CUstreamCaptureMode mode, CUgraph graph,
                      const CUgraphNode *deps, size_t count)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)mode > CU_STREAM_CAPTURE_MODE_RELAXED || (count > 0 && deps == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (stream->wire == 0) {
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return gs_capture_begin(stream, mode, graph, deps, count);
}

CUresult gs_cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode)
{
    return begin(hStream, mode, NULL, NULL, 0);
}

CUresult gs_cuStreamBeginCapture(CUstream hStream)
{
    return begin(hStream, CU_STREAM_CAPTURE_MODE_GLOBAL, NULL, NULL, 0);
}

CUresult gs_cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph,
                                        const CUgraphNode *dependencies,
                                        const CUgraphEdgeData *dependencyData,
                                        size_t numDependencies, CUstreamCaptureMode mode)
{
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && hGraph == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && !gs_edges_are_plain(dependencyData, numDependencies)) {
        return gs_unsupported_here("with edges that have data");
    }
    return cu == CUDA_SUCCESS ? begin(hStream, mode, hGraph, dependencies, numDependencies) : cu;
}

CUresult gs_cuStreamEndCapture(CUstream hStream, CUgraph *phGraph)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && phGraph == NULL) {
        return gs_stream_captures(stream) ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_ILLEGAL_STATE;
    }
    return cu == CUDA_SUCCESS ? gs_capture_end(stream, phGraph) : cu;
}

static CUresult info_of(CUstream handle, const CUstreamCaptureStatus *status,
                        struct gs_capture_info *info)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &stream);

    if (cu == CUDA_SUCCESS && status == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? gs_capture_info(stream, info) : cu;
}

CUresult gs_cuStreamIsCapturing(CUstream hStream, CUstreamCaptureStatus *captureStatus)
{
    struct gs_capture_info info;
    CUresult cu = info_of(hStream, captureStatus, &info);

    if (cu == CUDA_SUCCESS) {
        *captureStatus = info.status;
    }
    return cu;
}

CUresult gs_cuStreamGetCaptureInfo_v3(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
                                      cuuint64_t *id_out, CUgraph *graph_out,
                                      const CUgraphNode **dependencies_out,
                                      const CUgraphEdgeData **edgeData_out,
                                      size_t *numDependencies_out)
{
    struct gs_capture_info info;
    CUresult cu = info_of(hStream, captureStatus_out, &info);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *captureStatus_out = info.status;
    if (info.status != CU_STREAM_CAPTURE_STATUS_ACTIVE) {
        return CUDA_SUCCESS;
    }
    if (id_out != NULL) {
        *id_out = info.id;
    }
    if (graph_out != NULL) {
        *graph_out = info.graph;
    }
    if (dependencies_out != NULL) {
        *dependencies_out = info.deps;
    }
    if (edgeData_out != NULL) {
        *edgeData_out = info.edges;
    }
    if (numDependencies_out != NULL) {
        *numDependencies_out = info.count;
    }
    return CUDA_SUCCESS;
}

CUresult gs_cuStreamGetCaptureInfo_v2(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
                                      cuuint64_t *id_out, CUgraph *graph_out,
                                      const CUgraphNode **dependencies_out,
                                      size_t *numDependencies_out)
{
    return gs_cuStreamGetCaptureInfo_v3(hStream, captureStatus_out, id_out, graph_out,
                                        dependencies_out, NULL, numDependencies_out);
}

CUresult gs_cuStreamGetCaptureInfo(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
                                   cuuint64_t *id_out)
{
    return gs_cuStreamGetCaptureInfo_v3(hStream, captureStatus_out, id_out, NULL, NULL, NULL, NULL);
}

CUresult gs_cuStreamUpdateCaptureDependencies_v2(CUstream hStream, CUgraphNode *dependencies,
                                                 const CUgraphEdgeData *dependencyData,
                                                 size_t numDependencies, unsigned int flags)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags > CU_STREAM_SET_CAPTURE_DEPENDENCIES ||
        (numDependencies > 0 && dependencies == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!gs_edges_are_plain(dependencyData, numDependencies)) {
        return gs_unsupported_here("with edges that have data");
    }
    return gs_capture_update(stream, dependencies, numDependencies,
                             flags == CU_STREAM_SET_CAPTURE_DEPENDENCIES);
}

CUresult gs_cuStreamUpdateCaptureDependencies(CUstream hStream, CUgraphNode *dependencies,
                                              size_t numDependencies, unsigned int flags)
{
    return gs_cuStreamUpdateCaptureDependencies_v2(hStream, dependencies, NULL, numDependencies,
                                                   flags);
}

CUresult gs_cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    struct gs_thread *thread;
    CUstreamCaptureMode before;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    thread = gs_thread_get();
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (mode == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    /* Native takes any value and gives it back (measured). */
    before = thread->capture_mode;
    thread->capture_mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}
