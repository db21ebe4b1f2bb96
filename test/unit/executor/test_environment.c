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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make_keeps_the_allow_list_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
