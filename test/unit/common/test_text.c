/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void printable_ascii_stays(void **state)
{
    char to[8];

    (void)state;
    vgpu_text_copy(to, sizeof(to), "a \"\\=~");
    assert_string_equal(to, "a \"\\=~");
    vgpu_text_copy(to, sizeof(to), "");
    assert_string_equal(to, "");
}

static void any_other_byte_is_a_question_mark(void **state)
{
    char from[256];
    char to[256];

    (void)state;
    for (unsigned int i = 0; i < 255; i++) {
        from[i] = (char)(i + 1);
    }
    from[255] = '\0';
    vgpu_text_copy(to, sizeof(to), from);
    assert_int_equal(strlen(to), 255);
    for (unsigned int i = 0; i < 255; i++) {
        assert_int_equal(to[i], i + 1 >= ' ' && i + 1 <= '~' ? from[i] : '?');
    }
}

static void what_does_not_fit_is_cut(void **state)
{
    char to[4] = "xxx";

    (void)state;
    vgpu_text_copy(to, sizeof(to), "abc");
    assert_string_equal(to, "abc");
    vgpu_text_copy(to, sizeof(to), "defghi");
    assert_string_equal(to, "def");
    vgpu_text_copy(to, 1, "jkl");
    assert_string_equal(to, "");
    assert_int_equal(to[1], 'e');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printable_ascii_stays),
        cmocka_unit_test(any_other_byte_is_a_question_mark),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
