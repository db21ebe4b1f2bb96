/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

CONF_POSITIVE(cuMemAllocHost_v2, plain)
{
    void *p = NULL;

    conf_context();
    CONF_OK(cuMemAllocHost_v2(&p, 10000));
    CONF_EXPECT(p != NULL);
    memset(p, 7, 10000);
    CONF_OK(cuMemFreeHost(p));
}

CONF_POSITIVE(cuMemAllocHost_v2, zero_bytes)
{
    void *p = &p;

    conf_context();
    CONF_OK(cuMemAllocHost_v2(&p, 0));
    CONF_EXPECT(p == NULL);
    CONF_OK(cuMemFreeHost(p));
}

CONF_NEGATIVE(cuMemAllocHost_v2, null_out)
{
    conf_context();
    CONF_RESULT(cuMemAllocHost_v2(NULL, 4096), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAllocHost_v2, more_than_exists)
{
    void *p = NULL;

    conf_context();
    CONF_RESULT(cuMemAllocHost_v2(&p, (size_t)1 << 50), CUDA_ERROR_OUT_OF_MEMORY);
}

CONF_NEGATIVE(cuMemAllocHost_v2, no_context)
{
    void *p = NULL;

    conf_device();
    CONF_RESULT(cuMemAllocHost_v2(&p, 4096), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemFreeHost, after_async_use)
{
    void *p = NULL;
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(1 << 20);
    CONF_SETUP(cuMemAllocHost_v2(&p, 1 << 20));
    memset(p, 1, 1 << 20);
    CONF_OK(cuMemcpyHtoDAsync_v2(d, p, 1 << 20, NULL));
    CONF_OK(cuMemFreeHost(p));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemFreeHost, twice)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2(&p, 4096));
    CONF_OK(cuMemFreeHost(p));
    CONF_RESULT(cuMemFreeHost(p), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemFreeHost, null)
{
    conf_context();
    CONF_OK(cuMemFreeHost(NULL));
}

CONF_NEGATIVE(cuMemFreeHost, not_pinned)
{
    static char plain[4096];

    conf_context();
    CONF_RESULT(cuMemFreeHost(plain), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemFreeHost, inside_an_allocation)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2(&p, 4096));
    CONF_RESULT(cuMemFreeHost((char *)p + 64), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemFreeHost(p));
}

CONF_POSITIVE(cuMemHostAlloc, every_flag)
{
    void *p = NULL;

    conf_context();
    for (unsigned int flags = 0; flags < 8; flags++) {
        CONF_OK(cuMemHostAlloc(&p, 4096, flags));
        CONF_OK(cuMemFreeHost(p));
    }
}

CONF_POSITIVE(cuMemHostAlloc, kernel_writes_it)
{
    void *p = NULL;
    CUdeviceptr d = 0;
    CUfunction f = NULL;
    unsigned int value = 123;
    void *params[] = {&d, &value};
    unsigned int seen = 0;

    conf_context();
    f = conf_kernel("store");
    CONF_OK(cuMemHostAlloc(&p, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_OK(cuMemHostGetDevicePointer_v2(&d, p, 0));
    conf_launch(f, 4, 256, NULL, params);
    CONF_OK(cuCtxSynchronize());
    for (int i = 0; i < 1024; i++) {
        seen += ((unsigned int *)p)[i] == 123;
    }
    CONF_VALUE(seen);
}

CONF_NEGATIVE(cuMemHostAlloc, bad_flags)
{
    void *p = NULL;

    conf_context();
    CONF_RESULT(cuMemHostAlloc(&p, 4096, 0x100), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemHostAlloc, zero_bytes)
{
    void *p = &p;

    conf_context();
    CONF_OK(cuMemHostAlloc(&p, 0, 0));
    CONF_EXPECT(p == NULL);
    CONF_OK(cuMemFreeHost(p));
}

CONF_NEGATIVE(cuMemHostAlloc, null_out)
{
    conf_context();
    CONF_RESULT(cuMemHostAlloc(NULL, 4096, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostAlloc, no_context)
{
    void *p = NULL;

    conf_device();
    CONF_RESULT(cuMemHostAlloc(&p, 4096, 0), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemHostAlloc, before_init)
{
    void *p = NULL;

    CONF_RESULT(cuMemHostAlloc(&p, 4096, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemHostGetDevicePointer_v2, unified)
{
    void *p = NULL;
    CUdeviceptr d = 0;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_OK(cuMemHostGetDevicePointer_v2(&d, p, 0));
    CONF_EXPECT(d == (CUdeviceptr)p);
    CONF_OK(cuMemHostGetDevicePointer_v2(&d, (char *)p + 100, 0));
    CONF_EXPECT(d == (CUdeviceptr)p + 100);
}

CONF_NEGATIVE(cuMemHostGetDevicePointer_v2, flags_not_zero)
{
    void *p = NULL;
    CUdeviceptr d = 0;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    CONF_RESULT(cuMemHostGetDevicePointer_v2(&d, p, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostGetDevicePointer_v2, not_pinned)
{
    static char plain[64];
    CUdeviceptr d = 0;

    conf_context();
    CONF_RESULT(cuMemHostGetDevicePointer_v2(&d, plain, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostGetDevicePointer_v2, null_out)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    CONF_RESULT(cuMemHostGetDevicePointer_v2(NULL, p, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemHostGetFlags, as_asked)
{
    void *p = NULL;
    unsigned int flags = 99;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_OK(cuMemHostGetFlags(&flags, p));
    CONF_VALUE(flags);
}

CONF_POSITIVE(cuMemHostGetFlags, of_alloc_host)
{
    void *p = NULL;
    unsigned int flags = 99;

    conf_context();
    CONF_SETUP(cuMemAllocHost_v2(&p, 4096));
    CONF_OK(cuMemHostGetFlags(&flags, p));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuMemHostGetFlags, null_out)
{
    void *p = NULL;

    conf_context();
    CONF_SETUP(cuMemHostAlloc(&p, 4096, 0));
    CONF_RESULT(cuMemHostGetFlags(NULL, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemHostGetFlags, not_pinned)
{
    static char plain[64];
    unsigned int flags = 99;

    conf_context();
    CONF_RESULT(cuMemHostGetFlags(&flags, plain), CUDA_ERROR_INVALID_VALUE);
}
