/* SPDX-License-Identifier: Apache-2.0 */

/* More than there is, by every call that allocates; the next allocation works. */
#include "test/conformance/conf.h"

static size_t total(void)
{
    size_t bytes = 0;

    CONF_SETUP(cuDeviceTotalMem_v2(&bytes, 0));
    return bytes;
}

/* What a refused allocation must leave behind: nothing. */
static void still_works(void)
{
    CUdeviceptr p = 0;
    unsigned int word = 0;

    CONF_OK(cuMemAlloc_v2(&p, 1 << 20));
    CONF_OK(cuMemsetD32_v2(p, 5, 16));
    CONF_OK(cuMemcpyDtoH_v2(&word, p + 60, 4));
    CONF_EXPECT(word == 5);
    CONF_OK(cuMemFree_v2(p));
}

#define TOO_MUCH(symbol, name, amount, code, other, call)                                          \
    CONF_NEGATIVE(symbol, name)                                                                    \
    {                                                                                              \
        size_t bytes;                                                                              \
                                                                                                   \
        conf_context();                                                                            \
        bytes = (amount);                                                                          \
        CONF_EITHER(call, CUDA_ERROR_##code, CUDA_ERROR_##other);                                  \
        CONF_EXPECT(bytes != 0);                                                                   \
        still_works();                                                                             \
    }                                                                                              \
    CONF_ALONE(symbol, name)

static CUdeviceptr memory;
static void *host;
static size_t pitch;
static CUmemGenericAllocationHandle physical;

static const CUmemAllocationProp prop = {
    .type = CU_MEM_ALLOCATION_TYPE_PINNED,
    .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
};

static CUmemoryPool pool(void)
{
    CUmemoryPool p = NULL;

    CONF_SETUP(cuDeviceGetDefaultMemPool(&p, 0));
    return p;
}

/* Multiples of the granularity of physical memory, where that is asked for. */
#define MIB2 ((size_t)2 << 20)

TOO_MUCH(cuMemAlloc_v2, twice_the_memory, 2 * total(), OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAlloc_v2(&memory, bytes))
TOO_MUCH(cuMemAlloc_v2, one_byte_more_than_there_is, total() + 1, OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAlloc_v2(&memory, bytes))
TOO_MUCH(cuMemAlloc_v2, half_of_all_addresses, SIZE_MAX / 2, OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAlloc_v2(&memory, bytes))
TOO_MUCH(cuMemAlloc_v2, all_addresses, SIZE_MAX, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAlloc_v2(&memory, bytes))
TOO_MUCH(cuMemAllocPitch_v2, more_rows_than_fit, total(), OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAllocPitch_v2(&memory, &pitch, 4096, bytes, 4))
TOO_MUCH(cuMemAllocPitch_v2, rows_and_width_wrap, SIZE_MAX / 2, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAllocPitch_v2(&memory, &pitch, 4096, bytes, 4))
TOO_MUCH(cuMemAllocAsync, twice_the_memory, 2 * total(), OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAllocAsync(&memory, bytes, NULL))
TOO_MUCH(cuMemAllocAsync, all_addresses, SIZE_MAX, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAllocAsync(&memory, bytes, NULL))
TOO_MUCH(cuMemAllocFromPoolAsync, twice_the_memory, 2 * total(), OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemAllocFromPoolAsync(&memory, bytes, pool(), NULL))
TOO_MUCH(cuMemAllocFromPoolAsync, all_addresses, SIZE_MAX, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAllocFromPoolAsync(&memory, bytes, pool(), NULL))
TOO_MUCH(cuMemCreate, twice_the_memory, 2 * (total() / MIB2) * MIB2, OUT_OF_MEMORY, OUT_OF_MEMORY,
         cuMemCreate(&physical, bytes, &prop, 0))
TOO_MUCH(cuMemCreate, half_of_all_addresses, SIZE_MAX / 2 / MIB2 * MIB2, OUT_OF_MEMORY,
         INVALID_VALUE, cuMemCreate(&physical, bytes, &prop, 0))
TOO_MUCH(cuMemHostAlloc, a_pebibyte, (size_t)1 << 50, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemHostAlloc(&host, bytes, 0))
TOO_MUCH(cuMemHostAlloc, all_addresses, SIZE_MAX, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemHostAlloc(&host, bytes, 0))
TOO_MUCH(cuMemAllocHost_v2, a_pebibyte, (size_t)1 << 50, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAllocHost_v2(&host, bytes))
TOO_MUCH(cuMemAllocHost_v2, all_addresses, SIZE_MAX, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAllocHost_v2(&host, bytes))
TOO_MUCH(cuMemAddressReserve, all_addresses, SIZE_MAX / MIB2 * MIB2, OUT_OF_MEMORY, INVALID_VALUE,
         cuMemAddressReserve(&memory, bytes, 0, 0, 0))
TOO_MUCH(cuCtxSetLimit, stack_of_a_pebibyte, (size_t)1 << 50, INVALID_VALUE, OUT_OF_MEMORY,
         cuCtxSetLimit(CU_LIMIT_STACK_SIZE, bytes))

/* Ends of allocations: one byte beyond, by every kind of copy and fill. */
#define BEYOND(symbol, name, call)                                                                 \
    CONF_NEGATIVE(symbol, name)                                                                    \
    {                                                                                              \
        conf_context();                                                                            \
        memory = conf_memory((size_t)4 << 20);                                                     \
        CONF_RESULT(call, CUDA_ERROR_INVALID_VALUE);                                               \
        still_works();                                                                             \
    }

/* 64 MiB are more than anything that lies behind 4 MiB. */
#define FAR ((size_t)64 << 20)

BEYOND(cuMemcpyDtoD_v2, source_far_beyond, cuMemcpyDtoD_v2(conf_memory(FAR), memory, FAR))
BEYOND(cuMemcpyDtoD_v2, target_far_beyond, cuMemcpyDtoD_v2(memory, conf_memory(FAR), FAR))
BEYOND(cuMemsetD8_v2, far_beyond, cuMemsetD8_v2(memory, 0, FAR))
BEYOND(cuMemsetD16_v2, far_beyond, cuMemsetD16_v2(memory, 0, FAR / 2))
BEYOND(cuMemsetD32_v2, far_beyond, cuMemsetD32_v2(memory, 0, FAR / 4))
BEYOND(cuMemsetD8Async, far_beyond, cuMemsetD8Async(memory, 0, FAR, NULL))
BEYOND(cuMemsetD16Async, far_beyond, cuMemsetD16Async(memory, 0, FAR / 2, NULL))
BEYOND(cuMemsetD32Async, far_beyond, cuMemsetD32Async(memory, 0, FAR / 4, NULL))
