/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What captures forbid: each mode of a capture, against each kind of thread, against calls.  The
 * capture's stream is non-blocking, so that nothing here is about the legacy stream's order.
 */
#include "test/conformance/graph.h"

#include <pthread.h>
#include <string.h>

enum who {
    THE_CAPTURING_THREAD,
    ANOTHER_THREAD,
    ANOTHER_RELAXED_THREAD,
};

struct trial {
    CUcontext ctx;
    CUstream captures;
    CUstream other; /* idle, does not capture */
    CUevent event;  /* recorded in `other` before the capture */
    CUdeviceptr memory;
    enum who who;
    CUresult (*call)(struct trial *trial);
    CUresult result;
};

static CUresult call_alloc(struct trial *t)
{
    CUdeviceptr p = 0;

    (void)t;
    return drv.cuMemAlloc_v2(&p, 4096);
}

static CUresult call_host_alloc(struct trial *t)
{
    void *p = NULL;

    (void)t;
    return drv.cuMemHostAlloc(&p, 4096, 0);
}

static CUresult call_event_query(struct trial *t)
{
    return drv.cuEventQuery(t->event);
}

static CUresult call_stream_query(struct trial *t)
{
    return drv.cuStreamQuery(t->other);
}

static CUresult call_stream_synchronize(struct trial *t)
{
    return drv.cuStreamSynchronize(t->other);
}

static CUresult call_module_load(struct trial *t)
{
    CUmodule module = NULL;

    (void)t;
    return drv.cuModuleLoadData(&module, conf_ptx());
}

/* Calls that no capture forbids. */
static CUresult call_current(struct trial *t)
{
    CUcontext ctx = NULL;

    (void)t;
    return drv.cuCtxGetCurrent(&ctx);
}

static CUresult call_device(struct trial *t)
{
    CUdevice dev = 0;

    (void)t;
    return drv.cuCtxGetDevice(&dev);
}

static CUresult call_attribute(struct trial *t)
{
    int value = 0;

    (void)t;
    return drv.cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0);
}

static CUresult call_is_capturing(struct trial *t)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

    return drv.cuStreamIsCapturing(t->captures, &status);
}

static CUresult call_info(struct trial *t)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    cuuint64_t id = 0;

    return drv.cuStreamGetCaptureInfo_v2(t->captures, &status, &id, NULL, NULL, NULL);
}

static CUresult call_event_create(struct trial *t)
{
    CUevent event = NULL;

    (void)t;
    return drv.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING);
}

static CUresult call_flags(struct trial *t)
{
    unsigned int flags = 0;

    return drv.cuStreamGetFlags(t->captures, &flags);
}

static CUresult call_record_elsewhere(struct trial *t)
{
    return drv.cuEventRecord(t->event, t->other);
}

static CUresult call_fill_elsewhere(struct trial *t)
{
    return drv.cuMemsetD8Async(t->memory, 1, 64, t->other);
}

static CUresult call_fill_captured(struct trial *t)
{
    return drv.cuMemsetD8Async(t->memory, 1, 64, t->captures);
}

static CUresult call_graph(struct trial *t)
{
    CUgraph graph = NULL;

    (void)t;
    return drv.cuGraphCreate(&graph, 0);
}

static CUresult call_mode(struct trial *t)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
    CUresult cu = drv.cuThreadExchangeStreamCaptureMode(&mode);

    (void)t;
    return cu == CUDA_SUCCESS ? drv.cuThreadExchangeStreamCaptureMode(&mode) : cu;
}

/* Calls about the capturing stream itself, which no mode allows. */
static CUresult call_query_captured(struct trial *t)
{
    return drv.cuStreamQuery(t->captures);
}

static CUresult call_synchronize_captured(struct trial *t)
{
    return drv.cuStreamSynchronize(t->captures);
}

static void *run_call(void *arg)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    struct trial *t = arg;

    if (t->who != THE_CAPTURING_THREAD) {
        (void)drv.cuCtxSetCurrent(t->ctx);
    }
    if (t->who == ANOTHER_RELAXED_THREAD) {
        (void)drv.cuThreadExchangeStreamCaptureMode(&mode);
    }
    t->result = t->call(t);
    return NULL;
}

