/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/*
 * Older forms of calls, which libraries still look up by name.  They act on
 * the same objects as the newer ones.
 */
#define NO_DEVICE ((CUdevice)9999)

CONF_POSITIVE(cuCtxCreate_v3, without_params)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, now = NULL;

    CONF_OK(cuCtxCreate_v3(&a, NULL, 0, 0, dev));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(a && now == a);
    CONF_OK(cuCtxDestroy_v2(a));
}

CONF_NEGATIVE(cuCtxCreate_v3, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuCtxCreate_v3(NULL, NULL, 0, 0, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v3, bad_flags)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v3(&a, NULL, 0, 0x10000, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxCreate_v3, before_init)
{
    CUcontext a = NULL;

    CONF_RESULT(cuCtxCreate_v3(&a, NULL, 0, 0, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxDestroy, plain)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_SETUP(cuCtxCreate_v2(&a, 0, dev));
    CONF_OK(cuCtxDestroy(a));
}

CONF_NEGATIVE(cuCtxDestroy, null)
{
    conf_device();
    CONF_RESULT(cuCtxDestroy(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxDestroy, null_before_init)
{
    CONF_RESULT(cuCtxDestroy(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuCtxGetDevice_v2, plain)
{
    CUcontext ctx = conf_context();
    CUdevice dev = 99;

    CONF_OK(cuCtxGetDevice_v2(&dev, ctx));
    CONF_VALUE(dev);
    dev = 99;
    CONF_OK(cuCtxGetDevice_v2(&dev, NULL));
    CONF_VALUE(dev);
}

CONF_NEGATIVE(cuCtxGetDevice_v2, null_out)
{
    CUcontext ctx = conf_context();

    CONF_RESULT(cuCtxGetDevice_v2(NULL, ctx), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetDevice_v2, no_context)
{
    CUdevice dev = 99;

    conf_device();
    CONF_RESULT(cuCtxGetDevice_v2(&dev, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuCtxPushCurrent, and_pop)
{
    CUcontext ctx = conf_context();
    CUcontext out = NULL, now = NULL;

    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_OK(cuCtxPushCurrent(ctx));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == ctx);
    CONF_OK(cuCtxPopCurrent(&out));
    CONF_EXPECT(out == ctx);
}

CONF_NEGATIVE(cuCtxPushCurrent, null)
{
    conf_device();
    CONF_RESULT(cuCtxPushCurrent(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxPushCurrent, before_init)
{
    CONF_RESULT(cuCtxPushCurrent(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxPopCurrent, plain)
{
    CUcontext ctx = conf_context();
    CUcontext out = NULL;

    CONF_OK(cuCtxPopCurrent(&out));
    CONF_EXPECT(out == ctx);
}

CONF_NEGATIVE(cuCtxPopCurrent, empty_stack)
{
    CUcontext out = NULL;

    conf_device();
    CONF_RESULT(cuCtxPopCurrent(&out), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxPopCurrent, before_init)
{
    CUcontext out = NULL;

    CONF_RESULT(cuCtxPopCurrent(&out), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxSetFlags, read_back)
{
    unsigned int flags = 0;

    conf_context();
    CONF_OK(cuCtxSetFlags(CU_CTX_SCHED_BLOCKING_SYNC));
    CONF_OK(cuCtxGetFlags(&flags));
    CONF_VALUE(flags & CU_CTX_SCHED_MASK);
}

CONF_NEGATIVE(cuCtxSetFlags, bad_flags)
{
    conf_context();
    CONF_RESULT(cuCtxSetFlags(0x10000), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxSetFlags, no_context)
{
    conf_device();
    CONF_RESULT(cuCtxSetFlags(0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuCtxSynchronize_v2, given_and_current)
{
    CUcontext ctx = conf_context();

    CONF_OK(cuCtxSynchronize_v2(ctx));
    CONF_OK(cuCtxSynchronize_v2(NULL));
}

CONF_NEGATIVE(cuCtxSynchronize_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuCtxSynchronize_v2(NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxSynchronize_v2, before_init)
{
    CONF_RESULT(cuCtxSynchronize_v2(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxRelease, balanced)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    unsigned int flags = 0;
    int active = -1;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxRelease(dev));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(active);
}

/* The newer form refuses this. */
CONF_POSITIVE(cuDevicePrimaryCtxRelease, not_retained)
{
    CUdevice dev = conf_device();

    CONF_OK(cuDevicePrimaryCtxRelease(dev));
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease, before_init)
{
    CONF_RESULT(cuDevicePrimaryCtxRelease(0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease, bad_device)
{
    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxRelease(NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuDevicePrimaryCtxReset, inactive)
{
    CUdevice dev = conf_device();

    CONF_OK(cuDevicePrimaryCtxReset(dev));
}

CONF_NEGATIVE(cuDevicePrimaryCtxReset, bad_device)
{
    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxReset(NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxReset, before_init)
{
    CONF_RESULT(cuDevicePrimaryCtxReset(0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxSetFlags, inactive)
{
    CUdevice dev = conf_device();
    unsigned int flags = 99;
    int active = -1;

    CONF_OK(cuDevicePrimaryCtxSetFlags(dev, CU_CTX_SCHED_SPIN));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags, bad_flags)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDevicePrimaryCtxSetFlags(dev, 0x10000), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags, while_active)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_RESULT(cuDevicePrimaryCtxSetFlags(dev, CU_CTX_SCHED_YIELD),
                CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE);
}

CONF_POSITIVE(cuDeviceTotalMem, thirty_two_bits)
{
    CUdevice dev = conf_device();
    unsigned int n = 0;

    CONF_OK(cuDeviceTotalMem(&n, dev));
    CONF_EXPECT(n > 0);
}

CONF_NEGATIVE(cuDeviceTotalMem, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceTotalMem(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceTotalMem, bad_device)
{
    unsigned int n = 0;

    conf_device();
    CONF_RESULT(cuDeviceTotalMem(&n, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuEventDestroy, plain)
{
    CUevent e = NULL;

    conf_context();
    CONF_SETUP(cuEventCreate(&e, 0));
    CONF_OK(cuEventDestroy(e));
}

CONF_NEGATIVE(cuEventDestroy, null_event)
{
    conf_context();
    CONF_RESULT(cuEventDestroy(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuEventDestroy, null_before_init)
{
    CONF_RESULT(cuEventDestroy(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuStreamDestroy, plain)
{
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, 0));
    CONF_OK(cuStreamDestroy(s));
}

CONF_NEGATIVE(cuStreamDestroy, null)
{
    conf_context();
    CONF_RESULT(cuStreamDestroy(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuStreamDestroy, null_before_init)
{
    CONF_RESULT(cuStreamDestroy(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuThreadExchangeStreamCaptureMode, swap)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;

    conf_context();
    CONF_OK(cuThreadExchangeStreamCaptureMode(&mode));
    CONF_VALUE(mode);
    CONF_OK(cuThreadExchangeStreamCaptureMode(&mode));
    CONF_VALUE(mode);
}

CONF_POSITIVE(cuThreadExchangeStreamCaptureMode, takes_any_mode)
{
    CUstreamCaptureMode mode = (CUstreamCaptureMode)9;

    conf_device();
    CONF_OK(cuThreadExchangeStreamCaptureMode(&mode));
    CONF_VALUE(mode);
}

CONF_NEGATIVE(cuThreadExchangeStreamCaptureMode, before_init)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;

    CONF_RESULT(cuThreadExchangeStreamCaptureMode(&mode), CUDA_ERROR_NOT_INITIALIZED);
}
