/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <sys/mman.h>

/* Allocation, limits, pinned memory, virtual memory management. */

#define PAGE ((size_t)2 << 20)

static int setup(void **state)
{
    *state = sim_context();
    return 0;
}

static void test_alloc_is_aligned_and_counted(void **state)
{
    CUdeviceptr a = 0;
    CUdeviceptr b = 0;
    CUdeviceptr base = 0;
    size_t before = 0;
    size_t after = 0;
    size_t total = 0;
    size_t size = 0;

    (void)state;
    OK(cuMemGetInfo(&before, &total));
    OK(cuMemAlloc(&a, 1000));
    OK(cuMemAlloc(&b, 5 * PAGE + 1));
    assert_int_equal(a % 512, 0);
    OK(cuMemGetInfo(&after, &total));
    assert_int_equal(before - after, 7 * PAGE);
    OK(cuMemGetAddressRange(&base, &size, a + 999));
    assert_true(base == a && size == 1000);
    FAILS(CUDA_ERROR_NOT_FOUND, cuMemGetAddressRange(&base, &size, a + 1000));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemFree(a + 4));
    OK(cuMemFree(a));
    OK(cuMemFree(b));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
    OK(cuMemFree(0));
    OK(cuMemGetInfo(&after, &total));
    assert_int_equal(before, after);
}

static void test_alloc_beyond_device_fails(void **state)
{
    CUdeviceptr p = 0;
    size_t free_bytes = 0;
    size_t total = 0;

    (void)state;
    OK(cuMemGetInfo(&free_bytes, &total));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemAlloc(&p, 0));
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&p, total + 1));
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&p, SIZE_MAX));
    OK(cuMemAlloc(&p, free_bytes));
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuMemAlloc(&p, 4));
    OK(cuMemFree(p));
}

static void test_copies_check_their_ranges(void **state)
{
    CUdeviceptr d = sim_device(NULL, 100);
    char host[128] = "text";
    char back[128] = "";

    (void)state;
    OK(cuMemcpyHtoD(d, host, 100));
    OK(cuMemcpyDtoD(d + 8, d, 50));
    OK(cuMemcpyDtoH(back, d, 100));
    assert_string_equal(back + 8, "text");
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(d, host, 101));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH(back, d + 99, 2));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(4096, host, 1));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(d, NULL, 1));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemsetD32(d + 2, 0, 1));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemsetD8(d, 0, 101));
    OK(cuMemcpyHtoD(0, host, 0));
}

static void test_pageable_source_is_taken_at_the_call(void **state)
{
    CUdeviceptr d = sim_device(NULL, 64);
    char host[64] = "before";
    char back[64] = "";
    CUstream s = NULL;
    uint32_t *word = NULL;
    void *p = NULL;

    (void)state;
    OK(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    OK(cuMemHostAlloc(&p, 64, 0));
    word = p;
    *word = 0;
    OK(cuStreamWaitValue32(s, (CUdeviceptr)(uintptr_t)p, 1, CU_STREAM_WAIT_VALUE_EQ));
    OK(cuMemcpyHtoDAsync(d, host, sizeof(host), s));
    memcpy(host, "after", 6);
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
    OK(cuStreamSynchronize(s));
    sim_fetch(back, d, sizeof(back));
    assert_string_equal(back, "before");
}

static void test_pinned_memory_has_one_address(void **state)
{
    void *p = NULL;
    CUdeviceptr d = 0;
    unsigned flags = 0;
    char *mapping = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    OK(cuMemHostAlloc(&p, 100, 0));
    OK(cuMemHostGetDevicePointer(&d, p, 0));
    assert_true(d == (CUdeviceptr)(uintptr_t)p);
    OK(cuMemHostGetFlags(&flags, p));
    assert_int_equal(flags, CU_MEMHOSTALLOC_DEVICEMAP);
    OK(cuMemFreeHost(p));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(p));
    OK(cuMemHostRegister(mapping, 1 << 20, 0));
    FAILS(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, cuMemHostRegister(mapping, 4096, 0));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemHostUnregister(mapping + 8));
    OK(cuMemsetD8((CUdeviceptr)(uintptr_t)mapping, 7, 1 << 20));
    assert_int_equal(mapping[(1 << 20) - 1], 7);
    OK(cuMemHostUnregister(mapping));
    FAILS(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cuMemHostUnregister(mapping));
    assert_int_equal(munmap(mapping + 65536, 4096), 0);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemHostRegister(mapping + 61440, 8192, 0));
}

static void test_pointer_attributes_answer(void **state)
{
    CUdeviceptr d = sim_device(NULL, 1000);
    CUpointer_attribute list[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                  CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    unsigned type = 9;
    int ordinal = 9;
    size_t size = 0;

    (void)state;
    OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, d));
    assert_int_equal(type, CU_MEMORYTYPE_DEVICE);
    OK(cuPointerGetAttribute(&size, CU_POINTER_ATTRIBUTE_RANGE_SIZE, d + 10));
    assert_int_equal(size, 1000);
    FAILS(CUDA_ERROR_INVALID_VALUE,
          cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 4096));
    OK(cuPointerGetAttributes(2, list, (void *[]){&type, &ordinal}, (CUdeviceptr)(uintptr_t)list));
    assert_int_equal(type, 0);
    assert_int_equal(ordinal, -2);
}

