/* SPDX-License-Identifier: Apache-2.0 */

/* Enumerations and flags: below the first value, behind the last, and far from all. */
#include "test/conformance/conf.h"

#include <limits.h>

/* The call uses `v`, of the type, which no driver of this version knows. */
#define OUTSIDE_AS(CONF, symbol, type, last, call)                                                 \
    CONF(symbol, minus_one)                                                                        \
    {                                                                                              \
        type v = (type)-1;                                                                         \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }                                                                                              \
    CONF(symbol, behind_the_last)                                                                  \
    {                                                                                              \
        type v = (type)((last) + 1);                                                               \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }                                                                                              \
    CONF(symbol, largest)                                                                          \
    {                                                                                              \
        type v = (type)INT_MAX;                                                                    \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }
#define OUTSIDE(symbol, type, last, call) OUTSIDE_AS(CONF_NEGATIVE, symbol, type, last, call)

/* Flags of 32 bits: an unknown bit beside a known one, the highest, all. */
#define UNKNOWN_BITS(symbol, known, unknown, call)                                                 \
    CONF_NEGATIVE(symbol, unknown_bit)                                                             \
    {                                                                                              \
        unsigned int v = (unknown) | (known);                                                      \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }                                                                                              \
    CONF_NEGATIVE(symbol, highest_bit)                                                             \
    {                                                                                              \
        unsigned int v = 0x80000000u;                                                              \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }                                                                                              \
    CONF_NEGATIVE(symbol, all_bits)                                                                \
    {                                                                                              \
        unsigned int v = ~0u;                                                                      \
                                                                                                   \
        conf_context();                                                                            \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
    }

static int number;
static size_t size;
static void *pointer;
static CUstream stream;
static CUevent event;
static unsigned long long words[16];

static CUevent an_event(void)
{
    CONF_SETUP(cuEventCreate(&event, 0));
    return event;
}

static CUmemoryPool a_pool(void)
{
    CUmemoryPool pool = NULL;

    CONF_SETUP(cuDeviceGetDefaultMemPool(&pool, 0));
    return pool;
}

static CUstream a_stream(void)
{
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    return stream;
}

static CUlinkState a_link(void)
{
    CUlinkState link = NULL;

    CONF_SETUP(cuLinkCreate_v2(0, NULL, NULL, &link));
    return link;
}

OUTSIDE(cuDeviceGetAttribute, CUdevice_attribute, CU_DEVICE_ATTRIBUTE_MAX + 1,
        cuDeviceGetAttribute(&number, v, 0))
OUTSIDE(cuFuncGetAttribute, CUfunction_attribute, CU_FUNC_ATTRIBUTE_MAX,
        cuFuncGetAttribute(&number, v, conf_kernel("noop")))
/* Native crashes. */
OUTSIDE_AS(CONF_OURS, cuFuncSetAttribute, CUfunction_attribute, CU_FUNC_ATTRIBUTE_MAX,
           cuFuncSetAttribute(conf_kernel("noop"), v, 0))
OUTSIDE(cuKernelGetAttribute, CUfunction_attribute, CU_FUNC_ATTRIBUTE_MAX,
        cuKernelGetAttribute(&number, v, conf_library_kernel("noop"), 0))
OUTSIDE(cuKernelSetAttribute, CUfunction_attribute, CU_FUNC_ATTRIBUTE_MAX,
        cuKernelSetAttribute(v, 0, conf_library_kernel("noop"), 0))
OUTSIDE(cuCtxGetLimit, CUlimit, CU_LIMIT_MAX, cuCtxGetLimit(&size, v))
OUTSIDE(cuCtxSetLimit, CUlimit, CU_LIMIT_MAX, cuCtxSetLimit(v, 1024))
OUTSIDE(cuPointerGetAttribute, CUpointer_attribute, CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE,
        cuPointerGetAttribute(words, v, conf_memory(16)))
OUTSIDE(cuCtxSetCacheConfig, CUfunc_cache, CU_FUNC_CACHE_PREFER_EQUAL, cuCtxSetCacheConfig(v))
OUTSIDE(cuFuncSetCacheConfig, CUfunc_cache, CU_FUNC_CACHE_PREFER_EQUAL,
        cuFuncSetCacheConfig(conf_kernel("noop"), v))
OUTSIDE(cuKernelSetCacheConfig, CUfunc_cache, CU_FUNC_CACHE_PREFER_EQUAL,
        cuKernelSetCacheConfig(conf_library_kernel("noop"), v, 0))
OUTSIDE(cuMemPoolGetAttribute, CUmemPool_attribute, 12, cuMemPoolGetAttribute(a_pool(), v, words))
OUTSIDE(cuMemPoolSetAttribute, CUmemPool_attribute, 12, cuMemPoolSetAttribute(a_pool(), v, words))
OUTSIDE(cuLinkAddData_v2, CUjitInputType, CU_JIT_NUM_INPUT_TYPES - 1,
        cuLinkAddData_v2(a_link(), v, words, sizeof(words), "none", 0, NULL, NULL))
OUTSIDE(cuStreamGetAttribute, CUstreamAttrID, 32,
        cuStreamGetAttribute(a_stream(), v, (CUstreamAttrValue *)words))

UNKNOWN_BITS(cuStreamCreate, CU_STREAM_NON_BLOCKING, 0x2u, cuStreamCreate(&stream, v))
UNKNOWN_BITS(cuStreamCreateWithPriority, CU_STREAM_NON_BLOCKING, 0x2u,
             cuStreamCreateWithPriority(&stream, v, 0))
UNKNOWN_BITS(cuEventCreate, CU_EVENT_DISABLE_TIMING, 0x8u, cuEventCreate(&event, v))
UNKNOWN_BITS(cuEventRecordWithFlags, 0, 0x2u, cuEventRecordWithFlags(an_event(), NULL, v))
UNKNOWN_BITS(cuStreamWaitEvent, 0, 0x2u, cuStreamWaitEvent(NULL, an_event(), v))
UNKNOWN_BITS(cuMemHostAlloc, CU_MEMHOSTALLOC_DEVICEMAP, 0x8u, cuMemHostAlloc(&pointer, 4096, v))
UNKNOWN_BITS(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, 0, 0x2u,
             cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&number, conf_kernel("noop"), 32,
                                                                  0, v))
UNKNOWN_BITS(cuGetProcAddress_v2, 1, 0x4u, cuGetProcAddress_v2("cuInit", &pointer, 12000, v, NULL))
UNKNOWN_BITS(cuCtxSetFlags, CU_CTX_SCHED_SPIN, 0x100u, cuCtxSetFlags(v))
UNKNOWN_BITS(cuStreamWriteValue32_v2, 0, 0x2u,
             cuStreamWriteValue32_v2(a_stream(), conf_memory(16), 1, v))
UNKNOWN_BITS(cuStreamWriteValue64_v2, 0, 0x2u,
             cuStreamWriteValue64_v2(a_stream(), conf_memory(16), 1, v))
