/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "executor/worker/memory.h"
#include "proto/limits.h"
#include "fake_driver.h"

#define BASE  0x600000000000ull
#define ARENA (64 * EX_BLOCK_BYTES)
#define QUOTA (8 * EX_BLOCK_BYTES)

static struct ex_driver driver;
static struct ex_memory *memory;

static int start(void **state)
{
    (void)state;
    fake_driver_new(&driver);
    memory = ex_memory_new(&driver, 0, BASE, ARENA, QUOTA);
    return memory != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    ex_memory_free(memory);
    return 0;
}

static uint64_t used(void)
{
    uint64_t bytes;
    uint64_t quota;

    ex_memory_usage(memory, &bytes, &quota);
    assert_int_equal(quota, QUOTA);
    return bytes;
}

static uint64_t allocate(uint64_t bytes)
{
    uint64_t ptr = 0;

    assert_int_equal(ex_memory_alloc(memory, bytes, &ptr), CUDA_SUCCESS);
    assert_int_equal(ptr % EX_ALLOCATION_ALIGN, 0);
    assert_true(ptr >= BASE && ptr + bytes <= BASE + ARENA);
    return ptr;
}

static void release(uint64_t ptr)
{
    assert_true(ex_memory_retire(memory, ptr));
    assert_int_equal(ex_memory_reclaim(memory, ptr), CUDA_SUCCESS);
}

static void test_small_allocations_share_a_block(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < EX_BLOCK_BYTES / EX_ALLOCATION_ALIGN; i++) {
        (void)allocate(1);
    }
    assert_int_equal(fake_calls(FAKE_cuMemCreate), 1);
    assert_int_equal(used(), EX_BLOCK_BYTES);
    (void)allocate(1);
    assert_int_equal(fake_calls(FAKE_cuMemCreate), 2);
}

static void test_large_allocation_is_rounded_but_not_its_range(void **state)
{
    uint64_t ptr = allocate(EX_BLOCK_BYTES + 1);

    (void)state;
    assert_int_equal(used(), 2 * EX_BLOCK_BYTES);
    assert_true(ex_memory_contains(memory, ptr, EX_BLOCK_BYTES + 1));
    assert_false(ex_memory_contains(memory, ptr, EX_BLOCK_BYTES + 2));
}

static void test_ranges_do_not_cross_allocations(void **state)
{
    uint64_t first = allocate(512);
    uint64_t second = allocate(512);

    (void)state;
    assert_int_equal(second, first + 512);
    assert_true(ex_memory_contains(memory, first + 511, 1));
    assert_false(ex_memory_contains(memory, first + 511, 2));
    assert_false(ex_memory_contains(memory, first, UINT64_MAX));
    assert_false(ex_memory_contains(memory, first - 1, 1));
    assert_false(ex_memory_contains(memory, UINT64_MAX, 1));
}

static void test_quota_is_physical(void **state)
{
    uint64_t ptr = 0;
    uint64_t most = allocate(QUOTA);

    (void)state;
    assert_int_equal(ex_memory_alloc(memory, 1, &ptr), CUDA_ERROR_OUT_OF_MEMORY);
    release(most);
    assert_int_equal(used(), 0);
    (void)allocate(1);
}

