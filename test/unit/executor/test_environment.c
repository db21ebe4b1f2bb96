/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "executor/worker/environment.h"

static void test_make_keeps_the_allow_list_only(void **state)
{
    char *parent[] = {
        (char[]){"PATH=/bin"},
        (char[]){"LD_PRELOAD=/evil.so"},
        (char[]){"CUDA_VISIBLE_DEVICES=1"},
        (char[]){"CUDA_INJECTION64_PATH=/evil.so"},
        (char[]){"VGPU_SIM_DEVICES=2"},
        (char[]){"CUDA_CACHE_DISABLE=0"},
        (char[]){"VGPU_LOG_TARGETX=1"},
        NULL,
    };
    char **made = ex_environment_make(parent);

    (void)state;
    assert_non_null(made);
    assert_string_equal(made[0], "CUDA_VISIBLE_DEVICES=1");
    assert_string_equal(made[1], "VGPU_SIM_DEVICES=2");
    assert_string_equal(made[2], "CUDA_CACHE_DISABLE=1");
    assert_string_equal(made[3], "CUDA_MODULE_LOADING=EAGER");
    assert_null(made[4]);
    free(made);
}

static void test_what_travels_to_a_worker_of_another_account(void **state)
{
    char *parent[] = {
        (char[]){"ASAN_OPTIONS=log_path=/tmp/x"},
        (char[]){"CUDA_VISIBLE_DEVICES=1"},
        (char[]){"CUDA_VISIBLE_DEVICESX=1"},
        (char[]){"VGPU_LOG_TARGET=stderr"},
        (char[]){"VGPU_SIM_DEVICES"},
        (char[]){"VGPU_SIM_DEVICES=2"},
        (char[]){"VGPU_SIM_FAULT=x"},
        NULL,
    };
    char *out[2];

    (void)state;
    assert_int_equal(ex_environment_travelling(parent, out, 2), 2);
    assert_string_equal(out[0], "CUDA_VISIBLE_DEVICES=1");
    assert_string_equal(out[1], "VGPU_SIM_DEVICES=2");
    assert_false(ex_environment_travels("LD_PRELOAD=/evil.so"));
    assert_false(ex_environment_travels(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_travels_to_a_worker_of_another_account),
        cmocka_unit_test(test_make_keeps_the_allow_list_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
