/* SPDX-License-Identifier: Apache-2.0 */
/* Guests that ring: a ring is worth one quantum a turn, and nothing when it brings nothing. */
#include "fake.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"

struct stage {
    struct fake fake;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_guest guest;
    struct br_session *session;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    fake_open_session(&stage.fake, &stage.gpu, &stage.worker, &stage.guest);
    stage.session = TAILQ_FIRST(&stage.fake.broker->sessions);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;

    fake_guest_close(&s->guest);
    fake_fini(&s->fake);
    fake_peer_close(&s->gpu);
    fake_peer_close(&s->worker);
    return 0;
}

static void ring(struct stage *s)
{
    assert_int_equal(eventfd_write(s->guest.doorbell, 1), 0);
}

static void turn(struct stage *s)
{
    (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
}

static void make_quiet(struct stage *s)
{
    while (!s->session->bell.quiet) {
        assert_true(s->session->stats.doorbells < 1000);
        ring(s);
        turn(s);
    }
}

/* A full ring and a doorbell that never rests: still one batch a turn. */
static void test_ringing_guest_gets_one_quantum_a_turn(void **state)
{
    struct stage *s = *state;
    uint64_t before = s->session->stats.submit_frames;

    while (fake_guest_call(&s->guest, FAKE_OP, 8)) {
    }
    for (uint64_t i = 1; i <= 4; i++) {
        ring(s);
        turn(s);
        assert_int_equal(s->session->stats.submit_frames, before + i);
    }
}

static void test_ring_is_served_in_its_own_turn(void **state)
{
    struct stage *s = *state;

    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    turn(s);
    (void)fake_expect(&s->worker, VGPU__FRAME__KIND_SUBMIT);
}

static void test_fruitless_rings_are_left_alone_for_a_while(void **state)
{
    struct stage *s = *state;
    uint64_t rings = s->session->stats.doorbells;

    make_quiet(s);
    assert_in_range(s->session->stats.doorbells - rings, BR_BELL_FRUITLESS_MAX,
                    BR_BELL_FRUITLESS_MAX + 8);
    rings = s->session->stats.doorbells;
    ring(s);
    turn(s);
    turn(s);
    assert_int_equal(s->session->stats.doorbells, rings);
    /* Then one ring at a time is looked at. */
    while (s->session->stats.quiets == 1) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_int_equal(s->session->stats.doorbells, rings + 1);
    assert_true(s->session->bell.quiet);
}

static void test_quiet_guest_that_writes_is_served_and_forgiven(void **state)
{
    struct stage *s = *state;

    make_quiet(s);
    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    while (s->session->stats.submit_frames == 0) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_false(s->session->bell.quiet);
    assert_int_equal(s->session->bell.fruitless, 0);
}

static void test_quiet_guest_that_ends_leaves_nothing(void **state)
{
    struct stage *s = *state;

    make_quiet(s);
    fake_guest_close(&s->guest);
    fake_pump(&s->fake);
    assert_true(TAILQ_EMPTY(&s->fake.broker->quiet));
}

/* An honest guest rings for room as well: that is no ring without a reason. */
static void test_rings_that_make_room_are_not_fruitless(void **state)
{
    struct stage *s = *state;
    static uint8_t records[4096];

    for (unsigned int i = 0; s->session->pending == NULL; i++) {
        fake_complete(&s->worker, records, fake_answer(records, i, 3000));
        fake_pump(&s->fake);
    }
    while (s->session->pending != NULL) {
        assert_true(fake_guest_next(&s->guest));
        fake_pump(&s->fake);
        assert_true(s->session->bell.fruitless < 2);
    }
}

static void test_guest_at_rest_leaves_no_timer(void **state)
{
    struct stage *s = *state;

    make_quiet(s);
    while (s->session->bell.quiet) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    fake_rest(&s->fake);
    fake_pump(&s->fake);
    assert_int_equal(uv_backend_timeout(&s->fake.loop), -1);
}

/* Turns until the loop leaves the ring alone, if it ever does. */
static bool parks(struct stage *s)
{
    for (unsigned int i = 0; i < 100 && s->session->is_hot; i++) {
        turn(s);
    }
    return !s->session->is_hot;
}

/* What a guest needs no doorbell for, because it sends soon after its worker's word. */
static void test_fast_guest_is_lingered_for(void **state)
{
    struct stage *s = *state;
    uint64_t rings = s->session->stats.doorbells;

    s->fake.broker->spin_ns = 3600 * VGPU_NS_PER_S;
    fake_wake(&s->worker);
    turn(s);
    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    while (s->session->stats.submit_frames == 0) {
        turn(s);
    }
    assert_in_range(s->session->linger.stay_ns, 1, s->fake.broker->spin_ns);
    /* As if it had taken so long. */
    s->session->linger.stay_ns = s->fake.broker->spin_ns;
    s->session->active_ns = 0;
    fake_wake(&s->worker);
    turn(s);
    assert_false(parks(s));
    rings = s->session->stats.doorbells;
    assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
    turn(s);
    assert_int_equal(s->session->stats.submit_frames, 2);
    assert_int_equal(s->session->stats.doorbells, rings);
}

static void test_slow_guest_is_not_lingered_for(void **state)
{
    struct stage *s = *state;

    s->fake.broker->spin_ns = VGPU_NS_PER_US; /* less than any guest takes */
    for (unsigned int i = 0; i < 30; i++) {
        fake_wake(&s->worker);
        turn(s);
        usleep(10);
        assert_true(fake_guest_call(&s->guest, FAKE_OP, 8));
        while (s->session->stats.submit_frames <= i) {
            turn(s);
        }
    }
    assert_int_equal(s->session->linger.stay_ns, 0);
    s->session->active_ns = 0;
    fake_wake(&s->worker);
    turn(s);
    assert_true(parks(s));
    assert_int_equal(vgpu_channel_state(s->guest.base)->submit.parked, 1);
}

static void test_nobody_is_lingered_for_where_spinning_is_off(void **state)
{
    struct stage *s = *state;

    s->session->linger.stay_ns = 3600 * VGPU_NS_PER_S;
    fake_wake(&s->worker);
    turn(s);
    assert_true(parks(s));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ringing_guest_gets_one_quantum_a_turn),
        TEST(test_ring_is_served_in_its_own_turn),
        TEST(test_fruitless_rings_are_left_alone_for_a_while),
        TEST(test_quiet_guest_that_writes_is_served_and_forgiven),
        TEST(test_quiet_guest_that_ends_leaves_nothing),
        TEST(test_rings_that_make_room_are_not_fruitless),
        TEST(test_guest_at_rest_leaves_no_timer),
        TEST(test_fast_guest_is_lingered_for),
        TEST(test_slow_guest_is_not_lingered_for),
        TEST(test_nobody_is_lingered_for_where_spinning_is_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
