/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/record.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t put_header(uint8_t *at, uint32_t op, uint32_t length)
{
    struct vgpu_record record = {.op = op, .length = length, .sequence = 3, .lane = 5, .flags = 1};

    memcpy(at, &record, sizeof(record));
    return length;
}

static void test_peek_needs_the_whole_record(void **state)
{
    uint8_t bytes[40] = {0};
    struct vgpu_record record = {0};

    (void)state;
    (void)put_header(bytes, 0x12345678, 40);
    for (size_t avail = 0; avail < 40; avail++) {
        uint8_t *copy = malloc(avail + 1);

        assert_non_null(copy);
        memcpy(copy, bytes, avail);
        assert_int_equal(vgpu_record_peek(copy, avail, &record), 0);
        assert_int_equal(record.op, 0);
        free(copy);
    }
    assert_int_equal(vgpu_record_peek(bytes, 40, &record), 40);
    assert_int_equal(record.op, 0x12345678);
    assert_int_equal(record.sequence, 3);
    assert_int_equal(record.lane, 5);
    assert_int_equal(record.flags, 1);
}

static void test_peek_bad_length_is_refused_from_the_header_alone(void **state)
{
    static const uint32_t bad[] = {0,          1,          8,          15,
                                   17,         20,         41,         VGPU_RECORD_BYTES_MAX + 8,
                                   0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8};
    uint8_t bytes[VGPU_RECORD_HEADER_BYTES];
    struct vgpu_record record;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)put_header(bytes, 1, bad[i]);
        assert_int_equal(vgpu_record_peek(bytes, sizeof(bytes), &record), -EPROTO);
    }
}

static void test_length_rounds_up_to_eight(void **state)
{
    (void)state;
    assert_int_equal(vgpu_record_length(0), 16);
    assert_int_equal(vgpu_record_length(1), 24);
    assert_int_equal(vgpu_record_length(8), 24);
    assert_int_equal(vgpu_record_length(9), 32);
}

static void test_whole_counts_up_to_the_cap(void **state)
{
    uint8_t bytes[16 + 40 + 24] = {0};
    size_t at = put_header(bytes, 1, 16);
    size_t whole;
    uint32_t count;

    (void)state;
    at += put_header(bytes + at, 1, 40);
    at += put_header(bytes + at, 1, 24);
    assert_int_equal(vgpu_records_whole(bytes, at, at, &whole, &count), 0);
    assert_int_equal(whole, 80);
    assert_int_equal(count, 3);
    assert_int_equal(vgpu_records_whole(bytes, at, 79, &whole, &count), 0);
    assert_int_equal(whole, 56);
    assert_int_equal(count, 2);
    assert_int_equal(vgpu_records_whole(bytes, 55, 1000, &whole, &count), 0);
    assert_int_equal(whole, 16);
    assert_int_equal(vgpu_records_whole(bytes, 0, 1000, &whole, &count), 0);
    assert_int_equal(whole, 0);
    assert_int_equal(count, 0);
}

static void test_whole_one_bad_record_is_refused(void **state)
{
    uint8_t bytes[32] = {0};
    size_t whole;
    uint32_t count;

    (void)state;
    (void)put_header(bytes, 1, 16);
    (void)put_header(bytes + 16, 1, 12);
    assert_int_equal(vgpu_records_whole(bytes, 32, 32, &whole, &count), -EPROTO);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peek_needs_the_whole_record),
        cmocka_unit_test(test_peek_bad_length_is_refused_from_the_header_alone),
        cmocka_unit_test(test_length_rounds_up_to_eight),
        cmocka_unit_test(test_whole_counts_up_to_the_cap),
        cmocka_unit_test(test_whole_one_bad_record_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
