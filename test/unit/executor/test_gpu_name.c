/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "executor/gpu_name.h"

static const char uuid_text[] = "GPU-00112233-4455-6677-8899-aabbccddeeff";

static void test_numbers(void **state)
{
    struct ex_gpu_name name;

    (void)state;
    assert_int_equal(ex_gpu_name_parse(&name, "255"), 0);
    assert_false(name.by_uuid);
    assert_int_equal(name.number, 255);
    assert_string_equal(name.text, "255");
}

static void test_uuids(void **state)
{
    struct ex_gpu_name name;

    (void)state;
    assert_int_equal(ex_gpu_name_parse(&name, "GPU-00112233-4455-6677-8899-AABBCCDDEEFF"), 0);
    assert_true(name.by_uuid);
    assert_string_equal(name.text, uuid_text);
    for (unsigned int i = 0; i < EX_UUID_BYTES; i++) {
        assert_int_equal(name.uuid[i], i * 0x11);
    }
}

static void test_what_is_no_name(void **state)
{
    static const char *const bad[] = {
        "",
        "-1",
        "+1",
        " 1",
        "1 ",
        "256",
        "0x1",
        "99999999999999999999",
        "GPU",
        "GPU-",
        "gpu-00112233-4455-6677-8899-aabbccddeeff",
        "GPU-00112233-4455-6677-8899-aabbccddeef",
        "GPU-00112233-4455-6677-8899-aabbccddeeff0",
        "GPU-00112233445566778899aabbccddeeff",
        "GPU-00112233-4455-6677-8899-aabbccddeefg",
        "GPU-00112233-4455-6677-8899-aabbccddee-f",
    };
    struct ex_gpu_name name;

    (void)state;
    ex_gpu_name_set(&name, 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ex_gpu_name_parse(&name, bad[i]), -EINVAL);
        assert_string_equal(name.text, "7");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_uuids),
        cmocka_unit_test(test_what_is_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
