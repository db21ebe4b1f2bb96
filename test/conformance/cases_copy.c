/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

#define WORDS   1024u
#define BYTES   (WORDS * 4u)
#define NOWHERE ((CUdeviceptr)0x100)

static unsigned int host_a[WORDS];
static unsigned int host_b[WORDS];

/*
 * A small copy from pageable memory returns when its source has been taken, so
 * a non-blocking stream may overtake it.
 */
static void set_up(CUdeviceptr d)
{
    CONF_SETUP(cuMemcpyHtoD_v2(d, host_a, BYTES));
    CONF_SETUP(cuCtxSynchronize());
}

CONF_POSITIVE(cuMemcpyHtoD_v2, read_back)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    conf_fill(host_a, BYTES, 1);
    CONF_OK(cuMemcpyHtoD_v2(d, host_a, BYTES));
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 1));
}

CONF_POSITIVE(cuMemcpyHtoD_v2, source_reusable_at_once)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    conf_fill(host_a, BYTES, 2);
    CONF_OK(cuMemcpyHtoD_v2(d, host_a, BYTES));
    memset(host_a, 0, BYTES);
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 2));
}

CONF_POSITIVE(cuMemcpyHtoD_v2, zero_bytes)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_OK(cuMemcpyHtoD_v2(d, host_a, 0));
}

CONF_POSITIVE(cuMemcpyDtoH_v2, inside_an_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuMemsetD32_v2(d, 0, WORDS));
    CONF_SETUP(cuMemsetD32_v2(d + 400, 5, 10));
    CONF_OK(cuMemcpyDtoH_v2(host_a, d + 396, 48));
    CONF_VALUE(host_a[0]);
    CONF_VALUE(host_a[1]);
    CONF_VALUE(host_a[10]);
    CONF_VALUE(host_a[11]);
}

CONF_POSITIVE(cuMemcpyDtoH_v2, waits_for_the_null_stream)
{
    CUdeviceptr d = 0;
    CUfunction f = NULL;
    unsigned int value = 6;
    void *params[] = {&d, &value};

    conf_context();
    f = conf_kernel("store");
    d = conf_memory(BYTES);
    conf_launch(f, 1, WORDS, NULL, params);
    CONF_OK(cuMemcpyDtoH_v2(host_a, d, BYTES));
    CONF_VALUE(host_a[0]);
    CONF_VALUE(host_a[WORDS - 1]);
}

CONF_POSITIVE(cuMemcpyDtoD_v2, plain)
{
    CUdeviceptr x = 0, y = 0;

    conf_context();
    x = conf_memory(BYTES);
    y = conf_memory(BYTES);
    conf_fill(host_a, BYTES, 3);
    CONF_SETUP(cuMemcpyHtoD_v2(x, host_a, BYTES));
    CONF_OK(cuMemcpyDtoD_v2(y, x, BYTES));
    CONF_OK(cuMemcpyDtoH_v2(host_b, y, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 3));
}

CONF_POSITIVE(cuMemcpyDtoD_v2, zero_bytes)
{
    CUdeviceptr x = 0;

    conf_context();
    x = conf_memory(BYTES);
    CONF_OK(cuMemcpyDtoD_v2(x, x, 0));
}

CONF_POSITIVE(cuMemcpy, finds_the_kinds)
{
    CUdeviceptr d = 0, e = 0;
    void *p = NULL;

    conf_context();
    d = conf_memory(BYTES);
    e = conf_memory(BYTES);
    CONF_SETUP(cuMemAllocHost_v2(&p, BYTES));
    conf_fill(host_a, BYTES, 4);
    CONF_OK(cuMemcpy(d, (CUdeviceptr)host_a, BYTES));
    CONF_OK(cuMemcpy(e, d, BYTES));
    CONF_OK(cuMemcpy((CUdeviceptr)p, e, BYTES));
    CONF_EXPECT(conf_same(p, BYTES, 4));
    CONF_OK(cuMemcpy((CUdeviceptr)host_b, (CUdeviceptr)p, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 4));
}

