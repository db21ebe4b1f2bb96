/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#define NO_DEVICE ((CUdevice)9999)

CONF_POSITIVE(cuCtxCreate_v2, made_current)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, now = NULL;

    CONF_OK(cuCtxCreate_v2(&a, 0, dev));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(a && now == a);
    CONF_OK(cuCtxDestroy_v2(a));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
}

CONF_POSITIVE(cuCtxCreate_v2, second_context)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, b = NULL, now = NULL;
    CUdeviceptr p = 0, q = 0;
    unsigned int word = 0;

    CONF_OK(cuCtxCreate_v2(&a, 0, dev));
    CONF_OK(cuMemAlloc_v2(&p, 4096));
    CONF_OK(cuCtxCreate_v2(&b, 0, dev));
    CONF_EXPECT(a != b);
    CONF_OK(cuMemAlloc_v2(&q, 4096));
    CONF_OK(cuMemsetD32_v2(q, 5, 1024));
    CONF_OK(cuMemcpyDtoH_v2(&word, q, 4));
    CONF_VALUE(word);
    CONF_OK(cuCtxDestroy_v2(b));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == a);
    CONF_OK(cuMemsetD32_v2(p, 6, 1024));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
    CONF_OK(cuCtxDestroy_v2(a));
}

CONF_POSITIVE(cuCtxCreate_v2, flags)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    unsigned int flags = 0;

    CONF_OK(cuCtxCreate_v2(&a, CU_CTX_SCHED_BLOCKING_SYNC | CU_CTX_MAP_HOST, dev));
    CONF_OK(cuCtxGetFlags(&flags));
    CONF_VALUE(flags & CU_CTX_SCHED_MASK);
}

CONF_NEGATIVE(cuCtxCreate_v2, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuCtxCreate_v2(NULL, 0, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v2, bad_flags)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v2(&a, 0x10000, dev), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(a == NULL);
}

