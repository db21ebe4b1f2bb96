/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/metrics_text.h"
#include "vgpu_ops.h"

#define OP 0x20000u

/* An answer record of 24 bytes. */
static size_t put(uint8_t *at, uint32_t op, uint32_t sequence, uint16_t lane, int32_t code)
{
    struct vgpu_record record = {.op = op, .length = 24, .sequence = sequence, .lane = lane};

    memset(at, 0, 24);
    memcpy(at, &record, sizeof(record));
    memcpy(at + sizeof(record), &code, sizeof(code));
    return 24;
}

static uint64_t timed(const struct br_observed *observed)
{
    uint64_t count = 0;

    for (size_t i = 0; i <= BR_LATENCY_BUCKETS; i++) {
        count += observed->latency[i];
    }
    return count;
}

static void test_one_answered_call_is_timed_at_a_time(void **state)
{
    struct br_observed observed = {0};
    struct br_sample sample = {0};
    struct vgpu_record call = {.op = OP, .length = 16, .sequence = 1, .lane = 3};
    uint8_t answers[48];

    (void)state;
    br_observe_call(&sample, &call);
    assert_false(sample.waits);
    call.flags = VGPU_RECORD_ANSWER;
    br_observe_call(&sample, &call);
    assert_true(sample.waits);
    call.sequence = 2;
    br_observe_call(&sample, &call);
    assert_int_equal(sample.sequence, 1);
    /* Others' answers, of another lane or sequence, end nothing. */
    (void)put(answers, OP, 2, 3, 0);
    (void)put(answers + 24, OP, 1, 4, 0);
    br_observe_answers(&observed, &sample, answers, 48);
    assert_true(sample.waits);
    assert_int_equal(timed(&observed), 0);
    (void)put(answers, OP, 1, 3, 0);
    br_observe_answers(&observed, &sample, answers, 24);
    assert_false(sample.waits);
    assert_int_equal(timed(&observed), 1);
    br_observe_answers(&observed, &sample, answers, 24);
    assert_int_equal(timed(&observed), 1);
}

static void test_the_last_bucket_has_what_is_above_all_bounds(void **state)
{
    struct br_observed observed = {0};
    /* Since the clock began, that is. */
    struct br_sample sample = {.waits = true, .sequence = 1};
    uint8_t answer[24];

    (void)state;
    for (size_t i = 1; i < BR_LATENCY_BUCKETS; i++) {
        assert_true(br_latency_bounds[i] > br_latency_bounds[i - 1]);
    }
    (void)put(answer, OP, 1, 0, 0);
    br_observe_answers(&observed, &sample, answer, sizeof(answer));
    assert_int_equal(observed.latency[BR_LATENCY_BUCKETS], 1);
    assert_int_equal(timed(&observed), 1);
}

static void test_error_codes_are_bounded(void **state)
{
    struct br_observed observed = {0};
    struct br_sample sample = {0};
    uint8_t answer[24];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int32_t code = 0; code < 100; code++) {
            (void)put(answer, OP, 1, 0, code);
            br_observe_answers(&observed, &sample, answer, sizeof(answer));
        }
    }
    for (int i = 0; i < BR_ERROR_CODES; i++) {
        assert_int_equal(observed.errors[i].code, i + 1);
        assert_int_equal(observed.errors[i].count, 2);
    }
    assert_int_equal(observed.other_errors, 2 * (99 - BR_ERROR_CODES));
}

/* A call to the guest has no result where answers have theirs. */
static void test_upcalls_and_short_records_are_no_answers(void **state)
{
    struct br_observed observed = {0};
    struct br_sample sample = {.waits = true};
    struct vgpu_record brief = {.op = OP, .length = 16};
    uint8_t records[40];

    (void)state;
    memcpy(records + put(records, VGPU_OP_vgpuHostCall, 0, 0, 7), &brief, sizeof(brief));
    br_observe_answers(&observed, &sample, records, sizeof(records));
    assert_int_equal(observed.errors[0].count + timed(&observed), 0);
    assert_true(sample.waits);
}

static void test_label_is_escaped_and_cut(void **state)
{
    static const char hostile[] = {'a', '"', '\\', '\n', 1, (char)0xff, ' ', 'b', '\0'};
    char text[64];
    char guarded[8];

    (void)state;
    assert_string_equal(br_text_label(text, sizeof(text), hostile), "a\\\"\\\\\\n?? b");
    for (size_t cap = 1; cap < sizeof(guarded); cap++) {
        memset(guarded, 0x55, sizeof(guarded));
        (void)br_text_label(guarded, cap, "\"\"\"\"\"\"");
        assert_true(strlen(guarded) < cap);
        assert_int_equal(guarded[cap], 0x55);
        assert_int_equal(strlen(guarded) % 2, 0);
    }
}

static void test_text_grows_up_to_its_bound(void **state)
{
    struct br_text text = {0};
    size_t lines = 0;

    (void)state;
    while (!text.failed) {
        size_t before = text.len;

        br_text_add(&text, "%01023d\n", 7);
        lines += text.len == before + 1024;
    }
    assert_int_equal(text.len, lines * 1024);
    assert_true(text.len <= BR_TEXT_BYTES_MAX && text.len > BR_TEXT_BYTES_MAX / 4);
    br_text_free(&text);
    assert_null(text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_answered_call_is_timed_at_a_time),
        cmocka_unit_test(test_the_last_bucket_has_what_is_above_all_bounds),
        cmocka_unit_test(test_error_codes_are_bounded),
        cmocka_unit_test(test_upcalls_and_short_records_are_no_answers),
        cmocka_unit_test(test_label_is_escaped_and_cut),
        cmocka_unit_test(test_text_grows_up_to_its_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
