/* SPDX-License-Identifier: Apache-2.0 */

/* What a query of a stream says while other things happen. */
#include "test/conformance/conf.h"

#include <sched.h>

static CUstream new_stream(unsigned int flags)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, flags));
    return s;
}

/* Queries and does nothing else until all is done. */
static CUresult poll_stream(CUstream s)
{
    CUresult cu;

    while ((cu = drv.cuStreamQuery(s)) == CUDA_ERROR_NOT_READY) {
        (void)sched_yield();
    }
    return cu;
}

static void by_itself(CUstream s)
{
    struct conf_busy busy;

    for (int i = 0; i < 3; i++) {
        conf_busy_start(&busy, s);
        CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
        CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_stream(s) == CUDA_SUCCESS);
        CONF_OK(cuStreamQuery(s));
    }
}

CONF_POSITIVE(cuStreamQuery, becomes_ready_by_itself)
{
    conf_context();
    by_itself(new_stream(CU_STREAM_NON_BLOCKING));
}

CONF_POSITIVE(cuStreamQuery, blocking_stream)
{
    conf_context();
    by_itself(new_stream(CU_STREAM_DEFAULT));
}

CONF_POSITIVE(cuStreamQuery, legacy_stream)
{
    conf_context();
    by_itself(CU_STREAM_LEGACY);
}

CONF_POSITIVE(cuStreamQuery, stream_of_a_thread)
{
    conf_context();
    by_itself(CU_STREAM_PER_THREAD);
}

CONF_POSITIVE(cuStreamQuery, legacy_waits_for_blocking_streams)
{
    CUstream s, other;
    struct conf_busy busy;

    conf_context();
    s = new_stream(CU_STREAM_DEFAULT);
    other = new_stream(CU_STREAM_NON_BLOCKING);
    for (int i = 0; i < 3; i++) {
        conf_busy_start(&busy, s);
        CONF_RESULT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
        conf_launch(conf_kernel("noop"), 1, 1, other, NULL);
        CONF_RESULT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_EXPECT(poll_stream(NULL) == CUDA_SUCCESS);
        CONF_OK(cuStreamQuery(s));
    }
}

CONF_POSITIVE(cuStreamQuery, short_work_again_and_again)
{
    unsigned int value, wrong = 0, word = 0;
    CUdeviceptr p = 0;
    CUstream s;
    void *params[] = {&p, &value};

    conf_context();
    s = new_stream(CU_STREAM_NON_BLOCKING);
    p = conf_memory(4);
    for (value = 1; value <= 100; value++) {
        conf_launch(conf_kernel("store"), 1, 1, s, params);
        wrong += poll_stream(s) != CUDA_SUCCESS;
        CONF_SETUP(cuMemcpyDtoH_v2(&word, p, 4));
        wrong += word != value;
    }
    CONF_VALUE(wrong);
}

CONF_POSITIVE(cuStreamQuery, more_work_while_polling)
{
    CUstream s;
    struct conf_busy first, then;

    conf_context();
    s = new_stream(CU_STREAM_NON_BLOCKING);
    conf_busy_start(&first, s);
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    conf_busy_start(&then, s);
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&first);
    for (int i = 0; i < 1000; i++) {
        CONF_SETUP(cuStreamIsCapturing(s, &(CUstreamCaptureStatus){0}));
    }
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&then);
    CONF_EXPECT(poll_stream(s) == CUDA_SUCCESS);
}

/* Whoever has waited in another way finds it done at once. */
CONF_POSITIVE(cuStreamQuery, after_waiting_elsewhere)
{
    CUstream s;
    CUevent e = NULL;
    struct conf_busy busy;

    conf_context();
    s = new_stream(CU_STREAM_NON_BLOCKING);
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    for (int i = 0; i < 6; i++) {
        conf_busy_start(&busy, s);
        CONF_SETUP(cuEventRecord(e, s));
        if (i >= 3) {
            CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
        }
        conf_busy_stop(&busy);
        if (i % 3 == 0) {
            CONF_SETUP(cuEventSynchronize(e));
        } else if (i % 3 == 1) {
            CONF_SETUP(cuCtxSynchronize());
        } else {
            CONF_SETUP(cuStreamSynchronize(s));
        }
        CONF_OK(cuStreamQuery(s));
    }
}

/* An index that is used again says nothing of its earlier stream. */
CONF_POSITIVE(cuStreamQuery, of_a_new_stream_while_an_old_one_runs)
{
    CUstream old, young;
    struct conf_busy busy, other;

    conf_context();
    for (int i = 0; i < 3; i++) {
        old = new_stream(CU_STREAM_NON_BLOCKING);
        conf_busy_start(&busy, old);
        CONF_RESULT(cuStreamQuery(old), CUDA_ERROR_NOT_READY);
        CONF_OK(cuStreamDestroy_v2(old));
        young = new_stream(CU_STREAM_NON_BLOCKING);
        CONF_OK(cuStreamQuery(young));
        conf_busy_start(&other, young);
        CONF_RESULT(cuStreamQuery(young), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&busy);
        CONF_RESULT(cuStreamQuery(young), CUDA_ERROR_NOT_READY);
        conf_busy_stop(&other);
        CONF_EXPECT(poll_stream(young) == CUDA_SUCCESS);
        CONF_OK(cuStreamDestroy_v2(young));
    }
}

CONF_NEGATIVE(cuStreamQuery, sees_the_fault)
{
    CUdeviceptr p = 0x100;
    void *params[] = {&p};
    CUstream s;

    conf_context();
    s = new_stream(CU_STREAM_NON_BLOCKING);
    conf_launch(conf_kernel("noop"), 1, 1, s, NULL);
    CONF_EXPECT(poll_stream(s) == CUDA_SUCCESS);
    conf_launch(conf_kernel("bad_store"), 1, 1, s, params);
    CONF_EXPECT(poll_stream(s) == CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_ILLEGAL_ADDRESS);
}