static void test_impossible_sizes_refused(void **state)
{
    uint64_t ptr = 0;

    (void)state;
    assert_int_equal(ex_memory_alloc(memory, 0, &ptr), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(ex_memory_alloc(memory, UINT64_MAX, &ptr), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(ex_memory_alloc(memory, ARENA + 1, &ptr), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(used(), 0);
}

static void test_retired_is_out_of_range_and_not_handed_out(void **state)
{
    uint64_t ptr = allocate(512);

    (void)state;
    assert_true(ex_memory_retire(memory, ptr));
    assert_false(ex_memory_contains(memory, ptr, 1));
    assert_false(ex_memory_retire(memory, ptr));
    assert_int_not_equal(allocate(512), ptr);
    assert_int_equal(ex_memory_reclaim(memory, ptr), CUDA_SUCCESS);
    assert_int_equal(allocate(512), ptr);
}

static void test_free_of_an_inner_address_refused(void **state)
{
    uint64_t ptr = allocate(4096);

    (void)state;
    assert_false(ex_memory_retire(memory, ptr + 512));
    assert_false(ex_memory_retire(memory, ptr + 1));
    assert_false(ex_memory_retire(memory, 0));
}

static void test_failing_driver_leaves_nothing_behind(void **state)
{
    static const enum fake_call calls[] = {FAKE_cuMemCreate, FAKE_cuMemMap, FAKE_cuMemSetAccess};
    uint64_t ptr = 0;

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        fake_answer(calls[i], CUDA_ERROR_OUT_OF_MEMORY);
        assert_int_equal(ex_memory_alloc(memory, 100, &ptr), CUDA_ERROR_OUT_OF_MEMORY);
        assert_int_equal(ex_memory_alloc(memory, QUOTA, &ptr), CUDA_ERROR_OUT_OF_MEMORY);
        assert_int_equal(used(), 0);
        fake_answer(calls[i], CUDA_SUCCESS);
    }
    assert_int_equal(fake_calls(FAKE_cuMemRelease), 4);
    (void)allocate(QUOTA);
}

static void test_globals_belong_to_their_module(void **state)
{
    (void)state;
    assert_int_equal(ex_memory_add_global(memory, 1, 0x7000, 16), CUDA_SUCCESS);
    assert_int_equal(ex_memory_add_global(memory, 1, 0x7000, 16), CUDA_SUCCESS);
    assert_int_equal(ex_memory_add_global(memory, 2, 0x8000, 16), CUDA_SUCCESS);
    assert_true(ex_memory_contains(memory, 0x7000, 16));
    ex_memory_remove_globals(memory, 1);
    assert_false(ex_memory_contains(memory, 0x7000, 1));
    assert_true(ex_memory_contains(memory, 0x800f, 1));
    assert_false(ex_memory_contains(memory, 0x800f, 2));
}

static void test_slabs_count_when_open_only(void **state)
{
    (void)state;
    assert_int_equal(ex_memory_add_slab(memory, 0x10000, 0x2000), CUDA_SUCCESS);
    assert_false(ex_memory_in_slab(memory, 0x10000, 1));
    ex_memory_open_slab(memory, 0x10000);
    assert_true(ex_memory_in_slab(memory, 0x10000, 0x2000));
    assert_false(ex_memory_in_slab(memory, 0x10000, 0x2001));
    assert_int_equal(ex_memory_add_slab(memory, 0x11000, 0x1000),
                     CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
    assert_true(ex_memory_close_slab(memory, 0x10000));
    assert_false(ex_memory_close_slab(memory, 0x10000));
    ex_memory_remove_slab(memory, 0x10000);
    assert_int_equal(ex_memory_add_slab(memory, 0x11000, 0x1000), CUDA_SUCCESS);
}

static void test_slabs_are_bounded(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < VGPU_HOST_SLABS_MAX; i++) {
        assert_int_equal(ex_memory_add_slab(memory, 0x100000 + i * 4096, 4096), CUDA_SUCCESS);
    }
    assert_int_equal(ex_memory_add_slab(memory, 0x1000, 4096), CUDA_ERROR_OUT_OF_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_small_allocations_share_a_block),
        TEST(test_large_allocation_is_rounded_but_not_its_range),
        TEST(test_ranges_do_not_cross_allocations),
        TEST(test_quota_is_physical),
        TEST(test_impossible_sizes_refused),
        TEST(test_retired_is_out_of_range_and_not_handed_out),
        TEST(test_free_of_an_inner_address_refused),
        TEST(test_failing_driver_leaves_nothing_behind),
        TEST(test_globals_belong_to_their_module),
        TEST(test_slabs_count_when_open_only),
        TEST(test_slabs_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
