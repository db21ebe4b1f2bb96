/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "executor/worker/jit.h"

static struct ex_jit_room room;
static uint8_t list[16 * (VGPU_JIT_OPTIONS_MAX + 1)];

static void put(unsigned int at, uint32_t id, uint64_t value)
{
    memset(list + at * 16u, 0, 16);
    memcpy(list + at * 16u, &id, sizeof(id));
    memcpy(list + at * 16u + 8, &value, sizeof(value));
}

static void test_numbers_are_passed_on(void **state)
{
    struct ex_jit jit;

    (void)state;
    put(0, CU_JIT_OPTIMIZATION_LEVEL, 3);
    put(1, CU_JIT_MAX_REGISTERS, 64);
    assert_int_equal(ex_jit_read(&jit, list, 32, &room, 0, 0), CUDA_SUCCESS);
    assert_int_equal(jit.count, 2);
    assert_int_equal(jit.options[1], CU_JIT_MAX_REGISTERS);
    assert_int_equal((uintptr_t)jit.values[1], 64);
}

static void test_pointers_are_refused(void **state)
{
    static const uint32_t ids[] = {CU_JIT_INFO_LOG_BUFFER,
                                   CU_JIT_ERROR_LOG_BUFFER,
                                   CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                                   CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                                   CU_JIT_GLOBAL_SYMBOL_NAMES,
                                   CU_JIT_GLOBAL_SYMBOL_ADDRESSES,
                                   CU_JIT_REFERENCED_KERNEL_NAMES,
                                   CU_JIT_REFERENCED_VARIABLE_NAMES,
                                   CU_JIT_NUM_OPTIONS,
                                   UINT32_MAX};
    struct ex_jit jit;

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        put(0, ids[i], 0x1234);
        assert_int_equal(ex_jit_read(&jit, list, 16, &room, 0, 0), CUDA_ERROR_NOT_SUPPORTED);
    }
}

static void test_malformed_lists_are_refused(void **state)
{
    struct ex_jit jit;

    (void)state;
    assert_int_equal(ex_jit_read(&jit, list, 15, &room, 0, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(ex_jit_read(&jit, list, sizeof(list), &room, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

static void test_full_list_and_logs_fit(void **state)
{
    struct ex_jit jit;

    (void)state;
    for (unsigned int i = 0; i < VGPU_JIT_OPTIONS_MAX; i++) {
        put(i, CU_JIT_TARGET, 90);
    }
    assert_int_equal(
        ex_jit_read(&jit, list, 16 * VGPU_JIT_OPTIONS_MAX, &room, UINT32_MAX, UINT32_MAX),
        CUDA_SUCCESS);
    assert_int_equal(jit.count, VGPU_JIT_OPTIONS_MAX + 4);
    assert_int_equal(jit.info_size, VGPU_JIT_LOG_BYTES_MAX);
    memset(jit.info, 'x', jit.info_size);
    assert_int_equal(ex_jit_log_length(jit.info, jit.info_size), VGPU_JIT_LOG_BYTES_MAX);
}

static void test_wall_time_is_read_where_the_driver_put_it(void **state)
{
    struct ex_jit jit;
    float milliseconds = 1.5f;

    (void)state;
    put(0, CU_JIT_TARGET, 90);
    put(1, CU_JIT_WALL_TIME, 0);
    assert_int_equal(ex_jit_read(&jit, list, 16, &room, 0, 0), CUDA_SUCCESS);
    assert_int_equal(ex_jit_wall_time_us(&jit), 0);
    assert_int_equal(ex_jit_read(&jit, list, 32, &room, 0, 0), CUDA_SUCCESS);
    memcpy(&jit.values[1], &milliseconds, sizeof(milliseconds));
    assert_int_equal(ex_jit_wall_time_us(&jit), 1500);
    milliseconds = -1.0f;
    memcpy(&jit.values[1], &milliseconds, sizeof(milliseconds));
    assert_int_equal(ex_jit_wall_time_us(&jit), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_passed_on),
        cmocka_unit_test(test_pointers_are_refused),
        cmocka_unit_test(test_malformed_lists_are_refused),
        cmocka_unit_test(test_full_list_and_logs_fit),
        cmocka_unit_test(test_wall_time_is_read_where_the_driver_put_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
