/* SPDX-License-Identifier: Apache-2.0 */
/* Figures and texts on their way to people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/escape.h"
#include "ctl/human.h"

static void test_escape_leaves_nothing_for_a_terminal(void **state)
{
    char all[256];
    char out[2048];

    (void)state;
    for (int c = 1; c < 256; c++) {
        all[c - 1] = (char)c;
    }
    all[255] = '\0';
    ct_escape(out, sizeof(out), all);
    for (const char *at = out; *at != '\0'; at++) {
        assert_in_range((unsigned char)*at, ' ', '~');
    }
    assert_string_equal(ct_escape(out, sizeof(out), "a b\\\x1b"), "a b\\x5c\\x1b");
    assert_string_equal(ct_escape(out, sizeof(out), ""), "");
}

static void test_escape_never_cuts_within_a_byte(void **state)
{
    char out[16];

    (void)state;
    for (size_t cap = 4; cap <= sizeof(out); cap++) {
        memset(out, '#', sizeof(out));
        ct_escape(out, cap, "\x01\x02\x03\x04\x05");
        assert_true(strlen(out) < cap);
        assert_string_equal(out + strlen(out) - 2, "..");
        assert_int_equal(strlen(out) % 4, 2);
    }
    assert_string_equal(ct_escape(out, 6, "abcde"), "abcde");
    assert_string_equal(ct_escape(out, 6, "abcdef"), "abc..");
}

static void test_bytes_and_counts(void **state)
{
    char out[CT_HUMAN];

    (void)state;
    assert_string_equal(ct_bytes(out, 0), "0 B");
    assert_string_equal(ct_bytes(out, 1023), "1023 B");
    assert_string_equal(ct_bytes(out, 1536), "1.5 KiB");
    assert_string_equal(ct_bytes(out, UINT64_C(80) << 30), "80.0 GiB");
    assert_string_equal(ct_bytes(out, UINT64_MAX), "16.0 EiB");
    assert_string_equal(ct_count(out, 99999), "99999");
    assert_string_equal(ct_count(out, 100000), "100k");
    assert_string_equal(ct_count(out, 5000000), "5.0M");
    assert_string_equal(ct_count(out, UINT64_MAX), "18.4E");
}

static void test_times(void **state)
{
    char out[CT_HUMAN];

    (void)state;
    assert_string_equal(ct_duration(out, 999), "999 ms");
    assert_string_equal(ct_duration(out, 3400), "3.4 s");
    assert_string_equal(ct_duration(out, 119000), "1 min");
    assert_string_equal(ct_duration(out, 7260000), "2 h 1 min");
    assert_string_equal(ct_duration(out, 2 * 86400000 + 3600000), "2 d 1 h");
    assert_true(strlen(ct_duration(out, UINT64_MAX)) < CT_HUMAN);
    assert_string_equal(ct_nanoseconds(out, 999), "999 ns");
    assert_string_equal(ct_nanoseconds(out, 12345), "12.3 us");
    assert_string_equal(ct_nanoseconds(out, 4560000), "4.56 ms");
    assert_string_equal(ct_nanoseconds(out, UINT64_C(1200000000)), "1.20 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape_leaves_nothing_for_a_terminal),
        cmocka_unit_test(test_escape_never_cuts_within_a_byte),
        cmocka_unit_test(test_bytes_and_counts),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
