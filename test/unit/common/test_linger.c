/* SPDX-License-Identifier: Apache-2.0 */
#include "common/linger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MOST 500000u

static uint64_t now = 1;

/* Tells the peer, who speaks `took` later. */
static void round_trip(struct vgpu_linger *linger, uint64_t took)
{
    vgpu_linger_told(linger, now);
    now += took;
    vgpu_linger_met(linger, now, MOST);
}

static void test_a_fast_peer_is_lingered_for(void **state)
{
    struct vgpu_linger linger = {0, 0};

    (void)state;
    vgpu_linger_told(&linger, now);
    assert_false(vgpu_linger_stays(&linger, now)); /* nothing is known of the peer */
    round_trip(&linger, 100000);
    assert_false(vgpu_linger_stays(&linger, now)); /* it has spoken */
    vgpu_linger_told(&linger, now);
    assert_true(vgpu_linger_stays(&linger, now + 199999));
    assert_false(vgpu_linger_stays(&linger, now + 200000));
    round_trip(&linger, 400000);
    assert_int_equal(linger.stay_ns, MOST);
}

static void test_a_slow_peer_is_not(void **state)
{
    struct vgpu_linger linger = {0, 0};

    (void)state;
    round_trip(&linger, MOST);
    assert_int_equal(linger.stay_ns, MOST);
    round_trip(&linger, MOST + 1);
    assert_int_equal(linger.stay_ns, MOST / 2);
    for (unsigned int i = 0; i < 10; i++) {
        round_trip(&linger, 10 * MOST);
    }
    assert_int_equal(linger.stay_ns, 0);
}

static void test_a_stay_follows_a_faster_peer_slowly(void **state)
{
    struct vgpu_linger linger = {0, 0};
    uint64_t before;

    (void)state;
    round_trip(&linger, 200000);
    before = linger.stay_ns;
    round_trip(&linger, 10000);
    assert_true(linger.stay_ns < before && linger.stay_ns > before / 2);
    for (unsigned int i = 0; i < 100; i++) {
        round_trip(&linger, 10000);
    }
    assert_true(linger.stay_ns >= 20000 && linger.stay_ns < 21000);
}

static void test_nobody_lingers_where_it_is_off(void **state)
{
    struct vgpu_linger linger = {0, 0};

    (void)state;
    round_trip(&linger, 1000);
    vgpu_linger_told(&linger, now);
    vgpu_linger_met(&linger, now, 0);
    vgpu_linger_told(&linger, now);
    assert_false(vgpu_linger_stays(&linger, now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fast_peer_is_lingered_for),
        cmocka_unit_test(test_a_slow_peer_is_not),
        cmocka_unit_test(test_a_stay_follows_a_faster_peer_slowly),
        cmocka_unit_test(test_nobody_lingers_where_it_is_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
