/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: what is taken in a time, to the token; nothing drifts, nothing overflows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "broker/bucket.h"
#include "common/clock.h"

#define S VGPU_NS_PER_S

static void test_no_limit(void **state)
{
    struct br_bucket bucket = {0};

    (void)state;
    br_bucket_take(&bucket, UINT64_MAX);
    assert_true(br_bucket_look(&bucket, 5));
    assert_int_equal(br_bucket_wait_ns(&bucket), 0);
}

static void test_burst_then_rate(void **state)
{
    struct br_bucket bucket = {0};

    (void)state;
    br_bucket_set(&bucket, 10, 3, S);
    for (int i = 0; i < 3; i++) {
        assert_true(br_bucket_look(&bucket, S));
        br_bucket_take(&bucket, 1);
    }
    assert_false(br_bucket_look(&bucket, S));
    assert_int_equal(br_bucket_wait_ns(&bucket), S / 10);
    assert_false(br_bucket_look(&bucket, S + S / 10 - 1));
    assert_int_equal(br_bucket_wait_ns(&bucket), 1);
    assert_true(br_bucket_look(&bucket, S + S / 10));
    assert_int_equal(bucket.tokens, 1);
    assert_true(br_bucket_look(&bucket, 1000 * S));
    assert_int_equal(bucket.tokens, 3);
}

static void test_a_debt_is_paid(void **state)
{
    struct br_bucket bucket = {0};

    (void)state;
    br_bucket_set(&bucket, 100, 0, 0);
    assert_int_equal(bucket.burst, 100);
    br_bucket_take(&bucket, 300);
    assert_false(br_bucket_look(&bucket, 2 * S));
    assert_int_equal(br_bucket_wait_ns(&bucket), S / 100);
    assert_true(br_bucket_look(&bucket, 2 * S + S / 100));
}

/* Looked at as often as possible, a rate that does not divide a second loses nothing. */
static void test_nothing_drifts(void **state)
{
    struct br_bucket bucket = {0};
    uint64_t taken = 0;
    uint64_t now = 7;

    (void)state;
    srandom(1);
    br_bucket_set(&bucket, 333337, 1000, now);
    br_bucket_take(&bucket, 1000);
    for (int i = 0; i < 1000000; i++) {
        now += (uint64_t)random() % 1500;
        if (br_bucket_look(&bucket, now)) {
            taken += (uint64_t)bucket.tokens;
            br_bucket_take(&bucket, (uint64_t)bucket.tokens);
        }
    }
    assert_int_equal(taken, (now - 7) * 333337 / S);
}

static void test_extremes(void **state)
{
    struct br_bucket bucket = {0};

    (void)state;
    br_bucket_set(&bucket, UINT64_MAX, UINT64_MAX, 0);
    assert_int_equal(bucket.rate, BR_BUCKET_MAX);
    br_bucket_take(&bucket, UINT64_MAX);
    br_bucket_take(&bucket, UINT64_MAX);
    assert_false(br_bucket_look(&bucket, 1));
    assert_true(br_bucket_look(&bucket, UINT64_MAX));
    assert_int_equal(bucket.tokens, BR_BUCKET_MAX);
    br_bucket_set(&bucket, 1, 1, UINT64_MAX);
    assert_int_equal(bucket.tokens, 1);
    br_bucket_take(&bucket, BR_BUCKET_MAX);
    assert_true(br_bucket_wait_ns(&bucket) > S);
    /* A clock that goes back gives nothing. */
    assert_false(br_bucket_look(&bucket, 0));
}

static void test_live_changes(void **state)
{
    struct br_bucket bucket = {0};

    (void)state;
    br_bucket_set(&bucket, 10, 100, 0);
    br_bucket_take(&bucket, 100);
    br_bucket_set(&bucket, 1000, 100, S);
    assert_int_equal(bucket.tokens, 10);
    br_bucket_set(&bucket, 1000, 5, S);
    assert_int_equal(bucket.tokens, 5);
    br_bucket_set(&bucket, 0, 0, S);
    br_bucket_take(&bucket, 1000);
    assert_true(br_bucket_look(&bucket, S));
    br_bucket_set(&bucket, 7, 2, 2 * S);
    assert_int_equal(bucket.tokens, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit),       cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_a_debt_is_paid), cmocka_unit_test(test_nothing_drifts),
        cmocka_unit_test(test_extremes),       cmocka_unit_test(test_live_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
