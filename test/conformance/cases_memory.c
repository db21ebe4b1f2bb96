/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/* Nobody maps this: the first page. */
#define NOWHERE ((CUdeviceptr)0x100)

/* Other processes of the device allocate and free too: one fall of many will do. */
CONF_POSITIVE(cuMemGetInfo_v2, falls_with_an_allocation)
{
    size_t before = 0, total = 0, after = 0;
    CUdeviceptr p = 0;
    bool fell = false;

    conf_context();
    CONF_OK(cuMemGetInfo_v2(&before, &total));
    CONF_EXPECT(before > 0 && before <= total);
    for (int i = 0; i < 50 && !fell; i++) {
        CONF_SETUP(cuMemGetInfo_v2(&before, &total));
        CONF_SETUP(cuMemAlloc_v2(&p, 32u << 20));
        CONF_SETUP(cuMemGetInfo_v2(&after, &total));
        CONF_SETUP(cuMemFree_v2(p));
        fell = after < before;
    }
    CONF_EXPECT(fell);
}

CONF_POSITIVE(cuMemGetInfo_v2, one_output_only)
{
    size_t n = 0;

    conf_context();
    CONF_OK(cuMemGetInfo_v2(NULL, &n));
    CONF_EXPECT(n > 0);
    n = 0;
    CONF_OK(cuMemGetInfo_v2(&n, NULL));
    CONF_EXPECT(n > 0);
}

CONF_NEGATIVE(cuMemGetInfo_v2, no_context)
{
    size_t a = 0, b = 0;

    conf_device();
    CONF_RESULT(cuMemGetInfo_v2(&a, &b), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemGetInfo_v2, before_init)
{
    size_t a = 0, b = 0;

    CONF_RESULT(cuMemGetInfo_v2(&a, &b), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemAlloc_v2, one_byte)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuMemAlloc_v2(&p, 1));
    CONF_EXPECT(p != 0 && p % 256 == 0);
    CONF_OK(cuMemFree_v2(p));
}

CONF_POSITIVE(cuMemAlloc_v2, many_distinct)
{
    CUdeviceptr p[64] = {0};
    int bad = 0;

    conf_context();
    for (int i = 0; i < 64; i++) {
        CONF_SETUP(cuMemAlloc_v2(&p[i], 1000));
        bad += p[i] % 256 != 0;
        for (int k = 0; k < i; k++) {
            bad += p[i] < p[k] + 1000 && p[k] < p[i] + 1000;
        }
    }
    CONF_VALUE(bad);
    for (int i = 0; i < 64; i++) {
        CONF_SETUP(cuMemFree_v2(p[i]));
    }
}

CONF_POSITIVE(cuMemAlloc_v2, reuse_after_free)
{
    CUdeviceptr p = 0;
    int refused = 0;

    conf_context();
    for (int i = 0; i < 200; i++) {
        refused += drv.cuMemAlloc_v2(&p, 8u << 20) != CUDA_SUCCESS;
        refused += drv.cuMemFree_v2(p) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
}

CONF_NEGATIVE(cuMemAlloc_v2, zero_bytes)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAlloc_v2(&p, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAlloc_v2, null_out)
{
    conf_context();
    CONF_RESULT(cuMemAlloc_v2(NULL, 16), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAlloc_v2, more_than_exists)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAlloc_v2(&p, (size_t)1 << 50), CUDA_ERROR_OUT_OF_MEMORY);
    CONF_OK(cuMemAlloc_v2(&p, 4096));
}

CONF_NEGATIVE(cuMemAlloc_v2, size_wraps)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAlloc_v2(&p, ~(size_t)0), CUDA_ERROR_OUT_OF_MEMORY);
}

CONF_NEGATIVE(cuMemAlloc_v2, no_context)
{
    CUdeviceptr p = 0;

    conf_device();
    CONF_RESULT(cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemAlloc_v2, before_init)
{
    CUdeviceptr p = 0;

    CONF_RESULT(cuMemAlloc_v2(&p, 16), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemFree_v2, plain)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_OK(cuMemFree_v2(p));
}

CONF_POSITIVE(cuMemFree_v2, null)
{
    conf_context();
    CONF_OK(cuMemFree_v2(0));
}

CONF_POSITIVE(cuMemFree_v2, behind_unfinished_work)
{
    CUdeviceptr p = 0, q = 0;
    CUfunction f = NULL;
    unsigned int one = 1;
    void *params[] = {&p, &one};

    conf_context();
    f = conf_kernel("add");
    p = conf_memory(1 << 20);
    for (int i = 0; i < 20; i++) {
        conf_launch(f, 16, 1024, NULL, params);
    }
    CONF_OK(cuMemFree_v2(p));
    CONF_OK(cuMemAlloc_v2(&q, 1 << 20));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemFree_v2, twice)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_OK(cuMemFree_v2(p));
    CONF_RESULT(cuMemFree_v2(p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemFree_v2, inside_an_allocation)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_RESULT(cuMemFree_v2(p + 256), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemFree_v2(p));
}

CONF_NEGATIVE(cuMemFree_v2, never_allocated)
{
    conf_context();
    CONF_RESULT(cuMemFree_v2(NOWHERE), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemFree_v2, no_context)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_OK(cuMemFree_v2(p));
}

CONF_NEGATIVE(cuMemFree_v2, before_init)
{
    CONF_RESULT(cuMemFree_v2(NOWHERE), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemGetAddressRange_v2, inside)
{
    CUdeviceptr p = 0, base = 0;
    size_t n = 0;

    conf_context();
    p = conf_memory(5000);
    CONF_OK(cuMemGetAddressRange_v2(&base, &n, p + 4999));
    CONF_EXPECT(base == p);
    CONF_VALUE(n);
}

CONF_POSITIVE(cuMemGetAddressRange_v2, one_output_only)
{
    CUdeviceptr p = 0, base = 0;
    size_t n = 0;

    conf_context();
    p = conf_memory(5000);
    CONF_OK(cuMemGetAddressRange_v2(&base, NULL, p));
    CONF_EXPECT(base == p);
    CONF_OK(cuMemGetAddressRange_v2(NULL, &n, p));
    CONF_VALUE(n);
}

CONF_NEGATIVE(cuMemGetAddressRange_v2, never_allocated)
{
    CUdeviceptr base = 0;
    size_t n = 0;

    conf_context();
    CONF_RESULT(cuMemGetAddressRange_v2(&base, &n, NOWHERE), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuMemGetAddressRange_v2, freed)
{
    CUdeviceptr p = 0, base = 0;
    size_t n = 0;

    conf_context();
    p = conf_memory(64u << 20);
    CONF_SETUP(cuMemFree_v2(p));
    CONF_RESULT(cuMemGetAddressRange_v2(&base, &n, p), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuMemGetAddressRange_v2, no_context)
{
    CUdeviceptr base = 0;
    size_t n = 0;

    conf_device();
    CONF_RESULT(cuMemGetAddressRange_v2(&base, &n, NOWHERE), CUDA_ERROR_INVALID_CONTEXT);
}
