/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>

/* Address ranges, physical memory, and mappings of the one into the other. */

#define PAGE  ((size_t)2 << 20)
#define WORDS 1024u

static CUmemAllocationProp on_device(void)
{
    return (CUmemAllocationProp){
        .type = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
    };
}

static CUmemAccessDesc may(CUmemAccess_flags flags)
{
    return (CUmemAccessDesc){
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
        .flags = flags,
    };
}

static CUmemGenericAllocationHandle physical(size_t bytes)
{
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle h = 0;

    CONF_SETUP(cuMemCreate(&h, bytes, &prop, 0));
    return h;
}

static CUdeviceptr range(size_t bytes)
{
    CUdeviceptr p = 0;

    CONF_SETUP(cuMemAddressReserve(&p, bytes, 0, 0, 0));
    return p;
}

/* A range of `pages`, each mapped by itself and open. */
static CUdeviceptr open_range(unsigned int pages)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUdeviceptr p = range(pages * PAGE);

    for (unsigned int i = 0; i < pages; i++) {
        CUmemGenericAllocationHandle h = physical(PAGE);

        CONF_SETUP(cuMemMap(p + i * PAGE, PAGE, 0, h, 0));
        CONF_SETUP(cuMemRelease(h));
    }
    CONF_SETUP(cuMemSetAccess(p, pages * PAGE, &access, 1));
    return p;
}

CONF_POSITIVE(cuMemAddressReserve, large_and_distinct)
{
    CUdeviceptr p = 0, q = 0;

    conf_context();
    CONF_OK(cuMemAddressReserve(&p, (size_t)96 << 30, 0, 0, 0));
    CONF_OK(cuMemAddressReserve(&q, (size_t)96 << 30, 0, 0, 0));
    CONF_EXPECT(p % PAGE == 0 && q % PAGE == 0);
    CONF_EXPECT(p + ((size_t)96 << 30) <= q || q + ((size_t)96 << 30) <= p);
    CONF_OK(cuMemAddressFree(p, (size_t)96 << 30));
    CONF_OK(cuMemAddressFree(q, (size_t)96 << 30));
}

CONF_POSITIVE(cuMemAddressReserve, a_free_hint_is_taken)
{
    CUdeviceptr p = 0, q = 0;

    conf_context();
    p = range(4 * PAGE);
    CONF_SETUP(cuMemAddressFree(p, 4 * PAGE));
    CONF_OK(cuMemAddressReserve(&q, 2 * PAGE, 0, p, 0));
    CONF_EXPECT(q == p);
    CONF_OK(cuMemAddressReserve(&p, PAGE, 0, q, 0));
    CONF_EXPECT(p != q);
}

CONF_NEGATIVE(cuMemAddressReserve, size_between_pages)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAddressReserve(&p, 100, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAddressReserve, no_size)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuMemAddressReserve(&p, 0, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAddressReserve, before_init)
{
    CUdeviceptr p = 0;

    CONF_RESULT(cuMemAddressReserve(&p, PAGE, 0, 0, 0), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemAddressFree, empty_range)
{
    CUdeviceptr p = 0;

    conf_context();
    p = range(2 * PAGE);
    CONF_OK(cuMemAddressFree(p, 2 * PAGE));
}

CONF_NEGATIVE(cuMemAddressFree, a_part)
{
    CUdeviceptr p = 0;

    conf_context();
    p = range(4 * PAGE);
    CONF_RESULT(cuMemAddressFree(p, PAGE), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemAddressFree(p, 4 * PAGE));
}

CONF_NEGATIVE(cuMemAddressFree, still_mapped)
{
    CUdeviceptr p = 0;

    conf_context();
    p = open_range(1);
    CONF_RESULT(cuMemAddressFree(p, PAGE), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemUnmap(p, PAGE));
    CONF_OK(cuMemAddressFree(p, PAGE));
}

CONF_POSITIVE(cuMemCreate, distinct_handles)
{
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle a = 0, b = 0;

    conf_context();
    CONF_OK(cuMemCreate(&a, PAGE, &prop, 0));
    CONF_OK(cuMemCreate(&b, 3 * PAGE, &prop, 0));
    CONF_EXPECT(a != b);
    CONF_OK(cuMemRelease(a));
    CONF_OK(cuMemRelease(b));
}

CONF_POSITIVE(cuMemCreate, counts_as_used)
{
    size_t before = 0, during = 0;
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    CONF_SETUP(cuMemGetInfo_v2(&before, NULL));
    h = physical(64 * PAGE);
    CONF_SETUP(cuMemGetInfo_v2(&during, NULL));
    CONF_EXPECT(during <= before - 32 * PAGE); /* others may give something back meanwhile */
    CONF_OK(cuMemRelease(h));
}
CONF_ALONE(cuMemCreate, counts_as_used)

/* What PyTorch and NCCL ask for, whether they export it or not. */
CONF_POSITIVE(cuMemCreate, that_could_be_exported)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
    CONF_OK(cuMemCreate(&h, PAGE, &prop, 0));
    p = range(PAGE);
    CONF_OK(cuMemMap(p, PAGE, 0, h, 0));
    CONF_OK(cuMemSetAccess(p, PAGE, &access, 1));
    CONF_OK(cuMemsetD32_v2(p, 7, 4));
    CONF_OK(cuMemUnmap(p, PAGE));
    CONF_OK(cuMemRelease(h));
}

