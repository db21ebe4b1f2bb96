/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#define NO_DEVICE ((CUdevice)9999)

CONF_POSITIVE(cuDevicePrimaryCtxRetain, same_handle)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, b = NULL;

    CONF_OK(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxRetain(&b, dev));
    CONF_EXPECT(a && a == b);
}

CONF_POSITIVE(cuDevicePrimaryCtxRetain, not_made_current)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL, now = NULL;

    CONF_OK(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == NULL);
}

CONF_POSITIVE(cuDevicePrimaryCtxRetain, works_when_current)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    CUdeviceptr p = 0;

    CONF_OK(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuCtxSetCurrent(a));
    CONF_OK(cuMemAlloc_v2(&p, 4096));
    CONF_OK(cuMemFree_v2(p));
}

CONF_NEGATIVE(cuDevicePrimaryCtxRetain, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDevicePrimaryCtxRetain(NULL, dev), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRetain, bad_device)
{
    CUcontext a = NULL;

    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxRetain(&a, NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRetain, before_init)
{
    CUcontext a = NULL;

    CONF_RESULT(cuDevicePrimaryCtxRetain(&a, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxRelease_v2, balanced)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    unsigned int flags = 0;
    int active = -1;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxRelease_v2(dev));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(active);
    CONF_OK(cuDevicePrimaryCtxRelease_v2(dev));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(active);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease_v2, not_retained)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDevicePrimaryCtxRelease_v2(dev), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease_v2, once_too_often)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxRelease_v2(dev));
    CONF_RESULT(cuDevicePrimaryCtxRelease_v2(dev), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease_v2, bad_device)
{
    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxRelease_v2(NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxRelease_v2, before_init)
{
    CONF_RESULT(cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxReset_v2, inactive)
{
    CUdevice dev = conf_device();

    CONF_OK(cuDevicePrimaryCtxReset_v2(dev));
}

CONF_POSITIVE(cuDevicePrimaryCtxReset_v2, active_then_again)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    CUdeviceptr p = 0;
    unsigned int flags = 0;
    int active = -1;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_SETUP(cuCtxSetCurrent(a));
    CONF_OK(cuMemAlloc_v2(&p, 4096));
    CONF_OK(cuDevicePrimaryCtxReset_v2(dev));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(active);
    CONF_OK(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuCtxSetCurrent(a));
    CONF_OK(cuMemAlloc_v2(&p, 4096));
    CONF_OK(cuMemFree_v2(p));
}

CONF_NEGATIVE(cuDevicePrimaryCtxReset_v2, bad_device)
{
    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxReset_v2(NO_DEVICE), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxReset_v2, before_init)
{
    CONF_RESULT(cuDevicePrimaryCtxReset_v2(0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxSetFlags_v2, inactive)
{
    CUdevice dev = conf_device();
    unsigned int flags = 99;
    int active = -1;

    CONF_OK(cuDevicePrimaryCtxSetFlags_v2(dev, CU_CTX_SCHED_BLOCKING_SYNC));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(flags);
    CONF_VALUE(active);
}

CONF_POSITIVE(cuDevicePrimaryCtxSetFlags_v2, active)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    unsigned int flags = 99;
    int active = -1;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxSetFlags_v2(dev, CU_CTX_SCHED_YIELD));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(flags & CU_CTX_SCHED_MASK);
    CONF_VALUE(active);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags_v2, bad_flags)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDevicePrimaryCtxSetFlags_v2(dev, 0x10000), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags_v2, two_schedules)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDevicePrimaryCtxSetFlags_v2(dev, CU_CTX_SCHED_SPIN | CU_CTX_SCHED_YIELD),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags_v2, bad_device)
{
    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxSetFlags_v2(NO_DEVICE, 0), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxSetFlags_v2, before_init)
{
    CONF_RESULT(cuDevicePrimaryCtxSetFlags_v2(0, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxGetState, inactive)
{
    CUdevice dev = conf_device();
    unsigned int flags = 99;
    int active = -1;

    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(flags);
    CONF_VALUE(active);
}

CONF_POSITIVE(cuDevicePrimaryCtxGetState, active)
{
    CUdevice dev = conf_device();
    CUcontext a = NULL;
    unsigned int flags = 99;
    int active = -1;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&a, dev));
    CONF_OK(cuDevicePrimaryCtxGetState(dev, &flags, &active));
    CONF_VALUE(flags & CU_CTX_SCHED_MASK);
    CONF_VALUE(active);
}

CONF_NEGATIVE(cuDevicePrimaryCtxGetState, null_flags)
{
    CUdevice dev = conf_device();
    int active = -1;

    CONF_RESULT(cuDevicePrimaryCtxGetState(dev, NULL, &active), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxGetState, null_active)
{
    CUdevice dev = conf_device();
    unsigned int flags = 99;

    CONF_RESULT(cuDevicePrimaryCtxGetState(dev, &flags, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxGetState, bad_device)
{
    unsigned int flags = 99;
    int active = -1;

    conf_device();
    CONF_RESULT(cuDevicePrimaryCtxGetState(NO_DEVICE, &flags, &active), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDevicePrimaryCtxGetState, before_init)
{
    unsigned int flags = 99;
    int active = -1;

    CONF_RESULT(cuDevicePrimaryCtxGetState(0, &flags, &active), CUDA_ERROR_NOT_INITIALIZED);
}