static void prepare(struct trial *t)
{
    t->ctx = conf_context();
    t->memory = conf_memory(64);
    CONF_SETUP(cuStreamCreate(&t->captures, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&t->other, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&t->event, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuEventRecord(t->event, t->other));
    CONF_SETUP(cuCtxSynchronize());
}

/* The result of the call, the state of the capture behind it, and the result of its end. */
static void try_one(struct trial *t, CUstreamCaptureMode mode)
{
    CUstreamCaptureStatus status = (CUstreamCaptureStatus)99;
    CUgraph graph = NULL;
    pthread_t thread;

    CONF_SETUP(cuStreamBeginCapture_v2(t->captures, mode));
    t->result = CUDA_ERROR_UNKNOWN;
    if (t->who == THE_CAPTURING_THREAD) {
        (void)run_call(t);
    } else {
        CONF_EXPECT(pthread_create(&thread, NULL, run_call, t) == 0);
        CONF_EXPECT(pthread_join(thread, NULL) == 0);
    }
    CONF_VALUE(t->result);
    CONF_SETUP(cuStreamIsCapturing(t->captures, &status));
    CONF_VALUE(status);
    CONF_VALUE(drv.cuStreamEndCapture(t->captures, &graph));
}

/* Whether native lets an unsafe call through: its documented rule. */
static bool allowed(CUstreamCaptureMode mode, enum who who)
{
    switch (who) {
    case THE_CAPTURING_THREAD:
        return mode == CU_STREAM_CAPTURE_MODE_RELAXED;
    case ANOTHER_THREAD:
        return mode != CU_STREAM_CAPTURE_MODE_GLOBAL;
    case ANOTHER_RELAXED_THREAD:
    default:
        return true;
    }
}

static void expect(const struct trial *t, CUresult want)
{
    CONF_EXPECT(t->result == want);
}

/* All nine combinations of one call. */
static void unsafe(CUresult (*call)(struct trial *t))
{
    struct trial t = {.call = call};

    prepare(&t);
    for (int mode = 0; mode <= CU_STREAM_CAPTURE_MODE_RELAXED; mode++) {
        for (int who = 0; who <= ANOTHER_RELAXED_THREAD; who++) {
            bool good = allowed((CUstreamCaptureMode)mode, (enum who)who);

            t.who = (enum who)who;
            try_one(&t, (CUstreamCaptureMode)mode);
            expect(&t, good ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
        }
    }
}

static void always(CUresult (*call)(struct trial *t), CUresult want)
{
    struct trial t = {.call = call};

    prepare(&t);
    for (int mode = 0; mode <= CU_STREAM_CAPTURE_MODE_RELAXED; mode++) {
        for (int who = 0; who <= ANOTHER_RELAXED_THREAD; who++) {
            t.who = (enum who)who;
            try_one(&t, (CUstreamCaptureMode)mode);
            expect(&t, want);
        }
    }
}

CONF_NEGATIVE(cuMemAlloc_v2, beside_captures)
{
    unsafe(call_alloc);
}

CONF_NEGATIVE(cuMemHostAlloc, beside_captures)
{
    unsafe(call_host_alloc);
}

CONF_NEGATIVE(cuEventQuery, beside_captures)
{
    unsafe(call_event_query);
}

CONF_NEGATIVE(cuStreamQuery, beside_captures)
{
    unsafe(call_stream_query);
}

CONF_NEGATIVE(cuStreamSynchronize, beside_captures)
{
    unsafe(call_stream_synchronize);
}

CONF_POSITIVE(cuModuleLoadData, beside_captures)
{
    always(call_module_load, CUDA_SUCCESS);
}

CONF_POSITIVE(cuCtxGetCurrent, beside_captures)
{
    always(call_current, CUDA_SUCCESS);
}

CONF_POSITIVE(cuCtxGetDevice, beside_captures)
{
    always(call_device, CUDA_SUCCESS);
}

CONF_POSITIVE(cuDeviceGetAttribute, beside_captures)
{
    always(call_attribute, CUDA_SUCCESS);
}

CONF_POSITIVE(cuStreamIsCapturing, beside_captures)
{
    always(call_is_capturing, CUDA_SUCCESS);
}

CONF_POSITIVE(cuStreamGetCaptureInfo_v2, beside_captures)
{
    always(call_info, CUDA_SUCCESS);
}

CONF_POSITIVE(cuEventCreate, beside_captures)
{
    always(call_event_create, CUDA_SUCCESS);
}

CONF_NEGATIVE(cuStreamGetFlags, of_a_capturing_stream)
{
    always(call_flags, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_POSITIVE(cuEventRecord, beside_captures)
{
    always(call_record_elsewhere, CUDA_SUCCESS);
}

CONF_POSITIVE(cuMemsetD8Async, beside_captures)
{
    always(call_fill_elsewhere, CUDA_SUCCESS);
}

CONF_POSITIVE(cuGraphCreate, beside_captures)
{
    always(call_graph, CUDA_SUCCESS);
}

CONF_POSITIVE(cuThreadExchangeStreamCaptureMode, beside_captures)
{
    always(call_mode, CUDA_SUCCESS);
}

CONF_POSITIVE(cuMemsetD8Async, captured_from_any_thread)
{
    always(call_fill_captured, CUDA_SUCCESS);
}

CONF_NEGATIVE(cuStreamQuery, of_a_capturing_stream)
{
    always(call_query_captured, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_NEGATIVE(cuStreamSynchronize, of_a_capturing_stream)
{
    always(call_synchronize_captured, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_NEGATIVE(cuStreamWaitEvent, of_an_event_outside_the_capture)
{
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_RESULT(cuStreamWaitEvent(t.captures, t.event, 0), CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
    CONF_OK(cuStreamIsCapturing(t.captures, &status));
    CONF_VALUE(status);
}

CONF_NEGATIVE(cuStreamWaitEvent, of_another_capture)
{
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_SETUP(cuStreamBeginCapture_v2(t.other, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_SETUP(cuEventRecord(t.event, t.other));
    CONF_RESULT(cuStreamWaitEvent(t.captures, t.event, 0), CUDA_ERROR_STREAM_CAPTURE_MERGE);
}

CONF_NEGATIVE(cuEventQuery, of_a_captured_event)
{
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_SETUP(cuEventRecord(t.event, t.captures));
    CONF_RESULT(cuEventQuery(t.event), CUDA_ERROR_CAPTURED_EVENT);
}

CONF_NEGATIVE(cuEventSynchronize, of_a_captured_event)
{
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_SETUP(cuEventRecord(t.event, t.captures));
    CONF_RESULT(cuEventSynchronize(t.event), CUDA_ERROR_CAPTURED_EVENT);
}

static void nothing(CUstream stream, CUresult status, void *arg)
{
    (void)stream;
    (void)status;
    (void)arg;
}

CONF_NEGATIVE(cuStreamAddCallback, in_a_capturing_stream)
{
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_RESULT(cuStreamAddCallback(t.captures, nothing, NULL, 0),
                CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CONF_NEGATIVE(cuMemsetD8Async, legacy_beside_a_blocking_stream)
{
    CUstream s = NULL;
    struct trial t = {.call = NULL};

    prepare(&t);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    CONF_SETUP(cuStreamBeginCapture_v2(s, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_RESULT(cuMemsetD8Async(t.memory, 1, 64, NULL), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
}

CONF_POSITIVE(cuMemsetD8Async, legacy_beside_a_non_blocking_stream)
{
    struct trial t = {.call = NULL};
    CUgraph graph = NULL;

    prepare(&t);
    CONF_SETUP(cuStreamBeginCapture_v2(t.captures, CU_STREAM_CAPTURE_MODE_RELAXED));
    CONF_OK(cuMemsetD8Async(t.memory, 1, 64, NULL));
    CONF_OK(cuStreamEndCapture(t.captures, &graph));
}
