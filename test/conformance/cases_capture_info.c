/* SPDX-License-Identifier: Apache-2.0 */

/* What is known of captures, and changing it. */
#include "test/conformance/graph.h"

#include <string.h>

static CUstream capturing(CUstreamCaptureMode mode)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamBeginCapture_v2(s, mode));
    return s;
}

static CUstream idle(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

CONF_POSITIVE(cuStreamIsCapturing, never)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_ACTIVE;

    conf_context();
    CONF_OK(cuStreamIsCapturing(idle(), &status));
    CONF_VALUE(status);
    status = CU_STREAM_CAPTURE_STATUS_ACTIVE;
    CONF_OK(cuStreamIsCapturing(NULL, &status));
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuStreamIsCapturing, legacy_beside_a_blocking_stream)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    CUgraph graph = NULL;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    CONF_SETUP(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_RESULT(cuStreamIsCapturing(NULL, &status), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    CONF_OK(cuStreamEndCapture(s, &graph));
}

CONF_NEGATIVE(cuStreamIsCapturing, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamIsCapturing(idle(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamIsCapturing, before_init)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

    CONF_RESULT(cuStreamIsCapturing(NULL, &status), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuStreamGetCaptureInfo, ids_differ)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    cuuint64_t x = 0, y = 0;

    conf_context();
    CONF_OK(cuStreamGetCaptureInfo(capturing(CU_STREAM_CAPTURE_MODE_RELAXED), &status, &x));
    CONF_VALUE(status);
    CONF_OK(cuStreamGetCaptureInfo(capturing(CU_STREAM_CAPTURE_MODE_RELAXED), &status, &y));
    CONF_EXPECT(x != y);
    CONF_OK(cuStreamGetCaptureInfo(idle(), &status, &y));
    CONF_VALUE(status);
}

CONF_POSITIVE(cuStreamGetCaptureInfo_v2, graph_and_dependencies)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    const CUgraphNode *deps = NULL;
    CUgraph graph = NULL, got = NULL;
    CUgraphNode node = NULL, first = NULL;
    CUdeviceptr word = 0;
    cuuint64_t id = 0;
    size_t count = 9;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_OK(cuStreamGetCaptureInfo_v2(s, &status, &id, &graph, &deps, &count));
    CONF_VALUE(status);
    CONF_VALUE(count);
    CONF_OK(cuMemsetD32Async(word, 1, 1, s));
    CONF_OK(cuStreamGetCaptureInfo_v2(s, &status, NULL, &graph, &deps, &count));
    CONF_VALUE(count);
    node = deps[0];
    CONF_OK(cuStreamEndCapture(s, &got));
    CONF_EXPECT(got == graph);
    count = 1;
    CONF_OK(cuGraphGetNodes(graph, &first, &count));
    CONF_EXPECT(first == node);
}

CONF_POSITIVE(cuStreamGetCaptureInfo_v3, graph_and_dependencies)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    const CUgraphNode *deps = NULL;
    const CUgraphEdgeData *edges = NULL;
    CUgraph graph = NULL, got = NULL;
    CUgraphNode node = NULL, first = NULL;
    CUdeviceptr word = 0;
    cuuint64_t id = 0;
    size_t count = 9;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_OK(cuStreamGetCaptureInfo_v3(s, &status, &id, &graph, &deps, &edges, &count));
    CONF_VALUE(status);
    CONF_VALUE(count);
    CONF_OK(cuMemsetD32Async(word, 1, 1, s));
    CONF_OK(cuStreamGetCaptureInfo_v3(s, &status, NULL, &graph, &deps, &edges, &count));
    CONF_VALUE(count);
    node = deps[0];
    CONF_OK(cuStreamEndCapture(s, &got));
    CONF_EXPECT(got == graph);
    count = 1;
    CONF_OK(cuGraphGetNodes(graph, &first, &count));
    CONF_EXPECT(first == node);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo, null_status)
{
    conf_context();
    CONF_RESULT(cuStreamGetCaptureInfo(idle(), NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo, no_context)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

    conf_device();
    CONF_RESULT(cuStreamGetCaptureInfo(NULL, &status, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo_v2, null_status)
{
    conf_context();
    CONF_RESULT(cuStreamGetCaptureInfo_v2(idle(), NULL, NULL, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo_v2, no_context)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

    conf_device();
    CONF_RESULT(cuStreamGetCaptureInfo_v2(NULL, &status, NULL, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo_v3, null_status)
{
    conf_context();
    CONF_RESULT(cuStreamGetCaptureInfo_v3(idle(), NULL, NULL, NULL, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetCaptureInfo_v3, no_context)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

    conf_device();
    CONF_RESULT(cuStreamGetCaptureInfo_v3(NULL, &status, NULL, NULL, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamUpdateCaptureDependencies, set_to_an_earlier_node)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    const CUgraphNode *deps = NULL;
    CUgraphNode first = NULL;
    CUgraph graph = NULL;
    CUdeviceptr word = 0;
    size_t count = 0, edges = 9;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_SETUP(cuMemsetD32Async(word, 1, 1, s));
    CONF_SETUP(cuStreamGetCaptureInfo_v2(s, &status, NULL, NULL, &deps, &count));
    first = deps[0];
    CONF_SETUP(cuMemsetD32Async(word, 2, 1, s));
    CONF_OK(cuStreamUpdateCaptureDependencies(s, &first, 1, CU_STREAM_SET_CAPTURE_DEPENDENCIES));
    CONF_SETUP(cuMemsetD32Async(word, 3, 1, s));
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_OK(cuGraphNodeGetDependentNodes_v2(first, NULL, NULL, &edges));
    CONF_VALUE(edges);
}

CONF_NEGATIVE(cuStreamUpdateCaptureDependencies, not_capturing)
{
    conf_context();
    CONF_RESULT(
        cuStreamUpdateCaptureDependencies(idle(), NULL, 0, CU_STREAM_SET_CAPTURE_DEPENDENCIES),
        CUDA_ERROR_ILLEGAL_STATE);
}

CONF_NEGATIVE(cuStreamUpdateCaptureDependencies, node_of_another_graph)
{
    CUgraphNode other = NULL;

    conf_context();
    other = conf_empty(conf_graph());
    CONF_RESULT(cuStreamUpdateCaptureDependencies(capturing(CU_STREAM_CAPTURE_MODE_GLOBAL), &other,
                                                  1, CU_STREAM_ADD_CAPTURE_DEPENDENCIES),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuStreamUpdateCaptureDependencies_v2, set_to_an_earlier_node)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    const CUgraphNode *deps = NULL;
    CUgraphNode first = NULL;
    CUgraph graph = NULL;
    CUdeviceptr word = 0;
    size_t count = 0, edges = 9;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_SETUP(cuMemsetD32Async(word, 1, 1, s));
    CONF_SETUP(cuStreamGetCaptureInfo_v2(s, &status, NULL, NULL, &deps, &count));
    first = deps[0];
    CONF_SETUP(cuMemsetD32Async(word, 2, 1, s));
    CONF_OK(cuStreamUpdateCaptureDependencies_v2(s, &first, NULL, 1,
                                                 CU_STREAM_SET_CAPTURE_DEPENDENCIES));
    CONF_SETUP(cuMemsetD32Async(word, 3, 1, s));
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_OK(cuGraphNodeGetDependentNodes_v2(first, NULL, NULL, &edges));
    CONF_VALUE(edges);
}

CONF_NEGATIVE(cuStreamUpdateCaptureDependencies_v2, not_capturing)
{
    conf_context();
    CONF_RESULT(cuStreamUpdateCaptureDependencies_v2(idle(), NULL, NULL, 0,
                                                     CU_STREAM_SET_CAPTURE_DEPENDENCIES),
                CUDA_ERROR_ILLEGAL_STATE);
}

CONF_NEGATIVE(cuStreamUpdateCaptureDependencies_v2, node_of_another_graph)
{
    CUgraphNode other = NULL;

    conf_context();
    other = conf_empty(conf_graph());
    CONF_RESULT(cuStreamUpdateCaptureDependencies_v2(capturing(CU_STREAM_CAPTURE_MODE_GLOBAL),
                                                     &other, NULL, 1,
                                                     CU_STREAM_ADD_CAPTURE_DEPENDENCIES),
                CUDA_ERROR_INVALID_VALUE);
}
