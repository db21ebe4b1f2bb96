/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/*
 * After a kernel's fault every call of the process gives the same code.  The
 * list stands for the kinds of calls that there are.
 */
static void everything_says(CUresult code, CUdeviceptr memory, CUfunction fn, CUstream stream)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;
    CUevent e = NULL;
    CUmodule m = NULL;
    void *host = NULL;
    size_t a = 0, b = 0;
    unsigned int word = 0;

    CONF_RESULT(cuCtxSynchronize(), code);
    CONF_RESULT(cuStreamSynchronize(stream), code);
    CONF_RESULT(cuStreamQuery(stream), code);
    CONF_RESULT(cuMemAlloc_v2(&p, 4096), code);
    CONF_RESULT(cuMemFree_v2(memory), code);
    CONF_RESULT(cuMemcpyDtoH_v2(&word, memory, 4), code);
    CONF_RESULT(cuMemsetD32Async(memory, 1, 1, stream), code);
    CONF_RESULT(cuMemGetInfo_v2(&a, &b), code);
    CONF_RESULT(cuMemAllocHost_v2(&host, 4096), code);
    CONF_RESULT(cuStreamCreate(&s, 0), code);
    CONF_RESULT(cuEventCreate(&e, 0), code);
    CONF_RESULT(cuModuleLoadData(&m, conf_ptx()), code);
    CONF_RESULT(cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL), code);
}

static void fault(const char *kernel, CUdeviceptr where, CUresult code)
{
    CUfunction bad, good;
    CUdeviceptr memory;
    CUstream stream = NULL;
    void *params[] = {&where};

    conf_context();
    bad = conf_kernel(kernel);
    good = conf_kernel("noop");
    memory = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    conf_launch(bad, 1, 1, stream, params);
    CONF_RESULT(cuStreamSynchronize(stream), code);
    everything_says(code, memory, good, stream);
}

CONF_NEGATIVE(cuLaunchKernel, illegal_address_is_sticky)
{
    fault("bad_store", 0x100, CUDA_ERROR_ILLEGAL_ADDRESS);
}

CONF_NEGATIVE(cuLaunchKernel, misaligned_address_is_sticky)
{
    CUdeviceptr p = 0;
    CUfunction f = NULL;
    void *params[] = {&p};

    conf_context();
    p = conf_memory(4096) + 1;
    f = conf_kernel("bad_store");
    conf_launch(f, 1, 1, NULL, params);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_MISALIGNED_ADDRESS);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_MISALIGNED_ADDRESS);
    CONF_RESULT(cuMemAlloc_v2(&p, 16), CUDA_ERROR_MISALIGNED_ADDRESS);
}

CONF_NEGATIVE(cuLaunchKernel, trap_is_sticky)
{
    fault("trap", 0, CUDA_ERROR_LAUNCH_FAILED);
}

CONF_NEGATIVE(cuLaunchKernel, far_beyond_an_allocation)
{
    CUdeviceptr p = 0;
    CUfunction f = NULL;
    void *params[] = {&p};

    conf_context();
    p = conf_memory(4096) + ((CUdeviceptr)1 << 45);
    f = conf_kernel("bad_store");
    conf_launch(f, 1, 1, NULL, params);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

CONF_NEGATIVE(cuEventSynchronize, sees_the_fault)
{
    CUdeviceptr p = 0x100;
    CUfunction f = NULL;
    CUevent e = NULL;
    void *params[] = {&p};

    conf_context();
    f = conf_kernel("bad_store");
    CONF_SETUP(cuEventCreate(&e, 0));
    conf_launch(f, 1, 1, NULL, params);
    drv.cuEventRecord(e, NULL);
    CONF_RESULT(cuEventSynchronize(e), CUDA_ERROR_ILLEGAL_ADDRESS);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, sees_the_fault)
{
    CUdeviceptr p = 0x100, q = 0;
    CUfunction f = NULL;
    unsigned int word = 0;
    void *params[] = {&p};

    conf_context();
    f = conf_kernel("bad_store");
    q = conf_memory(16);
    conf_launch(f, 1, 1, NULL, params);
    CONF_RESULT(cuMemcpyDtoH_v2(&word, q, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
}

CONF_NEGATIVE(cuCtxDestroy_v2, after_a_fault)
{
    CUcontext ctx = conf_context();
    CUdeviceptr p = 0x100;
    CUfunction f = NULL;
    CUdevice dev = 0;
    CUcontext again = NULL;
    void *params[] = {&p};
    int n = 0;

    f = conf_kernel("bad_store");
    conf_launch(f, 1, 1, NULL, params);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_CALL(cuCtxDestroy_v2(ctx));
    CONF_OK(cuDeviceGetCount(&n));
    CONF_CALL(cuCtxCreate_v2(&again, 0, dev));
}

CONF_NEGATIVE(cuDriverGetVersion, still_answers_after_a_fault)
{
    CUdeviceptr p = 0x100;
    CUfunction f = NULL;
    void *params[] = {&p};
    int n = 0;
    const char *s = NULL;

    conf_context();
    f = conf_kernel("bad_store");
    conf_launch(f, 1, 1, NULL, params);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    CONF_OK(cuDriverGetVersion(&n));
    CONF_OK(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &s));
    CONF_OK(cuDeviceGetCount(&n));
    CONF_CALL(cuInit(0));
}