CONF_POSITIVE(cuMemcpy, zero_bytes)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_OK(cuMemcpy(d, (CUdeviceptr)host_a, 0));
}

CONF_NEGATIVE(cuMemcpy, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy(0, d, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy, null_source)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpy(d, 0, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy, beyond_allocation)
{
    CUdeviceptr d = 0, e = 0;

    conf_context();
    d = conf_memory(4u << 20);
    e = conf_memory(8u << 20);
    CONF_RESULT(cuMemcpy(d, e, 8u << 20), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpy, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpy(NOWHERE, NOWHERE, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpy, before_init)
{
    CONF_RESULT(cuMemcpy(NOWHERE, NOWHERE, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemcpyAsync, round_trip)
{
    CUdeviceptr d = 0;
    void *p = NULL;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuMemAllocHost_v2(&p, 2 * BYTES));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_fill(p, BYTES, 5);
    CONF_OK(cuMemcpyAsync(d, (CUdeviceptr)p, BYTES, s));
    CONF_OK(cuMemcpyAsync((CUdeviceptr)p + BYTES, d, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_same((char *)p + BYTES, BYTES, 5));
}

CONF_NEGATIVE(cuMemcpyAsync, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyAsync(0, d, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAsync, beyond_allocation)
{
    CUdeviceptr d = 0, e = 0;

    conf_context();
    d = conf_memory(4u << 20);
    e = conf_memory(8u << 20);
    CONF_RESULT(cuMemcpyAsync(d, e, 8u << 20, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAsync, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyAsync(NOWHERE, NOWHERE, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemcpyHtoDAsync_v2, pageable_source_reusable)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuStreamCreate(&s, 0));
    conf_fill(host_a, BYTES, 6);
    CONF_OK(cuMemcpyHtoDAsync_v2(d, host_a, BYTES, s));
    memset(host_a, 0, BYTES);
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 6));
}

CONF_POSITIVE(cuMemcpyHtoDAsync_v2, pinned_in_order)
{
    CUdeviceptr d = 0;
    void *p = NULL;
    CUstream s = NULL;
    CUfunction f = NULL;
    unsigned int one = 1;
    void *params[] = {&d, &one};

    conf_context();
    f = conf_kernel("add");
    d = conf_memory(BYTES);
    CONF_SETUP(cuMemAllocHost_v2(&p, BYTES));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    for (unsigned int i = 0; i < WORDS; i++) {
        ((unsigned int *)p)[i] = i;
    }
    CONF_OK(cuMemcpyHtoDAsync_v2(d, p, BYTES, s));
    conf_launch(f, 1, WORDS, s, params);
    CONF_OK(cuMemcpyDtoHAsync_v2(host_b, d, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(host_b[0]);
    CONF_VALUE(host_b[WORDS - 1]);
}

CONF_POSITIVE(cuMemcpyDtoHAsync_v2, pinned)
{
    CUdeviceptr d = 0;
    void *p = NULL;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuMemAllocHost_v2(&p, BYTES));
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_fill(host_a, BYTES, 8);
    set_up(d);
    CONF_OK(cuMemcpyDtoHAsync_v2(p, d, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_same(p, BYTES, 8));
}

CONF_POSITIVE(cuMemcpyDtoHAsync_v2, pageable)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(BYTES);
    CONF_SETUP(cuStreamCreate(&s, 0));
    conf_fill(host_a, BYTES, 9);
    set_up(d);
    CONF_OK(cuMemcpyDtoHAsync_v2(host_b, d, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(conf_same(host_b, BYTES, 9));
}

CONF_POSITIVE(cuMemcpyDtoDAsync_v2, plain)
{
    CUdeviceptr x = 0, y = 0;
    CUstream s = NULL;

    conf_context();
    x = conf_memory(BYTES);
    y = conf_memory(BYTES);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    conf_fill(host_a, BYTES, 10);
    set_up(x);
    CONF_OK(cuMemcpyDtoDAsync_v2(y, x, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_OK(cuMemcpyDtoH_v2(host_b, y, BYTES));
    CONF_EXPECT(conf_same(host_b, BYTES, 10));
}
