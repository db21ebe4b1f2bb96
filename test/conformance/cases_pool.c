/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>

/* Allocations in a stream's order, and the pools that they come from. */

#define WORDS   4096u
#define BYTES   (WORDS * 4ul)
#define NO_POOL ((CUmemoryPool)0x1234567)

static unsigned int host[WORDS];

static unsigned int wrong(CUdeviceptr p, unsigned int value)
{
    unsigned int count = 0;

    CONF_SETUP(cuMemcpyDtoH_v2(host, p, BYTES));
    for (unsigned int i = 0; i < WORDS; i++) {
        count += host[i] != value;
    }
    return count;
}

static CUstream stream(void)
{
    CUstream s = NULL;

    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    return s;
}

static CUmemPoolProps on_device(void)
{
    return (CUmemPoolProps){
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };
}

static CUmemoryPool own_pool(void)
{
    CUmemPoolProps props = on_device();
    CUmemoryPool pool = NULL;

    CONF_SETUP(cuMemPoolCreate(&pool, &props));
    return pool;
}

static CUmemoryPool default_pool(void)
{
    CUmemoryPool pool = NULL;

    CONF_SETUP(cuDeviceGetDefaultMemPool(&pool, 0));
    return pool;
}

CONF_POSITIVE(cuMemAllocAsync, usable_in_its_stream)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    s = stream();
    CONF_OK(cuMemAllocAsync(&p, BYTES, s));
    CONF_EXPECT(p != 0 && p % 256 == 0);
    CONF_OK(cuMemsetD32Async(p, 3, WORDS, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_VALUE(wrong(p, 3));
    CONF_OK(cuMemFreeAsync(p, s));
    CONF_OK(cuStreamSynchronize(s));
}

CONF_POSITIVE(cuMemAllocAsync, many_live_do_not_overlap)
{
    CUdeviceptr p[64];
    CUstream s = NULL;
    int bad = 0;

    conf_context();
    s = stream();
    for (unsigned int i = 0; i < 64; i++) {
        CONF_SETUP(cuMemAllocAsync(&p[i], 1000 + 5000 * i, s));
        for (unsigned int k = 0; k < i; k++) {
            bad += p[i] < p[k] + 1000 + 5000 * k && p[k] < p[i] + 1000 + 5000 * i;
        }
    }
    CONF_VALUE(bad);
    for (unsigned int i = 0; i < 64; i++) {
        CONF_SETUP(cuMemFreeAsync(p[i], s));
    }
    CONF_OK(cuStreamSynchronize(s));
}

/* A loop without a wait: what the stream frees serves its next allocation. */
CONF_POSITIVE(cuMemAllocAsync, a_loop_does_not_grow)
{
    CUstream s = NULL;
    int refused = 0;

    conf_context();
    s = stream();
    for (unsigned int i = 0; i < 2000; i++) {
        CUdeviceptr p = 0;

        refused += drv.cuMemAllocAsync(&p, 64u << 20, s) != CUDA_SUCCESS;
        refused += drv.cuMemsetD32Async(p, i, 16, s) != CUDA_SUCCESS;
        refused += drv.cuMemFreeAsync(p, s) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_OK(cuStreamSynchronize(s));
}

/* What one stream has freed behind work that is still to come, another must not get before. */
CONF_POSITIVE(cuMemFreeAsync, late_work_keeps_the_memory)
{
    struct conf_busy busy;
    CUfunction store = NULL;
    unsigned int one = 1, two = 2;
    CUdeviceptr p = 0, q = 0;
    CUstream a = NULL, b = NULL;
    void *first[] = {&p, &one}, *second[] = {&q, &two};

    conf_context();
    store = conf_kernel("store");
    a = stream();
    b = stream();
    CONF_SETUP(cuMemAllocAsync(&p, BYTES, a));
    conf_busy_start(&busy, a);
    conf_launch(store, WORDS / 256, 256, a, first);
    CONF_OK(cuMemFreeAsync(p, a));
    CONF_OK(cuMemAllocAsync(&q, BYTES, b));
    conf_launch(store, WORDS / 256, 256, b, second);
    CONF_OK(cuStreamSynchronize(b));
    conf_busy_stop(&busy);
    CONF_OK(cuCtxSynchronize());
    CONF_VALUE(wrong(q, 2));
}

CONF_POSITIVE(cuMemFreeAsync, in_another_stream)
{
    CUdeviceptr p = 0, q = 0;
    CUstream a = NULL, b = NULL;
    CUevent done = NULL;

    conf_context();
    a = stream();
    b = stream();
    CONF_SETUP(cuEventCreate(&done, CU_EVENT_DISABLE_TIMING));
    CONF_SETUP(cuMemAllocAsync(&p, BYTES, a));
    CONF_SETUP(cuMemsetD32Async(p, 1, WORDS, a));
    CONF_SETUP(cuEventRecord(done, a));
    CONF_SETUP(cuStreamWaitEvent(b, done, 0));
    CONF_OK(cuMemFreeAsync(p, b));
    CONF_OK(cuMemAllocAsync(&q, BYTES, a));
    CONF_OK(cuMemsetD32Async(q, 2, WORDS, a));
    CONF_OK(cuCtxSynchronize());
    CONF_VALUE(wrong(q, 2));
}

CONF_POSITIVE(cuMemFreeAsync, null_is_nothing_to_free)
{
    conf_context();
    CONF_OK(cuMemFreeAsync(0, NULL));
}

CONF_POSITIVE(cuMemFree_v2, ends_pool_memory_too)
{
    CUdeviceptr p = 0;
    CUstream s = NULL;

    conf_context();
    s = stream();
    CONF_SETUP(cuMemAllocAsync(&p, BYTES, s));
    CONF_SETUP(cuStreamSynchronize(s));
    CONF_OK(cuMemFree_v2(p));
    CONF_OK(cuMemAllocAsync(&p, BYTES, s));
    CONF_OK(cuMemFreeAsync(p, s));
}

CONF_NEGATIVE(cuMemAllocAsync, null_out)
{
    conf_context();
    CONF_RESULT(cuMemAllocAsync(NULL, BYTES, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAllocAsync, more_than_exists)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAllocAsync(&p, (size_t)1 << 50, NULL), CUDA_ERROR_OUT_OF_MEMORY);
}

CONF_NEGATIVE(cuMemAllocAsync, no_context)
{
    CUdeviceptr p = 0;

    conf_device();
    CONF_RESULT(cuMemAllocAsync(&p, BYTES, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemFreeAsync, twice)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_SETUP(cuMemAllocAsync(&p, BYTES, NULL));
    CONF_OK(cuMemFreeAsync(p, NULL));
    CONF_RESULT(cuMemFreeAsync(p, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemFreeAsync, never_allocated)
{
    conf_context();
    CONF_RESULT(cuMemFreeAsync(0x1000, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemFreeAsync, no_context)
{
    conf_device();
    CONF_RESULT(cuMemFreeAsync(0x1000, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuMemAllocFromPoolAsync, own_pool)
{
    CUmemoryPool pool = NULL, of = NULL;
    CUdeviceptr p = 0;

    conf_context();
    pool = own_pool();
    CONF_OK(cuMemAllocFromPoolAsync(&p, BYTES, pool, NULL));
    CONF_OK(cuMemsetD32Async(p, 8, WORDS, NULL));
    CONF_VALUE(wrong(p, 8));
    CONF_OK(cuPointerGetAttribute(&of, CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, p));
    CONF_EXPECT(of == pool);
    CONF_OK(cuMemFreeAsync(p, NULL));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemPoolDestroy(pool));
}

CONF_NEGATIVE(cuMemAllocFromPoolAsync, null_out)
{
    conf_context();
    CONF_RESULT(cuMemAllocFromPoolAsync(NULL, BYTES, own_pool(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAllocFromPoolAsync, more_than_exists)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAllocFromPoolAsync(&p, (size_t)1 << 50, own_pool(), NULL),
                CUDA_ERROR_OUT_OF_MEMORY);
}

CONF_POSITIVE(cuMemPoolCreate, distinct)
{
    CUmemPoolProps props = on_device();
    CUmemoryPool a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuMemPoolCreate(&a, &props));
    CONF_OK(cuMemPoolCreate(&b, &props));
    CONF_EXPECT(a != b && a != default_pool());
    CONF_OK(cuMemPoolDestroy(a));
    CONF_OK(cuMemPoolDestroy(b));
}

CONF_NEGATIVE(cuMemPoolCreate, null_out)
{
    CUmemPoolProps props = on_device();

    conf_context();
    CONF_RESULT(cuMemPoolCreate(NULL, &props), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolCreate, no_kind_of_memory)
{
    CUmemPoolProps props = {.location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0}};
    CUmemoryPool pool = NULL;

    conf_context();
    CONF_RESULT(cuMemPoolCreate(&pool, &props), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemPoolDestroy, memory_outlives_it)
{
    CUmemoryPool pool = NULL;
    CUdeviceptr p = 0;

    conf_context();
    pool = own_pool();
    CONF_SETUP(cuMemAllocFromPoolAsync(&p, BYTES, pool, NULL));
    CONF_OK(cuMemPoolDestroy(pool));
    CONF_OK(cuMemsetD32Async(p, 4, WORDS, NULL));
    CONF_VALUE(wrong(p, 4));
    CONF_OK(cuMemFreeAsync(p, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemPoolDestroy, default_pool)
{
    conf_context();
    CONF_RESULT(cuMemPoolDestroy(default_pool()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolDestroy, before_init)
{
    CONF_RESULT(cuMemPoolDestroy(NO_POOL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemPoolTrimTo, nothing_reserved_is_left)
{
    cuuint64_t keep = ~0ull, reserved = 99;
    CUmemoryPool pool = NULL;
    CUdeviceptr p = 0;

    conf_context();
    pool = own_pool();
    CONF_SETUP(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
    CONF_SETUP(cuMemAllocFromPoolAsync(&p, BYTES, pool, NULL));
    CONF_SETUP(cuMemFreeAsync(p, NULL));
    CONF_SETUP(cuCtxSynchronize());
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
    CONF_EXPECT(reserved >= BYTES);
    CONF_OK(cuMemPoolTrimTo(pool, 0));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
    CONF_VALUE(reserved);
}

CONF_NEGATIVE(cuMemPoolTrimTo, no_pool)
{
    conf_context();
    CONF_RESULT(cuMemPoolTrimTo(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolTrimTo, before_init)
{
    CONF_RESULT(cuMemPoolTrimTo(NO_POOL, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemPoolSetAttribute, read_back)
{
    cuuint64_t threshold = 123456789, back = 0;
    CUmemoryPool pool = NULL;
    int off = 0, flag = 9;

    conf_context();
    pool = own_pool();
    CONF_OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &back));
    CONF_VALUE(back);
    CONF_OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &off));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &flag));
    CONF_VALUE(flag);
}

CONF_NEGATIVE(cuMemPoolSetAttribute, what_is_counted)
{
    cuuint64_t zero = 0;

    conf_context();
    CONF_RESULT(cuMemPoolSetAttribute(own_pool(), CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &zero),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolSetAttribute, high_mark_to_a_value)
{
    cuuint64_t some = 4096;

    conf_context();
    CONF_RESULT(cuMemPoolSetAttribute(own_pool(), CU_MEMPOOL_ATTR_USED_MEM_HIGH, &some),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemPoolGetAttribute, what_is_used)
{
    cuuint64_t used = 0, high = 0, zero = 0;
    CUmemoryPool pool = NULL;
    CUdeviceptr p = 0;

    conf_context();
    pool = own_pool();
    CONF_SETUP(cuMemAllocFromPoolAsync(&p, 1u << 20, pool, NULL));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    CONF_EXPECT(used >= 1u << 20);
    CONF_SETUP(cuMemFreeAsync(p, NULL));
    CONF_SETUP(cuCtxSynchronize());
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    CONF_VALUE(used);
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &high));
    CONF_EXPECT(high >= 1u << 20);
    CONF_OK(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &zero));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &high));
    CONF_VALUE(high);
}

CONF_NEGATIVE(cuMemPoolGetAttribute, no_such_attribute)
{
    cuuint64_t value = 0;

    conf_context();
    CONF_RESULT(cuMemPoolGetAttribute(own_pool(), (CUmemPool_attribute)999, &value),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolGetAttribute, null_out)
{
    conf_context();
    CONF_RESULT(cuMemPoolGetAttribute(own_pool(), CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemPoolGetAccess, own_device)
{
    CUmemLocation here = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0};
    CUmemAccess_flags flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;

    conf_context();
    CONF_OK(cuMemPoolGetAccess(&flags, own_pool(), &here));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuMemPoolGetAccess, null_out)
{
    CUmemLocation here = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0};

    conf_context();
    CONF_RESULT(cuMemPoolGetAccess(NULL, own_pool(), &here), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolGetAccess, before_init)
{
    CUmemLocation here = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0};
    CUmemAccess_flags flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;

    CONF_RESULT(cuMemPoolGetAccess(&flags, NO_POOL, &here), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemPoolSetAccess, own_device_open)
{
    CUmemAccessDesc open = {
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
        .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
    };

    conf_context();
    CONF_OK(cuMemPoolSetAccess(own_pool(), &open, 1));
}

CONF_NEGATIVE(cuMemPoolSetAccess, null_list)
{
    conf_context();
    CONF_RESULT(cuMemPoolSetAccess(own_pool(), NULL, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemPoolSetAccess, before_init)
{
    CUmemAccessDesc open = {
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
        .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE,
    };

    CONF_RESULT(cuMemPoolSetAccess(NO_POOL, &open, 1), CUDA_ERROR_NOT_INITIALIZED);
}