static CUmemGenericAllocationHandle physical(size_t size)
{
    CUmemAllocationProp prop = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    CUmemGenericAllocationHandle h = 0;

    OK(cuMemCreate(&h, size, &prop, 0));
    return h;
}

static const CUmemAccessDesc read_write = {{CU_MEM_LOCATION_TYPE_DEVICE, 0},
                                           CU_MEM_ACCESS_FLAGS_PROT_READWRITE};

static void test_vmm_hint_is_honoured(void **state)
{
    CUdeviceptr p = 0;
    CUdeviceptr q = 0;

    (void)state;
    OK(cuMemAddressReserve(&p, (size_t)64 << 30, 0, 0x7e9000000000, 0));
    assert_true(p == 0x7e9000000000);
    OK(cuMemAddressReserve(&q, PAGE, 0, 0x7e9000000000, 0)); /* taken: elsewhere */
    assert_true(q != p);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemAddressReserve(&q, 100, 0, 0, 0));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(p, PAGE));
    OK(cuMemAddressFree(p, (size_t)64 << 30));
}

static void test_vmm_maps_alias_and_scrub(void **state)
{
    CUdeviceptr p = 0;
    CUmemGenericAllocationHandle h = physical(2 * PAGE);
    unsigned word = 0;

    (void)state;
    OK(cuMemAddressReserve(&p, 4 * PAGE, 0, 0, 0));
    OK(cuMemMap(p, 2 * PAGE, 0, h, 0));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemMap(p, 2 * PAGE, 0, h, 0));
    FAILS(CUDA_ERROR_NOT_SUPPORTED, cuMemMap(p, PAGE, 0, h, 0));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(p, &word, 4)); /* no access yet */
    OK(cuMemMap(p + 2 * PAGE, 2 * PAGE, 0, h, 0));
    OK(cuMemSetAccess(p, 4 * PAGE, &read_write, 1));
    OK(cuMemsetD32(p + PAGE, 77, 1));
    sim_fetch(&word, p + 3 * PAGE, 4);
    assert_int_equal(word, 77);
    OK(cuMemRelease(h));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemRelease(h));
    OK(cuMemcpyDtoH(&word, p, 4));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(p, 4 * PAGE));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemUnmap(p, PAGE));
    OK(cuMemUnmap(p, 4 * PAGE));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH(&word, p, 4));
    /* The pages come back empty. */
    h = physical(2 * PAGE);
    OK(cuMemMap(p, 2 * PAGE, 0, h, 0));
    OK(cuMemSetAccess(p, 2 * PAGE, &read_write, 1));
    sim_fetch(&word, p + PAGE, 4);
    assert_int_equal(word, 0);
    OK(cuMemUnmap(p, 2 * PAGE));
    OK(cuMemRelease(h));
    OK(cuMemAddressFree(p, 4 * PAGE));
}

static void test_vmm_counts_against_the_device(void **state)
{
    CUmemAllocationProp prop = {.type = CU_MEM_ALLOCATION_TYPE_PINNED,
                                .location = {CU_MEM_LOCATION_TYPE_DEVICE, 0}};
    CUmemGenericAllocationHandle h = 0;
    size_t free_bytes = 0;
    size_t total = 0;

    (void)state;
    OK(cuMemGetInfo(&free_bytes, &total));
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, cuMemCreate(&h, free_bytes + PAGE, &prop, 0));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemCreate(&h, 100, &prop, 0));
    OK(cuMemCreate(&h, free_bytes, &prop, 0));
    OK(cuMemGetInfo(&total, NULL));
    assert_int_equal(total, 0);
    OK(cuMemRelease(h));
    prop.location.id = 9;
    FAILS(CUDA_ERROR_INVALID_DEVICE, cuMemCreate(&h, PAGE, &prop, 0));
}

static void test_stream_ordered_free_returns_memory(void **state)
{
    CUdeviceptr p = 0;
    size_t before = 0;
    size_t after = 0;
    size_t total = 0;

    (void)state;
    OK(cuMemGetInfo(&before, &total));
    OK(cuMemAllocAsync(&p, 4 * PAGE, NULL));
    OK(cuMemsetD8Async(p, 1, 4 * PAGE, NULL));
    OK(cuMemFreeAsync(p, NULL));
    OK(cuCtxSynchronize());
    OK(cuMemGetInfo(&after, &total));
    assert_int_equal(before, after);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(4096, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_is_aligned_and_counted),
        cmocka_unit_test(test_alloc_beyond_device_fails),
        cmocka_unit_test(test_copies_check_their_ranges),
        cmocka_unit_test(test_pageable_source_is_taken_at_the_call),
        cmocka_unit_test(test_pinned_memory_has_one_address),
        cmocka_unit_test(test_pointer_attributes_answer),
        cmocka_unit_test(test_vmm_hint_is_honoured),
        cmocka_unit_test(test_vmm_maps_alias_and_scrub),
        cmocka_unit_test(test_vmm_counts_against_the_device),
        cmocka_unit_test(test_stream_ordered_free_returns_memory),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
