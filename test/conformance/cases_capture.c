/* SPDX-License-Identifier: Apache-2.0 */

/* Captures: streams whose operations become nodes of a graph. */
#include "test/conformance/graph.h"

#include <pthread.h>
#include <string.h>

static CUstream new_stream(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

static CUevent new_event(void)
{
    CUevent event = NULL;

    CONF_SETUP(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    return event;
}

static CUstream capturing(CUstreamCaptureMode mode)
{
    CUstream s = new_stream();

    CONF_SETUP(cuStreamBeginCapture_v2(s, mode));
    return s;
}

static void launch(const char *name, CUdeviceptr *word, unsigned int value, CUstream s)
{
    void *params[] = {word, &value};

    conf_launch(conf_kernel(name), 1, 1, s, params);
}

static CUstreamCaptureStatus status_of(CUstream s)
{
    CUstreamCaptureStatus status = (CUstreamCaptureStatus)99;

    CONF_SETUP(cuStreamIsCapturing(s, &status));
    return status;
}

static size_t nodes_of(CUgraph graph)
{
    size_t count = 0;

    CONF_SETUP(cuGraphGetNodes(graph, NULL, &count));
    return count;
}

CONF_POSITIVE(cuStreamBeginCapture_v2, kernels_fills_and_copies)
{
    CUdeviceptr a = 0, b = 0;
    CUgraph graph = NULL;
    CUgraphExec exec = NULL;
    CUstream s = NULL;

    conf_context();
    a = conf_word(1);
    b = conf_word(2);
    (void)conf_module();
    s = new_stream();
    CONF_OK(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CONF_VALUE(status_of(s));
    CONF_OK(cuMemsetD32Async(a, 10, 1, s));
    launch("add", &a, 5, s);
    CONF_OK(cuMemcpyDtoDAsync_v2(b, a, 4, s));
    launch("add", &b, 1, s);
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_VALUE(status_of(s));
    CONF_VALUE(nodes_of(graph));
    CONF_VALUE(conf_read(a)); /* nothing has run yet */
    exec = conf_instantiate(graph);
    for (int i = 0; i < 3; i++) {
        CONF_OK(cuGraphLaunch(exec, s));
    }
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(conf_read(a));
    CONF_VALUE(conf_read(b));
}

CONF_POSITIVE(cuStreamBeginCapture_v2, pinned_memory)
{
    CUdeviceptr word = 0;
    CUgraph graph = NULL;
    CUstream s = NULL;
    unsigned int *host;
    void *p = NULL;

    conf_context();
    word = conf_word(0);
    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    host = p;
    host[0] = 3;
    host[1] = 0;
    (void)conf_module();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_OK(cuMemcpyHtoDAsync_v2(word, &host[0], 4, s));
    launch("add", &word, 4, s);
    CONF_OK(cuMemcpyDtoHAsync_v2(&host[1], word, 4, s));
    CONF_OK(cuStreamEndCapture(s, &graph));
    host[0] = 30;
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(host[1]);
}

CONF_NEGATIVE(cuStreamBeginCapture_v2, twice)
{
    CUstream s = NULL;

    conf_context();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_RESULT(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_GLOBAL),
                CUDA_ERROR_ILLEGAL_STATE);
}

CONF_NEGATIVE(cuStreamBeginCapture_v2, legacy_stream)
{
    conf_context();
    CONF_RESULT(cuStreamBeginCapture_v2(NULL, CU_STREAM_CAPTURE_MODE_GLOBAL),
                CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_NEGATIVE(cuStreamBeginCapture_v2, no_such_mode)
{
    conf_context();
    CONF_RESULT(cuStreamBeginCapture_v2(new_stream(), (CUstreamCaptureMode)9),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamBeginCapture_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuStreamBeginCapture_v2(NULL, CU_STREAM_CAPTURE_MODE_GLOBAL),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamBeginCapture, is_global)
{
    CUgraph graph = NULL;
    CUstream s = NULL;

    conf_context();
    s = new_stream();
    CONF_OK(cuStreamBeginCapture(s));
    CONF_VALUE(status_of(s));
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_VALUE(nodes_of(graph));
}

CONF_NEGATIVE(cuStreamBeginCapture, legacy_stream)
{
    conf_context();
    CONF_RESULT(cuStreamBeginCapture(NULL), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_NEGATIVE(cuStreamBeginCapture, twice)
{
    CUstream s = NULL;

    conf_context();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_RESULT(cuStreamBeginCapture(s), CUDA_ERROR_ILLEGAL_STATE);
}

CONF_POSITIVE(cuStreamBeginCaptureToGraph, behind_a_node)
{
    unsigned int five = 5;
    CUgraph graph = NULL, got = NULL;
    CUgraphNode first = NULL;
    CUdeviceptr word = 0;
    CUstream s = NULL;

    conf_context();
    word = conf_word(0);
    graph = conf_graph();
    first = conf_add_kernel(graph, NULL, "store", &word, &five);
    s = new_stream();
    CONF_OK(cuStreamBeginCaptureToGraph(s, graph, &first, NULL, 1, CU_STREAM_CAPTURE_MODE_GLOBAL));
    launch("add", &word, 2, s);
    CONF_OK(cuStreamEndCapture(s, &got));
    CONF_EXPECT(got == graph);
    CONF_VALUE(nodes_of(graph));
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(word));
}

CONF_NEGATIVE(cuStreamBeginCaptureToGraph, null_graph)
{
    conf_context();
    CONF_REFUSED(cuStreamBeginCaptureToGraph(new_stream(), NULL, NULL, NULL, 0,
                                             CU_STREAM_CAPTURE_MODE_GLOBAL));
}

CONF_NEGATIVE(cuStreamBeginCaptureToGraph, no_such_mode)
{
    conf_context();
    CONF_RESULT(cuStreamBeginCaptureToGraph(new_stream(), conf_graph(), NULL, NULL, 0,
                                            (CUstreamCaptureMode)9),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuStreamEndCapture, two_streams_fork_and_join)
{
    CUdeviceptr a = 0, b = 0;
    CUevent fork = NULL, join = NULL;
    CUstream s = NULL, t = NULL;
    CUgraph graph = NULL;
    size_t edges = 0;

    conf_context();
    a = conf_word(0);
    b = conf_word(0);
    (void)conf_module();
    fork = new_event();
    join = new_event();
    t = new_stream();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    launch("store", &a, 3, s);
    CONF_OK(cuEventRecord(fork, s));
    CONF_OK(cuStreamWaitEvent(t, fork, 0));
    CONF_VALUE(status_of(t));
    CONF_OK(cuMemcpyDtoDAsync_v2(b, a, 4, t));
    launch("add", &a, 1, s);
    CONF_OK(cuEventRecord(join, t));
    CONF_OK(cuStreamWaitEvent(s, join, 0));
    launch("add", &b, 40, s);
    CONF_OK(cuStreamEndCapture(s, &graph));
    CONF_VALUE(status_of(t));
    CONF_VALUE(nodes_of(graph));
    CONF_OK(cuGraphGetEdges_v2(graph, NULL, NULL, NULL, &edges));
    CONF_VALUE(edges);
    conf_run_graph(conf_instantiate(graph));
    CONF_VALUE(conf_read(b));
}

CONF_NEGATIVE(cuStreamEndCapture, not_capturing)
{
    CUgraph graph = NULL;

    conf_context();
    CONF_RESULT(cuStreamEndCapture(new_stream(), &graph), CUDA_ERROR_ILLEGAL_STATE);
}

CONF_NEGATIVE(cuStreamEndCapture, unjoined)
{
    CUgraph graph = NULL;
    CUdeviceptr word = 0;
    CUevent fork = NULL;
    CUstream s = NULL, t = NULL;

    conf_context();
    word = conf_word(0);
    (void)conf_module();
    fork = new_event();
    t = new_stream();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_OK(cuEventRecord(fork, s));
    CONF_OK(cuStreamWaitEvent(t, fork, 0));
    launch("store", &word, 3, t);
    CONF_RESULT(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
    CONF_EXPECT(graph == NULL);
    CONF_VALUE(status_of(s));
}

CONF_NEGATIVE(cuStreamEndCapture, not_the_stream_that_began)
{
    CUgraph graph = NULL;
    CUevent fork = NULL;
    CUstream s = NULL, t = NULL;

    conf_context();
    fork = new_event();
    t = new_stream();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_OK(cuEventRecord(fork, s));
    CONF_OK(cuStreamWaitEvent(t, fork, 0));
    CONF_RESULT(cuStreamEndCapture(t, &graph), CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
}

struct ending {
    CUcontext ctx;
    CUstream stream;
    CUresult result;
    CUgraph graph;
};

static void *end_elsewhere(void *arg)
{
    struct ending *e = arg;

    (void)drv.cuCtxSetCurrent(e->ctx);
    e->result = drv.cuStreamEndCapture(e->stream, &e->graph);
    return NULL;
}

static CUresult end_in_another_thread(CUcontext ctx, CUstream stream)
{
    struct ending e = {.ctx = ctx, .stream = stream, .result = CUDA_ERROR_UNKNOWN};
    pthread_t thread;

    CONF_EXPECT(pthread_create(&thread, NULL, end_elsewhere, &e) == 0);
    CONF_EXPECT(pthread_join(thread, NULL) == 0);
    return e.result;
}

CONF_NEGATIVE(cuStreamEndCapture, another_thread)
{
    CUcontext ctx = conf_context();

    CONF_VALUE(end_in_another_thread(ctx, capturing(CU_STREAM_CAPTURE_MODE_GLOBAL)));
    CONF_VALUE(end_in_another_thread(ctx, capturing(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)));
    CONF_VALUE(end_in_another_thread(ctx, capturing(CU_STREAM_CAPTURE_MODE_RELAXED)));
}

CONF_NEGATIVE(cuStreamEndCapture, invalid)
{
    CUgraph graph = NULL;
    CUstream s = NULL;

    conf_context();
    s = capturing(CU_STREAM_CAPTURE_MODE_GLOBAL);
    CONF_RESULT(cuStreamSynchronize(s), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    CONF_VALUE(status_of(s));
    CONF_RESULT(cuStreamEndCapture(s, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    CONF_EXPECT(graph == NULL);
    CONF_VALUE(status_of(s));
}
