/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

CONF_POSITIVE(cuStreamCreate, default_and_non_blocking)
{
    CUstream a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuStreamCreate(&a, CU_STREAM_DEFAULT));
    CONF_OK(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    CONF_EXPECT(a && b && a != b);
    CONF_OK(cuStreamDestroy_v2(a));
    CONF_OK(cuStreamDestroy_v2(b));
}

CONF_POSITIVE(cuStreamCreate, many)
{
    CUstream s[100] = {NULL};
    int refused = 0;

    conf_context();
    for (int i = 0; i < 100; i++) {
        refused += drv.cuStreamCreate(&s[i], CU_STREAM_NON_BLOCKING) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    for (int i = 0; i < 100; i++) {
        refused += drv.cuStreamDestroy_v2(s[i]) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
}

CONF_NEGATIVE(cuStreamCreate, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamCreate(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamCreate, bad_flags)
{
    CUstream s = NULL;

    conf_context();
    CONF_RESULT(cuStreamCreate(&s, 0x80), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamCreate, no_context)
{
    CUstream s = NULL;

    conf_device();
    CONF_RESULT(cuStreamCreate(&s, 0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamCreate, before_init)
{
    CUstream s = NULL;

    CONF_RESULT(cuStreamCreate(&s, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuStreamCreateWithPriority, in_range)
{
    CUstream s = NULL;
    int least = 0, greatest = 0, got = 99;

    conf_context();
    CONF_SETUP(cuCtxGetStreamPriorityRange(&least, &greatest));
    CONF_OK(cuStreamCreateWithPriority(&s, 0, greatest));
    CONF_OK(cuStreamGetPriority(s, &got));
    CONF_EXPECT(got == greatest);
    CONF_OK(cuStreamDestroy_v2(s));
}

CONF_POSITIVE(cuStreamCreateWithPriority, clamped)
{
    CUstream s = NULL;
    int least = 0, greatest = 0, got = 99;

    conf_context();
    CONF_SETUP(cuCtxGetStreamPriorityRange(&least, &greatest));
    CONF_OK(cuStreamCreateWithPriority(&s, CU_STREAM_NON_BLOCKING, -1000));
    CONF_OK(cuStreamGetPriority(s, &got));
    CONF_EXPECT(got == greatest);
    CONF_OK(cuStreamCreateWithPriority(&s, CU_STREAM_NON_BLOCKING, 1000));
    CONF_OK(cuStreamGetPriority(s, &got));
    CONF_EXPECT(got == least);
}

CONF_NEGATIVE(cuStreamCreateWithPriority, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamCreateWithPriority(NULL, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamCreateWithPriority, bad_flags)
{
    CUstream s = NULL;

    conf_context();
    CONF_RESULT(cuStreamCreateWithPriority(&s, 0x80, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamCreateWithPriority, no_context)
{
    CUstream s = NULL;

    conf_device();
    CONF_RESULT(cuStreamCreateWithPriority(&s, 0, 0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamDestroy_v2, with_work_left)
{
    CUstream s = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1, word = 0;
    void *params[] = {&p, &one};

    conf_context();
    f = conf_kernel("add");
    p = conf_memory(4);
    CONF_SETUP(cuMemsetD32_v2(p, 0, 1));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    for (int i = 0; i < 50; i++) {
        conf_launch(f, 1, 1, s, params);
    }
    CONF_OK(cuStreamDestroy_v2(s));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuStreamDestroy_v2, null)
{
    conf_context();
    CONF_RESULT(cuStreamDestroy_v2(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuStreamDestroy_v2, legacy)
{
    conf_context();
    CONF_RESULT(cuStreamDestroy_v2(CU_STREAM_LEGACY), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuStreamDestroy_v2, null_before_init)
{
    CONF_RESULT(cuStreamDestroy_v2(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuStreamGetPriority, null_stream)
{
    int p = 99;

    conf_context();
    CONF_OK(cuStreamGetPriority(NULL, &p));
    CONF_VALUE(p);
}

CONF_NEGATIVE(cuStreamGetPriority, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamGetPriority(NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetPriority, no_context)
{
    int p = 99;

    conf_device();
    CONF_RESULT(cuStreamGetPriority(NULL, &p), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamGetFlags, as_created)
{
    CUstream s = NULL;
    unsigned int flags = 99;

    conf_context();
    CONF_OK(cuStreamGetFlags(NULL, &flags));
    CONF_VALUE(flags);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuStreamGetFlags(s, &flags));
    CONF_VALUE(flags);
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamGetFlags(s, &flags));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuStreamGetFlags, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamGetFlags(NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetFlags, no_context)
{
    unsigned int flags = 99;

    conf_device();
    CONF_RESULT(cuStreamGetFlags(NULL, &flags), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamGetId, unique)
{
    CUstream a = NULL, b = NULL;
    unsigned long long x = 0, y = 0, z = 0;

    conf_context();
    CONF_SETUP(cuStreamCreate(&a, 0));
    CONF_SETUP(cuStreamCreate(&b, 0));
    CONF_OK(cuStreamGetId(a, &x));
    CONF_OK(cuStreamGetId(b, &y));
    CONF_OK(cuStreamGetId(NULL, &z));
    CONF_EXPECT(x != y && x != z && y != z);
}

CONF_NEGATIVE(cuStreamGetId, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamGetId(NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetId, no_context)
{
    unsigned long long id = 0;

    conf_device();
    CONF_RESULT(cuStreamGetId(NULL, &id), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamGetCtx, plain)
{
    CUcontext ctx = conf_context();
    CUstream s = NULL;
    CUcontext got = NULL;

    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamGetCtx(s, &got));
    CONF_EXPECT(got == ctx);
    got = NULL;
    CONF_OK(cuStreamGetCtx(NULL, &got));
    CONF_EXPECT(got == ctx);
}

CONF_NEGATIVE(cuStreamGetCtx, null_out)
{
    conf_context();
    CONF_RESULT(cuStreamGetCtx(NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamGetCtx, no_context)
{
    CUcontext got = NULL;

    conf_device();
    CONF_RESULT(cuStreamGetCtx(NULL, &got), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamWaitEvent, orders_two_streams)
{
    CUstream a = NULL, b = NULL;
    CUevent e = NULL;
    CUfunction f = NULL, g = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1, ten = 10, word = 0;
    void *first[] = {&p, &ten}, *then[] = {&p, &one};
    struct conf_busy busy;

    conf_context();
    f = conf_kernel("store");
    g = conf_kernel("add");
    p = conf_memory(4);
    CONF_SETUP(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&e, CU_EVENT_DISABLE_TIMING));
    conf_busy_start(&busy, a);
    conf_launch(f, 1, 1, a, first);
    CONF_OK(cuEventRecord(e, a));
    CONF_OK(cuStreamWaitEvent(b, e, 0));
    conf_launch(g, 1, 1, b, then);
    CONF_RESULT(cuStreamQuery(b), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(b));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuStreamWaitEvent, never_recorded)
{
    CUstream s = NULL;
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuStreamWaitEvent(s, e, 0));
    CONF_OK(cuStreamSynchronize(s));
}

CONF_NEGATIVE(cuStreamWaitEvent, null_event)
{
    conf_context();
    CONF_RESULT(cuStreamWaitEvent(NULL, NULL, 0), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuStreamWaitEvent, bad_flags)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_RESULT(cuStreamWaitEvent(NULL, e, 0x80), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuStreamWaitEvent, before_init)
{
    CONF_RESULT(cuStreamWaitEvent(NULL, NULL, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuStreamQuery, idle)
{
    CUstream s = NULL;

    conf_context();
    CONF_OK(cuStreamQuery(NULL));
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamQuery(s));
}

CONF_NEGATIVE(cuStreamQuery, busy)
{
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, s);
    CONF_RESULT(cuStreamQuery(s), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuStreamQuery(s));
}

CONF_NEGATIVE(cuStreamQuery, null_stream_sees_blocking_streams)
{
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    conf_busy_start(&busy, s);
    CONF_RESULT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(NULL));
    CONF_OK(cuStreamQuery(s));
}

CONF_POSITIVE(cuStreamQuery, null_stream_ignores_non_blocking_streams)
{
    CUstream s = NULL;
    struct conf_busy busy;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, s);
    CONF_OK(cuStreamQuery(NULL));
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(s));
}

CONF_NEGATIVE(cuStreamQuery, no_context)
{
    conf_device();
    CONF_RESULT(cuStreamQuery(NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuStreamSynchronize, only_its_stream)
{
    CUstream a = NULL, b = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int value = 4;
    void *params[] = {&p, &value};
    struct conf_busy busy;

    conf_context();
    f = conf_kernel("store");
    p = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamCreate(&b, CU_STREAM_NON_BLOCKING));
    conf_busy_start(&busy, a);
    conf_launch(f, 1, 64, b, params);
    CONF_OK(cuStreamSynchronize(b));
    CONF_RESULT(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
    conf_busy_stop(&busy);
    CONF_OK(cuStreamSynchronize(a));
}

CONF_POSITIVE(cuStreamSynchronize, blocking_streams_follow_the_null_stream)
{
    CUstream s = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int three = 3, two = 2, word = 0;
    void *first[] = {&p, &three}, *then[] = {&p, &two};

    conf_context();
    f = conf_kernel("store");
    p = conf_memory(4);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_DEFAULT));
    conf_launch(f, 1, 1, NULL, first);
    conf_launch(conf_kernel("add"), 1, 1, s, then);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuStreamSynchronize, no_context)
{
    conf_device();
    CONF_RESULT(cuStreamSynchronize(NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuStreamSynchronize, before_init)
{
    CONF_RESULT(cuStreamSynchronize(NULL), CUDA_ERROR_NOT_INITIALIZED);
}
