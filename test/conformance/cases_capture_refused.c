/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Operations that native captures and vgpu does not: refused by name, not done, and the capture is
 * invalid, so that a program that ignores the code gets no graph in which they are missing.
 */
#include "test/conformance/graph.h"

static CUstream capturing(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED));
    return s;
}

static void expect_spoilt(CUstream s)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    CUgraph graph = NULL;

    CONF_OK(cuStreamIsCapturing(s, &status));
    CONF_EXPECT(status == CU_STREAM_CAPTURE_STATUS_INVALIDATED);
    CONF_RESULT(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CONF_EXPECT(graph == NULL);
}

CONF_UNSUPPORTED(cuGraphLaunch, into_a_capture)
{
    CUdeviceptr word = 0;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    unsigned int five = 5;
    CUstream s = NULL;

    conf_context();
    word = conf_word(1);
    graph = conf_graph();
    (void)conf_add_kernel(graph, NULL, "store", &word, &five);
    exec = conf_instantiate(graph);
    s = capturing();
    CONF_RESULT(cuGraphLaunch(exec, s), CUDA_ERROR_NOT_SUPPORTED);
    expect_spoilt(s);
    CONF_EXPECT(conf_read(word) == 1);
}

CONF_UNSUPPORTED(cuMemcpyHtoDAsync_v2, from_pageable_memory_in_a_capture)
{
    unsigned int five = 5;
    CUdeviceptr word = 0;
    CUstream s = NULL;

    conf_context();
    word = conf_word(1);
    s = capturing();
    CONF_RESULT(cuMemcpyHtoDAsync_v2(word, &five, 4, s), CUDA_ERROR_NOT_SUPPORTED);
    expect_spoilt(s);
    CONF_EXPECT(conf_read(word) == 1);
}

CONF_UNSUPPORTED(cuMemcpyDtoHAsync_v2, to_pageable_memory_in_a_capture)
{
    unsigned int five = 5;
    CUdeviceptr word = 0;
    CUstream s = NULL;

    conf_context();
    word = conf_word(1);
    s = capturing();
    CONF_RESULT(cuMemcpyDtoHAsync_v2(&five, word, 4, s), CUDA_ERROR_NOT_SUPPORTED);
    expect_spoilt(s);
    CONF_EXPECT(five == 5);
}

/* Not refused by name: the legacy stream would wait for the one that captures. */
CONF_NEGATIVE(cuMemAllocAsync, legacy_beside_a_capturing_stream)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    CONF_SETUP(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_RESULT(cuMemAllocAsync(&p, 4096, NULL), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
}
