/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/* The pools that a device has. */

static CUmemLocation device(int id)
{
    return (CUmemLocation){.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = id};
}

static CUmemoryPool own_pool(void)
{
    CUmemPoolProps props = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = device(0)};
    CUmemoryPool pool = NULL;

    CONF_SETUP(cuMemPoolCreate(&pool, &props));
    return pool;
}

CONF_POSITIVE(cuDeviceGetDefaultMemPool, always_the_same)
{
    CUmemoryPool a = NULL, b = NULL;

    conf_device();
    CONF_OK(cuDeviceGetDefaultMemPool(&a, 0));
    CONF_OK(cuDeviceGetDefaultMemPool(&b, 0));
    CONF_EXPECT(a == b && a != NULL);
}

CONF_NEGATIVE(cuDeviceGetDefaultMemPool, no_such_device)
{
    CUmemoryPool a = NULL;

    conf_device();
    CONF_RESULT(cuDeviceGetDefaultMemPool(&a, 999), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuDeviceGetDefaultMemPool, null_out)
{
    conf_device();
    CONF_RESULT(cuDeviceGetDefaultMemPool(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuDeviceGetMemPool, the_default_at_first)
{
    CUmemoryPool a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuDeviceGetMemPool(&a, 0));
    CONF_OK(cuDeviceGetDefaultMemPool(&b, 0));
    CONF_EXPECT(a == b);
}

CONF_NEGATIVE(cuDeviceGetMemPool, no_such_device)
{
    CUmemoryPool a = NULL;

    conf_device();
    CONF_RESULT(cuDeviceGetMemPool(&a, 999), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetMemPool, null_out)
{
    conf_device();
    CONF_RESULT(cuDeviceGetMemPool(NULL, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuDeviceSetMemPool, allocations_come_from_it)
{
    CUmemoryPool pool = NULL, back = NULL;
    cuuint64_t used = 0;
    CUdeviceptr p = 0;

    conf_context();
    pool = own_pool();
    CONF_OK(cuDeviceSetMemPool(0, pool));
    CONF_OK(cuDeviceGetMemPool(&back, 0));
    CONF_EXPECT(back == pool);
    CONF_OK(cuMemAllocAsync(&p, 4096, NULL));
    CONF_OK(cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
    CONF_EXPECT(used >= 4096);
    CONF_OK(cuMemFreeAsync(p, NULL));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemPoolDestroy(pool));
    CONF_OK(cuDeviceGetMemPool(&back, 0));
    CONF_EXPECT(back != pool && back != NULL);
}

CONF_NEGATIVE(cuDeviceSetMemPool, no_such_device)
{
    conf_context();
    CONF_RESULT(cuDeviceSetMemPool(999, own_pool()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceSetMemPool, no_pool)
{
    conf_context();
    CONF_RESULT(cuDeviceSetMemPool(0, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemGetDefaultMemPool, of_a_device)
{
    CUmemLocation here = device(0);
    CUmemoryPool a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuMemGetDefaultMemPool(&a, &here, CU_MEM_ALLOCATION_TYPE_PINNED));
    CONF_OK(cuDeviceGetDefaultMemPool(&b, 0));
    CONF_EXPECT(a == b);
}

CONF_NEGATIVE(cuMemGetDefaultMemPool, null_out)
{
    CUmemLocation here = device(0);

    conf_context();
    CONF_RESULT(cuMemGetDefaultMemPool(NULL, &here, CU_MEM_ALLOCATION_TYPE_PINNED),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemGetDefaultMemPool, before_init)
{
    CUmemLocation here = device(0);
    CUmemoryPool a = NULL;

    CONF_RESULT(cuMemGetDefaultMemPool(&a, &here, CU_MEM_ALLOCATION_TYPE_PINNED),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemGetMemPool, of_a_device)
{
    CUmemLocation here = device(0);
    CUmemoryPool a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuMemGetMemPool(&a, &here, CU_MEM_ALLOCATION_TYPE_PINNED));
    CONF_OK(cuDeviceGetMemPool(&b, 0));
    CONF_EXPECT(a == b);
}

CONF_NEGATIVE(cuMemGetMemPool, null_out)
{
    CUmemLocation here = device(0);

    conf_context();
    CONF_RESULT(cuMemGetMemPool(NULL, &here, CU_MEM_ALLOCATION_TYPE_PINNED),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemGetMemPool, before_init)
{
    CUmemLocation here = device(0);
    CUmemoryPool a = NULL;

    CONF_RESULT(cuMemGetMemPool(&a, &here, CU_MEM_ALLOCATION_TYPE_PINNED),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemSetMemPool, of_a_device)
{
    CUmemLocation here = device(0);
    CUmemoryPool pool = NULL, back = NULL;

    conf_context();
    pool = own_pool();
    CONF_OK(cuMemSetMemPool(&here, CU_MEM_ALLOCATION_TYPE_PINNED, pool));
    CONF_OK(cuDeviceGetMemPool(&back, 0));
    CONF_EXPECT(back == pool);
}

CONF_NEGATIVE(cuMemSetMemPool, no_pool)
{
    CUmemLocation here = device(0);

    conf_context();
    CONF_RESULT(cuMemSetMemPool(&here, CU_MEM_ALLOCATION_TYPE_PINNED, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemSetMemPool, before_init)
{
    CUmemLocation here = device(0);

    CONF_RESULT(cuMemSetMemPool(&here, CU_MEM_ALLOCATION_TYPE_PINNED, NULL),
                CUDA_ERROR_NOT_INITIALIZED);
}
