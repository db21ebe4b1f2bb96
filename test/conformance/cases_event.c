/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

CONF_POSITIVE(cuEventCreate, every_flag)
{
    CUevent e = NULL;

    conf_context();
    CONF_OK(cuEventCreate(&e, CU_EVENT_DEFAULT));
    CONF_OK(cuEventDestroy_v2(e));
    CONF_OK(cuEventCreate(&e, CU_EVENT_BLOCKING_SYNC));
    CONF_OK(cuEventDestroy_v2(e));
    CONF_OK(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    CONF_OK(cuEventDestroy_v2(e));
    CONF_OK(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING | CU_EVENT_BLOCKING_SYNC));
    CONF_OK(cuEventDestroy_v2(e));
}

CONF_NEGATIVE(cuEventCreate, null_out)
{
    conf_context();
    CONF_RESULT(cuEventCreate(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuEventCreate, bad_flags)
{
    CUevent e = NULL;

    conf_context();
    CONF_RESULT(cuEventCreate(&e, 0x80), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuEventCreate, interprocess_with_timing)
{
    CUevent e = NULL;

    conf_context();
    CONF_RESULT(cuEventCreate(&e, CU_EVENT_INTERPROCESS), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuEventCreate, no_context)
{
    CUevent e = NULL;

    conf_device();
    CONF_RESULT(cuEventCreate(&e, 0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuEventCreate, before_init)
{
    CUevent e = NULL;

    CONF_RESULT(cuEventCreate(&e, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuEventRecord, null_stream)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuEventRecord(e, NULL));
    CONF_OK(cuEventSynchronize(e));
    CONF_OK(cuEventQuery(e));
}

CONF_POSITIVE(cuEventRecord, again_moves_it)
{
    CUevent e = NULL;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuEventRecord(e, s));
    CONF_OK(cuEventSynchronize(e));
    conf_busy_start(&busy, s);
    CONF_OK(cuEventRecord(e, s));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuEventSynchronize(e));
}

CONF_NEGATIVE(cuEventRecord, null_event)
{
    conf_context();
    CONF_RESULT(cuEventRecord(NULL, NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventRecord, no_context)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_RESULT(cuEventRecord(e, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuEventRecord, before_init)
{
    CONF_RESULT(cuEventRecord(NULL, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuEventRecordWithFlags, default_flags)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuEventRecordWithFlags(e, NULL, CU_EVENT_RECORD_DEFAULT));
    CONF_OK(cuEventSynchronize(e));
}

CONF_NEGATIVE(cuEventRecordWithFlags, bad_flags)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_RESULT(cuEventRecordWithFlags(e, NULL, 0x80), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuEventRecordWithFlags, external_outside_a_capture)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_RESULT(cuEventRecordWithFlags(e, NULL, CU_EVENT_RECORD_EXTERNAL),
                CUDA_ERROR_ILLEGAL_STATE);
}

CONF_NEGATIVE(cuEventRecordWithFlags, null_event)
{
    conf_context();
    CONF_RESULT(cuEventRecordWithFlags(NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuEventQuery, never_recorded)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuEventQuery(e));
}

CONF_NEGATIVE(cuEventQuery, not_ready)
{
    CUevent e = NULL;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, s);
    CONF_SETUP(cuEventRecord(e, s));
    CONF_RESULT(cuEventQuery(e), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuEventQuery(e));
}

CONF_NEGATIVE(cuEventQuery, null_event)
{
    conf_context();
    CONF_RESULT(cuEventQuery(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuEventSynchronize, never_recorded)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuEventSynchronize(e));
}

CONF_POSITIVE(cuEventSynchronize, blocking_event)
{
    CUevent e = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1;
    void *params[] = {&p, &one};

    conf_context();
    f = conf_kernel("add");
    p = conf_memory(4 << 20);
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_BLOCKING_SYNC));
    conf_launch(f, 64, 1024, NULL, params);
    CONF_SETUP(cuEventRecord(e, NULL));
    CONF_OK(cuEventSynchronize(e));
    CONF_OK(cuStreamQuery(NULL));
}

CONF_NEGATIVE(cuEventSynchronize, null_event)
{
    conf_context();
    CONF_RESULT(cuEventSynchronize(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventSynchronize, null_before_init)
{
    CONF_RESULT(cuEventSynchronize(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuEventDestroy_v2, while_pending)
{
    CUevent e = NULL;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, s);
    CONF_SETUP(cuEventRecord(e, s));
    CONF_OK(cuEventDestroy_v2(e));
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
}

CONF_NEGATIVE(cuEventDestroy_v2, null_event)
{
    conf_context();
    CONF_RESULT(cuEventDestroy_v2(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventDestroy_v2, null_before_init)
{
    CONF_RESULT(cuEventDestroy_v2(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuEventElapsedTime, around_work)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1;
    void *params[] = {&p, &one};

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    f = conf_kernel("add");
    p = conf_memory(1 << 20);
    CONF_SETUP(cuEventRecord(a, NULL));
    conf_launch(f, 64, 256, NULL, params);
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_OK(cuEventElapsedTime(&ms, a, b));
    CONF_EXPECT(ms > 0.0f);
    CONF_OK(cuEventElapsedTime(&ms, b, a));
    CONF_EXPECT(ms < 0.0f);
    CONF_OK(cuEventElapsedTime(&ms, a, a));
    CONF_EXPECT(ms == 0.0f);
}

CONF_NEGATIVE(cuEventElapsedTime, null_out)
{
    CUevent a = NULL, b = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_SETUP(cuEventRecord(a, NULL));
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_RESULT(cuEventElapsedTime(NULL, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime, never_recorded)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_RESULT(cuEventElapsedTime(&ms, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime, timing_disabled)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuEventCreate(&b, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuEventRecord(a, NULL));
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_RESULT(cuEventElapsedTime(&ms, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime, not_ready)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventRecord(a, s));
    conf_busy_start(&busy, s);
    CONF_SETUP(cuEventRecord(b, s));
    CONF_RESULT(cuEventElapsedTime(&ms, a, b), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuEventElapsedTime(&ms, a, b));
}

CONF_NEGATIVE(cuEventElapsedTime, null_events)
{
    float ms = -1.0f;

    conf_context();
    CONF_RESULT(cuEventElapsedTime(&ms, NULL, NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuEventElapsedTime_v2, around_work)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1;
    void *params[] = {&p, &one};

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    f = conf_kernel("add");
    p = conf_memory(1 << 20);
    CONF_SETUP(cuEventRecord(a, NULL));
    conf_launch(f, 64, 256, NULL, params);
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_OK(cuEventElapsedTime_v2(&ms, a, b));
    CONF_EXPECT(ms > 0.0f);
    CONF_OK(cuEventElapsedTime_v2(&ms, b, a));
    CONF_EXPECT(ms < 0.0f);
    CONF_OK(cuEventElapsedTime_v2(&ms, a, a));
    CONF_EXPECT(ms == 0.0f);
}

CONF_NEGATIVE(cuEventElapsedTime_v2, null_out)
{
    CUevent a = NULL, b = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_SETUP(cuEventRecord(a, NULL));
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_RESULT(cuEventElapsedTime_v2(NULL, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime_v2, never_recorded)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_RESULT(cuEventElapsedTime_v2(&ms, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime_v2, timing_disabled)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuEventCreate(&b, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuEventRecord(a, NULL));
    CONF_SETUP(cuEventRecord(b, NULL));
    CONF_SETUP(cuEventSynchronize(b));
    CONF_RESULT(cuEventElapsedTime_v2(&ms, a, b), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventElapsedTime_v2, not_ready)
{
    CUevent a = NULL, b = NULL;
    float ms = -1.0f;
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuEventCreate(&a, 0));
    CONF_SETUP(cuEventCreate(&b, 0));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventRecord(a, s));
    conf_busy_start(&busy, s);
    CONF_SETUP(cuEventRecord(b, s));
    CONF_RESULT(cuEventElapsedTime_v2(&ms, a, b), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuEventElapsedTime_v2(&ms, a, b));
}

CONF_NEGATIVE(cuEventElapsedTime_v2, null_events)
{
    float ms = -1.0f;

    conf_context();
    CONF_RESULT(cuEventElapsedTime_v2(&ms, NULL, NULL), CUDA_ERROR_INVALID_HANDLE);
}