CONF_NEGATIVE(cuMemCreate, size_between_pages)
{
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    CONF_RESULT(cuMemCreate(&h, 100, &prop, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemCreate, no_such_device)
{
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    prop.location.id = 999;
    CONF_RESULT(cuMemCreate(&h, PAGE, &prop, 0), CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuMemCreate, more_than_exists)
{
    CUmemAllocationProp prop = on_device();
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    CONF_RESULT(cuMemCreate(&h, (size_t)1 << 50, &prop, 0), CUDA_ERROR_OUT_OF_MEMORY);
}

CONF_POSITIVE(cuMemRelease, memory_lives_while_mapped)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUmemGenericAllocationHandle h = 0;
    unsigned int word = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    h = physical(PAGE);
    CONF_SETUP(cuMemMap(p, PAGE, 0, h, 0));
    CONF_SETUP(cuMemSetAccess(p, PAGE, &access, 1));
    CONF_OK(cuMemRelease(h));
    CONF_OK(cuMemsetD32_v2(p, 77, 1));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuMemRelease, twice)
{
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    h = physical(PAGE);
    CONF_OK(cuMemRelease(h));
    CONF_RESULT(cuMemRelease(h), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemRelease, nothing)
{
    conf_context();
    CONF_RESULT(cuMemRelease(0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemMap, two_places_are_one_memory)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUmemGenericAllocationHandle h = 0;
    unsigned int word = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = range(4 * PAGE);
    h = physical(2 * PAGE);
    CONF_OK(cuMemMap(p, 2 * PAGE, 0, h, 0));
    CONF_OK(cuMemMap(p + 2 * PAGE, 2 * PAGE, 0, h, 0));
    CONF_OK(cuMemSetAccess(p, 4 * PAGE, &access, 1));
    CONF_OK(cuMemsetD32_v2(p + PAGE, 77, 1));
    CONF_OK(cuMemcpyDtoH_v2(&word, p + 3 * PAGE, 4));
    CONF_VALUE(word);
    CONF_OK(cuMemUnmap(p, 4 * PAGE));
    CONF_OK(cuMemRelease(h));
    CONF_OK(cuMemAddressFree(p, 4 * PAGE));
}

CONF_POSITIVE(cuMemMap, kernels_and_copies_cross_mappings)
{
    unsigned int *seen = malloc(3 * PAGE);
    unsigned int words = (unsigned int)(3 * PAGE / 4), wrong = 0, value = 5;
    CUdeviceptr p = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = open_range(3);
    conf_launch(conf_kernel("store"), words / 256, 256, NULL, params);
    CONF_OK(cuMemcpyDtoH_v2(seen, p, 3 * PAGE));
    for (unsigned int i = 0; i < words; i++) {
        wrong += seen[i] != 5;
    }
    CONF_VALUE(wrong);
    CONF_OK(cuMemsetD8_v2(p + PAGE / 2, 9, 2 * PAGE));
    CONF_OK(cuMemcpyDtoH_v2(seen, p + PAGE / 2, 2 * PAGE));
    for (unsigned int i = 0; i < words * 2 / 3; i++) {
        wrong += seen[i] != 0x09090909;
    }
    CONF_VALUE(wrong);
    CONF_OK(cuMemcpyHtoD_v2(p, seen, 3 * PAGE));
    CONF_RESULT(cuMemcpyHtoD_v2(p + PAGE, seen, 3 * PAGE), CUDA_ERROR_INVALID_VALUE);
    free(seen);
}

/* A range that grows behind what is in use, as allocators with segments do. */
CONF_POSITIVE(cuMemMap, a_range_grows)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUdeviceptr p = 0;
    unsigned int word = 0;

    conf_context();
    p = range(64 * PAGE);
    for (unsigned int i = 0; i < 8; i++) {
        CUmemGenericAllocationHandle h = physical(PAGE);

        CONF_OK(cuMemMap(p + i * PAGE, PAGE, 0, h, 0));
        CONF_OK(cuMemSetAccess(p + i * PAGE, PAGE, &access, 1));
        CONF_OK(cuMemsetD32_v2(p + i * PAGE, i, PAGE / 4));
    }
    for (unsigned int i = 0; i < 8; i++) {
        CONF_SETUP(cuMemcpyDtoH_v2(&word, p + (i + 1) * PAGE - 4, 4));
        CONF_EXPECT(word == i);
    }
}

CONF_NEGATIVE(cuMemMap, taken)
{
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = open_range(1);
    h = physical(PAGE);
    CONF_RESULT(cuMemMap(p, PAGE, 0, h, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemMap, nothing_reserved)
{
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    h = physical(PAGE);
    p = range(PAGE);
    CONF_SETUP(cuMemAddressFree(p, PAGE));
    CONF_RESULT(cuMemMap(p, PAGE, 0, h, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemMap, no_handle)
{
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    CONF_RESULT(cuMemMap(p, PAGE, 0, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemUnmap, several_at_once)
{
    CUdeviceptr p = 0;
    unsigned int word = 0;

    conf_context();
    p = open_range(3);
    CONF_OK(cuMemUnmap(p, 2 * PAGE));
    CONF_RESULT(cuMemcpyDtoH_v2(&word, p, 4), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemcpyDtoH_v2(&word, p + 2 * PAGE, 4));
    CONF_OK(cuMemUnmap(p + 2 * PAGE, PAGE));
    CONF_OK(cuMemAddressFree(p, 3 * PAGE));
}

CONF_NEGATIVE(cuMemUnmap, a_part)
{
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = range(2 * PAGE);
    h = physical(2 * PAGE);
    CONF_SETUP(cuMemMap(p, 2 * PAGE, 0, h, 0));
    CONF_RESULT(cuMemUnmap(p, PAGE), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemUnmap(p, 2 * PAGE));
}

CONF_NEGATIVE(cuMemUnmap, nothing_reserved)
{
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    CONF_SETUP(cuMemAddressFree(p, PAGE));
    CONF_RESULT(cuMemUnmap(p, PAGE), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemSetAccess, opens)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    unsigned int word = 3;
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    CONF_SETUP(cuMemMap(p, PAGE, 0, physical(PAGE), 0));
    CONF_RESULT(cuMemcpyHtoD_v2(p, &word, 4), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuMemSetAccess(p, PAGE, &access, 1));
    CONF_OK(cuMemcpyHtoD_v2(p, &word, 4));
}

CONF_NEGATIVE(cuMemSetAccess, not_all_mapped)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUdeviceptr p = 0;

    conf_context();
    p = range(2 * PAGE);
    CONF_SETUP(cuMemMap(p, PAGE, 0, physical(PAGE), 0));
    CONF_RESULT(cuMemSetAccess(p, 2 * PAGE, &access, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemSetAccess, no_size)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUdeviceptr p = 0;

    conf_context();
    p = open_range(1);
    CONF_RESULT(cuMemSetAccess(p, 0, &access, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemGetAccess, what_was_set)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    unsigned long long flags = 99;
    CUdeviceptr p = 0;

    conf_context();
    p = open_range(1);
    CONF_OK(cuMemGetAccess(&flags, &access.location, p));
    CONF_VALUE(flags);
}

CONF_NEGATIVE(cuMemGetAccess, null_out)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    CUdeviceptr p = 0;

    conf_context();
    p = open_range(1);
    CONF_RESULT(cuMemGetAccess(NULL, &access.location, p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemGetAccess, before_init)
{
    CUmemAccessDesc access = may(CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
    unsigned long long flags = 0;

    CONF_RESULT(cuMemGetAccess(&flags, &access.location, PAGE), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemGetAllocationGranularity, two_mebibytes)
{
    CUmemAllocationProp prop = on_device();
    size_t least = 0, best = 0;

    conf_context();
    CONF_OK(cuMemGetAllocationGranularity(&least, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
    CONF_OK(cuMemGetAllocationGranularity(&best, &prop, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED));
    CONF_VALUE(least);
    CONF_VALUE(best);
}

CONF_NEGATIVE(cuMemGetAllocationGranularity, null_prop)
{
    size_t size = 0;

    conf_context();
    CONF_RESULT(cuMemGetAllocationGranularity(&size, NULL, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemGetAllocationGranularity, null_out)
{
    CUmemAllocationProp prop = on_device();

    conf_context();
    CONF_RESULT(cuMemGetAllocationGranularity(NULL, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemGetAllocationPropertiesFromHandle, what_it_was_made_with)
{
    CUmemAllocationProp prop = {0};
    CUmemGenericAllocationHandle h = 0;

    conf_context();
    h = physical(PAGE);
    CONF_OK(cuMemGetAllocationPropertiesFromHandle(&prop, h));
    CONF_VALUE(prop.type);
    CONF_VALUE(prop.location.type);
    CONF_VALUE(prop.location.id);
    CONF_VALUE(prop.requestedHandleTypes);
}

CONF_NEGATIVE(cuMemGetAllocationPropertiesFromHandle, null_out)
{
    conf_context();
    CONF_RESULT(cuMemGetAllocationPropertiesFromHandle(NULL, physical(PAGE)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemRetainAllocationHandle, one_more_to_release)
{
    CUmemGenericAllocationHandle h = 0, again = 0;
    CUmemAllocationProp prop = {0};
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    h = physical(PAGE);
    CONF_SETUP(cuMemMap(p, PAGE, 0, h, 0));
    CONF_OK(cuMemRetainAllocationHandle(&again, (void *)p));
    CONF_OK(cuMemRelease(h));
    CONF_OK(cuMemGetAllocationPropertiesFromHandle(&prop, again));
    CONF_OK(cuMemRelease(again));
    CONF_OK(cuMemUnmap(p, PAGE));
}

CONF_NEGATIVE(cuMemRetainAllocationHandle, other_memory)
{
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(PAGE);
    CONF_RESULT(cuMemRetainAllocationHandle(&h, (void *)p), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemRetainAllocationHandle, nothing_mapped)
{
    CUmemGenericAllocationHandle h = 0;
    CUdeviceptr p = 0;

    conf_context();
    p = range(PAGE);
    CONF_RESULT(cuMemRetainAllocationHandle(&h, (void *)p), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuPointerGetAttribute, of_mapped_memory)
{
    unsigned int type = 0;
    int ordinal = 99;
    CUdeviceptr p = 0, start = 0;

    conf_context();
    p = open_range(2);
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p + PAGE + 8));
    CONF_VALUE(type);
    CONF_OK(cuPointerGetAttribute(&ordinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, p));
    CONF_VALUE(ordinal);
    CONF_OK(cuPointerGetAttribute(&start, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, p + PAGE));
    CONF_EXPECT(start == p + PAGE);
}