CONF_NEGATIVE(cuCtxCreate_v2, two_schedules)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v2(&a, CU_CTX_SCHED_SPIN | CU_CTX_SCHED_YIELD, dev),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v2, bad_device)
{
    CUcontext a = NULL;

    conf_device();
    CONF_RESULT(cuCtxCreate_v2(&a, 0, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuCtxCreate_v2, before_init)
{
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v2(&a, 0, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxCreate_v4, without_params)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, now = NULL;

    CONF_OK(cuCtxCreate_v4(&a, NULL, 0, dev));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(a && now == a);
    CONF_OK(cuCtxDestroy_v2(a));
}

CONF_POSITIVE(cuCtxCreate_v4, empty_params)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    CUctxCreateParams params = {0};

    CONF_OK(cuCtxCreate_v4(&a, &params, 0, dev));
    CONF_OK(cuCtxDestroy_v2(a));
}

CONF_NEGATIVE(cuCtxCreate_v4, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuCtxCreate_v4(NULL, NULL, 0, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v4, bad_flags)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v4(&a, NULL, 0x10000, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v4, bad_device)
{
    CUcontext a = NULL;

    conf_device();
    CONF_RESULT(cuCtxCreate_v4(&a, NULL, 0, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuCtxCreate_v4, before_init)
{
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v4(&a, NULL, 0, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxDestroy_v2, frees_what_it_owns)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    CUdeviceptr p = 0;
    CUstream s = NULL;

    CONF_SETUP(cuCtxCreate_v2(&a, 0, dev));
    CONF_SETUP(cuMemAlloc_v2(&p, 1 << 20));
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuCtxDestroy_v2(a));
}

CONF_POSITIVE(cuCtxDestroy_v2, not_current)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, b = NULL, now = NULL;

    CONF_SETUP(cuCtxCreate_v2(&a, 0, dev));
    CONF_SETUP(cuCtxCreate_v2(&b, 0, dev));
    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_OK(cuCtxDestroy_v2(b));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == a);
}

CONF_NEGATIVE(cuCtxDestroy_v2, null)
{
    conf_device();
    CONF_RESULT(cuCtxDestroy_v2(NULL), CUDA_ERROR_INVALID_VALUE);
}

/* The driver looks at the handle before it asks whether cuInit was called. */
CONF_NEGATIVE(cuCtxDestroy_v2, null_before_init)
{
    CONF_RESULT(cuCtxDestroy_v2(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuCtxPushCurrent_v2, stack)
{
    CUcontext ctx = conf_context();
    CUcontext now = NULL, out = NULL;

    CONF_OK(cuCtxPushCurrent_v2(ctx));
    CONF_OK(cuCtxPopCurrent_v2(&out));
    CONF_EXPECT(out == ctx);
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
    CONF_OK(cuCtxPopCurrent_v2(&out));
    CONF_EXPECT(out == ctx);
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
    CONF_OK(cuCtxPushCurrent_v2(ctx));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
}

CONF_NEGATIVE(cuCtxPushCurrent_v2, null)
{
    conf_device();
    CONF_RESULT(cuCtxPushCurrent_v2(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxPushCurrent_v2, before_init)
{
    CONF_RESULT(cuCtxPushCurrent_v2(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxPopCurrent_v2, null_out)
{
    CUcontext ctx = conf_context();
    CUcontext now = ctx;

    CONF_OK(cuCtxPopCurrent_v2(NULL));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
}

CONF_NEGATIVE(cuCtxPopCurrent_v2, empty_stack)
{
    CUcontext out = NULL;

    conf_device();
    CONF_RESULT(cuCtxPopCurrent_v2(&out), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxPopCurrent_v2, once_too_often)
{
    CUcontext out = NULL;

    conf_context();
    CONF_OK(cuCtxPopCurrent_v2(&out));
    CONF_RESULT(cuCtxPopCurrent_v2(&out), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxPopCurrent_v2, before_init)
{
    CUcontext out = NULL;

    CONF_RESULT(cuCtxPopCurrent_v2(&out), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxSetCurrent, replaces_top)
{
    CUcontext ctx = conf_context();
    CUcontext b = NULL, now = NULL, out = NULL;

    CONF_SETUP(cuCtxCreate_v2(&b, 0, 0));
    CONF_OK(cuCtxSetCurrent(ctx));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
    CONF_OK(cuCtxPopCurrent_v2(&out));
    CONF_EXPECT(out == ctx);
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
}

CONF_POSITIVE(cuCtxSetCurrent, null_pops)
{
    CUcontext ctx = conf_context();
    CUcontext now = ctx;

    CONF_OK(cuCtxSetCurrent(NULL));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
    CONF_OK(cuCtxSetCurrent(NULL));
}

CONF_NEGATIVE(cuCtxSetCurrent, before_init)
{
    CONF_RESULT(cuCtxSetCurrent(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuCtxSetCurrent, after_null_nothing_works)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuCtxSetCurrent(NULL));
    CONF_RESULT(cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuCtxGetCurrent, none)
{
    CUcontext now = (CUcontext)&now;

    conf_device();
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
}

CONF_POSITIVE(cuCtxGetCurrent, some)
{
    CUcontext ctx = conf_context();
    CUcontext now = NULL;

    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
}

CONF_NEGATIVE(cuCtxGetCurrent, null_out)
{
    conf_device();
    CONF_RESULT(cuCtxGetCurrent(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetCurrent, before_init)
{
    CUcontext now = NULL;

    CONF_RESULT(cuCtxGetCurrent(&now), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetDevice, plain)
{
    CUdevice dev = 99;

    conf_context();
    CONF_OK(cuCtxGetDevice(&dev));
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuCtxGetDevice, null_out)
{
    conf_context();
    CONF_RESULT(cuCtxGetDevice(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetDevice, no_context)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuCtxGetDevice(&dev), CUDA_ERROR_INVALID_CONTEXT);
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuCtxGetDevice, before_init)
{
    CUdevice dev = 99;

    CONF_RESULT(cuCtxGetDevice(&dev), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetFlags, automatic)
{
    unsigned int flags = 99;

    conf_context();
    CONF_OK(cuCtxGetFlags(&flags));
    CONF_VALUE(flags & CU_CTX_SCHED_MASK);
}

CONF_NEGATIVE(cuCtxGetFlags, null_out)
{
    conf_context();
    CONF_RESULT(cuCtxGetFlags(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetFlags, no_context)
{
    unsigned int flags = 99;

    conf_device();
    CONF_RESULT(cuCtxGetFlags(&flags), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxGetFlags, before_init)
{
    unsigned int flags = 99;

    CONF_RESULT(cuCtxGetFlags(&flags), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetId, unique)
{
    CUcontext ctx = conf_context();
    CUcontext b = NULL;
    unsigned long long x = 0, y = 0, z = 0;

    CONF_OK(cuCtxGetId(ctx, &x));
    CONF_OK(cuCtxGetId(NULL, &z));
    CONF_EXPECT(x == z);
    CONF_SETUP(cuCtxCreate_v2(&b, 0, 0));
    CONF_OK(cuCtxGetId(b, &y));
    CONF_EXPECT(x != y);
}

CONF_NEGATIVE(cuCtxGetId, null_out)
{
    CUcontext ctx = conf_context();

    CONF_RESULT(cuCtxGetId(ctx, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetId, no_context)
{
    unsigned long long id = 0;

    conf_device();
    CONF_RESULT(cuCtxGetId(NULL, &id), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxGetId, before_init)
{
    unsigned long long id = 0;

    CONF_RESULT(cuCtxGetId(NULL, &id), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetApiVersion, of_v2)
{
    CUcontext ctx = conf_context();
    unsigned int v = 0, w = 0;

    CONF_OK(cuCtxGetApiVersion(ctx, &v));
    CONF_OK(cuCtxGetApiVersion(NULL, &w));
    CONF_VALUE(v);
    CONF_EXPECT(v == w);
}

CONF_NEGATIVE(cuCtxGetApiVersion, null_out)
{
    CUcontext ctx = conf_context();

    CONF_RESULT(cuCtxGetApiVersion(ctx, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetApiVersion, no_context)
{
    unsigned int v = 0;

    conf_device();
    CONF_RESULT(cuCtxGetApiVersion(NULL, &v), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuCtxSynchronize, idle)
{
    conf_context();
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuCtxSynchronize, after_work)
{
    CUfunction fn = NULL;
    CUdeviceptr p = 0;
    unsigned int value = 3;
    void *params[] = {&p, &value};

    conf_context();
    fn = conf_kernel("store");
    p = conf_memory(4096);
    conf_launch(fn, 8, 128, NULL, params);
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuStreamQuery(NULL));
}

CONF_NEGATIVE(cuCtxSynchronize, no_context)
{
    conf_device();
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxSynchronize, before_init)
{
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_NOT_INITIALIZED);
}
