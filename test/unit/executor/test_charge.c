/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "executor/worker/session.h"
#include "fake_driver.h"

#define BASE        0x600000000000ull
#define ARENA       (64 * EX_BLOCK_BYTES)
#define QUOTA       1000000ull
#define THREADS     2000ull /* that the device holds at once */
#define STACK_FIRST 1024ull
#define HEAP_FIRST  5000ull

static struct ex_driver driver;
static struct ex_session session;
static CUresult answer;
static size_t stack;
static size_t heap;

static CUresult set_limit(CUlimit limit, size_t value)
{
    if (answer == CUDA_SUCCESS) {
        *(limit == CU_LIMIT_STACK_SIZE ? &stack : &heap) = value;
    }
    return answer;
}

static CUresult get_limit(size_t *value, CUlimit limit)
{
    *value = limit == CU_LIMIT_STACK_SIZE ? stack : heap;
    return CUDA_SUCCESS;
}

static CUresult attribute(int *value, CUdevice_attribute which, CUdevice device)
{
    (void)device;
    *value = which == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT ? 2 : 1000;
    return CUDA_SUCCESS;
}

static int start_with(uint64_t quota)
{
    fake_driver_new(&driver);
    driver.cuCtxSetLimit = set_limit;
    driver.cuCtxGetLimit = get_limit;
    driver.cuDeviceGetAttribute = attribute;
    answer = CUDA_SUCCESS;
    stack = STACK_FIRST;
    heap = HEAP_FIRST;
    session = (struct ex_session){.driver = &driver};
    ex_charges_init(&session.charges);
    session.memory = ex_memory_new(&driver, 0, BASE, ARENA, quota);
    return session.memory != NULL ? 0 : -1;
}

static int start(void **state)
{
    (void)state;
    return start_with(QUOTA);
}

static int start_unbounded(void **state)
{
    (void)state;
    return start_with(0);
}

static int end(void **state)
{
    (void)state;
    ex_memory_free(session.memory);
    return 0;
}

static uint64_t used(void)
{
    uint64_t bytes;
    uint64_t quota;

    ex_memory_usage(session.memory, &bytes, &quota);
    return bytes;
}

static CUresult set(CUlimit limit, uint64_t value)
{
    return ex_charge_limit(&session, limit, value);
}

static void test_stack_is_charged_for_every_thread(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 100), CUDA_SUCCESS);
    assert_int_equal(used(), 100 * THREADS);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 501), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(stack, STACK_FIRST + 100);
    assert_int_equal(used(), 100 * THREADS);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 500), CUDA_SUCCESS);
    assert_int_equal(used(), 500 * THREADS);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST - 1), CUDA_SUCCESS);
    assert_int_equal(used(), 0);
}

static void test_limits_share_the_quota(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 400), CUDA_SUCCESS);
    assert_int_equal(set(CU_LIMIT_MALLOC_HEAP_SIZE, HEAP_FIRST + 200001), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(set(CU_LIMIT_MALLOC_HEAP_SIZE, HEAP_FIRST + 200000), CUDA_SUCCESS);
    assert_int_equal(used(), QUOTA);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST), CUDA_SUCCESS);
    assert_int_equal(used(), 200000);
}

static void test_what_the_driver_refuses_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 10), CUDA_SUCCESS);
    answer = CUDA_ERROR_INVALID_VALUE;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST + 20), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(used(), 10 * THREADS);
}

static void test_values_beyond_64_bits(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, UINT64_MAX), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(set(CU_LIMIT_MALLOC_HEAP_SIZE, UINT64_MAX), CUDA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(used(), 0);
}

static void test_without_a_quota_the_driver_decides(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, 65536), CUDA_SUCCESS);
    assert_int_equal(stack, 65536);
    assert_int_equal(set(CU_LIMIT_STACK_SIZE, STACK_FIRST), CUDA_SUCCESS);
    assert_int_equal(used(), 0);
}

static void test_other_limits_cost_nothing(void **state)
{
    (void)state;
    assert_int_equal(set(CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 10 * QUOTA), CUDA_SUCCESS);
    assert_int_equal(used(), 0);
}

static void test_code_is_bounded(void **state)
{
    struct ex_charges *c = &session.charges;

    (void)state;
    assert_true(ex_charge_code(c, VGPU_CODE_BYTES_MAX - 1));
    assert_false(ex_charge_code(c, 2));
    assert_false(ex_charge_code(c, UINT64_MAX));
    assert_true(ex_charge_code(c, 1));
    assert_false(ex_charge_code(c, 1));
    ex_uncharge_code(c, VGPU_CODE_BYTES_MAX);
    assert_true(ex_charge_code(c, VGPU_CODE_BYTES_MAX));
}

#define WITH_QUOTA(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_QUOTA(test_stack_is_charged_for_every_thread),
        WITH_QUOTA(test_limits_share_the_quota),
        WITH_QUOTA(test_what_the_driver_refuses_costs_nothing),
        WITH_QUOTA(test_values_beyond_64_bits),
        cmocka_unit_test_setup_teardown(test_without_a_quota_the_driver_decides, start_unbounded,
                                        end),
        WITH_QUOTA(test_other_limits_cost_nothing),
        WITH_QUOTA(test_code_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
