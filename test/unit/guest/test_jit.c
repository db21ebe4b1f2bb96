/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/jit.h"

#include <string.h>

#include "test/unit/guest/test.h"

static void test_take_sorts_options(void **state)
{
    char info[16];
    CUjit_option options[] = {CU_JIT_MAX_REGISTERS, CU_JIT_INFO_LOG_BUFFER,
                              CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, CU_JIT_OPTIMIZATION_LEVEL};
    void *values[] = {(void *)32, info, (void *)sizeof(info), (void *)4};
    struct gs_jit jit;
    uint32_t id;
    uint64_t value;

    (void)state;
    assert_int_equal(gs_jit_take(&jit, 4, options, values), CUDA_SUCCESS);
    assert_int_equal(jit.wire_len, 32);
    memcpy(&id, jit.wire + 16, sizeof(id));
    memcpy(&value, jit.wire + 24, sizeof(value));
    assert_int_equal(id, CU_JIT_OPTIMIZATION_LEVEL);
    assert_int_equal(value, 4);
    assert_int_equal(gs_jit_info_size(&jit), sizeof(info));
    assert_int_equal(gs_jit_error_size(&jit), 0);
}

static void test_take_refuses_what_is_unknown(void **state)
{
    CUjit_option unknown = (CUjit_option)99;
    CUjit_option names = CU_JIT_GLOBAL_SYMBOL_NAMES;
    void *values[VGPU_JIT_OPTIONS_MAX + 1] = {NULL};
    CUjit_option many[VGPU_JIT_OPTIONS_MAX + 1] = {CU_JIT_LTO};
    struct gs_jit jit;

    (void)state;
    assert_int_equal(gs_jit_take(&jit, 1, NULL, values), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(gs_jit_take(&jit, 1, &unknown, values), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(gs_jit_take(&jit, 1, &names, values), CUDA_ERROR_NOT_SUPPORTED);
    assert_int_equal(gs_jit_take(&jit, VGPU_JIT_OPTIONS_MAX + 1, many, values),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(gs_jit_take(&jit, 0, NULL, NULL), CUDA_SUCCESS);
}

static void test_give_writes_logs_and_time(void **state)
{
    char log[8];
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
                              CU_JIT_WALL_TIME};
    void *values[] = {log, (void *)sizeof(log), (void *)-1};
    struct gs_jit_logs logs = {
        .error = (const uint8_t *)"much too long", .error_len = 13, .wall_time_us = 1500};
    struct gs_jit jit;
    float ms;

    (void)state;
    assert_int_equal(gs_jit_take(&jit, 3, options, values), CUDA_SUCCESS);
    gs_jit_give(&jit, &logs);
    assert_string_equal(log, "much to");
    assert_int_equal((uintptr_t)values[1], 7);
    memcpy(&ms, &values[2], sizeof(ms));
    assert_true(ms == 1.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take_sorts_options),
        cmocka_unit_test(test_take_refuses_what_is_unknown),
        cmocka_unit_test(test_give_writes_logs_and_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
