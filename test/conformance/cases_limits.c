/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

CONF_POSITIVE(cuCtxGetStreamPriorityRange, plain)
{
    int least = 99, greatest = 99;

    conf_context();
    CONF_OK(cuCtxGetStreamPriorityRange(&least, &greatest));
    CONF_VALUE(least);
    CONF_EXPECT(greatest <= least);
}

CONF_POSITIVE(cuCtxGetStreamPriorityRange, null_outs)
{
    int least = 99, greatest = 99;

    conf_context();
    CONF_OK(cuCtxGetStreamPriorityRange(NULL, NULL));
    CONF_OK(cuCtxGetStreamPriorityRange(&least, NULL));
    CONF_VALUE(least);
    CONF_OK(cuCtxGetStreamPriorityRange(NULL, &greatest));
    CONF_EXPECT(greatest <= least);
}

CONF_NEGATIVE(cuCtxGetStreamPriorityRange, no_context)
{
    int a = 99, b = 99;

    conf_device();
    CONF_RESULT(cuCtxGetStreamPriorityRange(&a, &b), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxGetStreamPriorityRange, before_init)
{
    int a = 99, b = 99;

    CONF_RESULT(cuCtxGetStreamPriorityRange(&a, &b), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetLimit, known_limits)
{
    size_t v = 0;

    conf_context();
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE));
    CONF_EXPECT(v >= 1024);
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_PRINTF_FIFO_SIZE));
    CONF_EXPECT(v >= 1024);
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_MALLOC_HEAP_SIZE));
    CONF_EXPECT(v >= 1024);
}

CONF_NEGATIVE(cuCtxGetLimit, null_out)
{
    conf_context();
    CONF_RESULT(cuCtxGetLimit(NULL, CU_LIMIT_STACK_SIZE), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetLimit, unknown_limit)
{
    size_t v = 0;

    conf_context();
    CONF_RESULT(cuCtxGetLimit(&v, (CUlimit)999), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetLimit, no_context)
{
    size_t v = 0;

    conf_device();
    CONF_RESULT(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxGetLimit, before_init)
{
    size_t v = 0;

    CONF_RESULT(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxSetLimit, stack)
{
    size_t v = 0;

    conf_context();
    CONF_OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048));
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE));
    CONF_EXPECT(v >= 2048 && v < 4096);
}

CONF_POSITIVE(cuCtxSetLimit, printf_fifo)
{
    size_t v = 0;

    conf_context();
    CONF_OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 2u << 20));
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_PRINTF_FIFO_SIZE));
    CONF_EXPECT(v >= (2u << 20));
}

CONF_NEGATIVE(cuCtxSetLimit, unknown_limit)
{
    conf_context();
    CONF_RESULT(cuCtxSetLimit((CUlimit)999, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxSetLimit, read_only_limit)
{
    conf_context();
    CONF_RESULT(cuCtxSetLimit(CU_LIMIT_SHMEM_SIZE, 1), CUDA_ERROR_NOT_PERMITTED);
}

CONF_NEGATIVE(cuCtxSetLimit, no_context)
{
    conf_device();
    CONF_RESULT(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxSetLimit, before_init)
{
    CONF_RESULT(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuCtxGetCacheConfig, initial)
{
    CUfunc_cache config = (CUfunc_cache)99;

    conf_context();
    CONF_OK(cuCtxGetCacheConfig(&config));
    CONF_VALUE(config);
}

CONF_NEGATIVE(cuCtxGetCacheConfig, null_out)
{
    conf_context();
    CONF_RESULT(cuCtxGetCacheConfig(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxGetCacheConfig, no_context)
{
    CUfunc_cache config = (CUfunc_cache)99;

    conf_device();
    CONF_RESULT(cuCtxGetCacheConfig(&config), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuCtxSetCacheConfig, read_back)
{
    CUfunc_cache config = (CUfunc_cache)99;

    conf_context();
    CONF_OK(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1));
    CONF_OK(cuCtxGetCacheConfig(&config));
    CONF_VALUE(config);
}

CONF_NEGATIVE(cuCtxSetCacheConfig, unknown_value)
{
    conf_context();
    CONF_RESULT(cuCtxSetCacheConfig((CUfunc_cache)99), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuCtxSetCacheConfig, no_context)
{
    conf_device();
    CONF_RESULT(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuCtxSetCacheConfig, before_init)
{
    CONF_RESULT(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1), CUDA_ERROR_NOT_INITIALIZED);
}
