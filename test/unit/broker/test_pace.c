/* SPDX-License-Identifier: Apache-2.0 */
/* How often a machine may have a worker started: who is too fast waits, and nobody else. */
#include "fake_policy.h"

#include <string.h>

#include "common/clock.h"
#include "common/fd.h"

static const struct br_policy slow = {.starts_own = true, .starts_per_s = 1, .starts_burst = 1};

/* One more worker a second, and no second passes, however slow this machine is. */
static void slow_down(struct stage *s)
{
    stage_set(s, 0, &slow);
    s->vm[0]->share.starts.last_ns = UINT64_MAX / 2;
}

/* A guest of a machine asks for GPU 0. */
static void want(struct stage *s, int vm, int guest)
{
    (void)stage_greet(s, vm, guest);
    fake_guest_ask(&s->guest[guest], VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
}

/* A spare comes, is taken, and opens the device for this guest. */
static void serve(struct stage *s, int guest)
{
    struct fake_peer *worker = &s->worker[guest];
    int memfd;

    fake_worker_ready(&s->fake, &s->gpu[0], worker, (uint32_t)guest + 1);
    fake_pump(&s->fake);
    (void)fake_expect(worker, VGPU__FRAME__KIND_ATTACH);
    memfd = vgpu_frame_socket_take_fd(&worker->socket);
    vgpu_fd_close(&memfd);
    fake_attached(worker, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest[guest], VGPU__FRAME__KIND_OPENED);
}

/* What the supervisor was told last: so many sessions wait for a worker. */
static int wanted(struct stage *s)
{
    const Vgpu__Frame *frame;
    int count = -1;

    while ((frame = fake_next(&s->gpu[0])) != NULL) {
        if (frame->kind_case == VGPU__FRAME__KIND_WORKER_WANTED) {
            count = (int)frame->worker_wanted->count;
        }
    }
    return count;
}

static uint32_t paced(const struct stage *s, int vm)
{
    const struct br_session *session;
    uint32_t count = 0;

    TAILQ_FOREACH(session, &s->vm[vm]->share.paced, wait_entry)
    {
        count++;
    }
    return count;
}

static void test_who_is_too_fast_waits(void **state)
{
    struct stage *s = *state;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    want(s, 0, 2);
    /* The supervisor is asked for one worker only, and the neighbour does not wait. */
    assert_int_equal(wanted(s), 1);
    assert_int_equal(paced(s, 0), 2);
    want(s, 1, 3);
    assert_int_equal(wanted(s), 2);
    assert_int_equal(paced(s, 1), 0);
    assert_int_equal(s->vm[0]->share.stats.starts_delayed, 2);
    assert_int_equal(s->vm[1]->share.stats.starts_delayed, 0);
    serve(s, 0);
    serve(s, 3);
    assert_false(s->fake.broker->spinning);
    assert_true(uv_is_active((uv_handle_t *)&s->fake.broker->pace_timer));
}

static void test_a_spare_is_no_way_around(void **state)
{
    struct stage *s = *state;

    slow_down(s);
    want(s, 0, 0);
    serve(s, 0);
    fake_worker_ready(&s->fake, &s->gpu[0], &s->worker[1], 2);
    want(s, 0, 1);
    fake_expect_none(&s->worker[1]);
    assert_int_equal(paced(s, 0), 1);
}

static void test_the_timer_lets_them_go_on_in_their_order(void **state)
{
    struct stage *s = *state;
    uint64_t end_ns = vgpu_clock_ns() + 20 * VGPU_NS_PER_S;
    const struct br_session *second;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    want(s, 0, 2);
    second = TAILQ_FIRST(&s->vm[0]->share.paced);
    assert_int_equal(wanted(s), 1);
    s->vm[0]->share.starts.rate = 5;
    s->vm[0]->share.starts.last_ns = vgpu_clock_ns();
    while (paced(s, 0) == 2 && vgpu_clock_ns() < end_ns) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_false(second->is_paced);
    while (paced(s, 0) > 0 && vgpu_clock_ns() < end_ns) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_int_equal(wanted(s), 3);
    for (int i = 0; i < 3; i++) {
        serve(s, i);
    }
    assert_true(TAILQ_EMPTY(&s->fake.broker->pacing));
}

static void test_a_live_change_lets_them_go_on_at_once(void **state)
{
    struct stage *s = *state;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    assert_int_equal(paced(s, 0), 1);
    stage_set(s, 0, &(struct br_policy){.starts_own = true});
    assert_int_equal(wanted(s), 2);
    assert_int_equal(paced(s, 0), 0);
}

/* The guest of channel `channel` is gone. */
static void leave(struct stage *s, uint32_t channel)
{
    fake_device_close_channel(&s->device[0], channel, 1);
    fake_pump(&s->fake);
    (void)fake_expect(&s->device[0], VGPU__FRAME__KIND_CHANNEL_FREE);
}

static void test_who_waits_may_end(void **state)
{
    struct stage *s = *state;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    want(s, 0, 2);
    leave(s, 1);
    assert_int_equal(paced(s, 0), 1);
    leave(s, 2);
    assert_int_equal(paced(s, 0), 0);
    assert_true(TAILQ_EMPTY(&s->fake.broker->pacing));
    assert_int_equal(wanted(s), 1);
}

/* Opening and leaving in a loop: each costs a token, whether a worker came or not. */
static void test_who_leaves_has_taken_its_token(void **state)
{
    struct stage *s = *state;

    stage_set(s, 0, &(struct br_policy){.starts_own = true, .starts_per_s = 1, .starts_burst = 2});
    s->vm[0]->share.starts.last_ns = UINT64_MAX / 2;
    for (uint32_t i = 0; i < 2; i++) {
        want(s, 0, (int)i);
        leave(s, i);
    }
    want(s, 0, 2);
    assert_int_equal(paced(s, 0), 1);
    assert_int_equal(wanted(s), 0);
}

static void test_what_has_changed_meanwhile_counts(void **state)
{
    struct stage *s = *state;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    assert_int_equal(br_gpu_set_drained(s->fake.broker, stage_uuid(0), true), 0);
    stage_set(s, 0, &(struct br_policy){.starts_own = true});
    assert_int_equal(fake_guest_expect(&s->guest[1], VGPU__FRAME__KIND_REFUSE)->refuse->result,
                     CUDA_ERROR_DEVICE_UNAVAILABLE);
    assert_int_equal(paced(s, 0), 0);
}

static void test_a_wait_has_an_end(void **state)
{
    struct stage *s = *state;
    struct br_session *session;
    const Vgpu__Refuse *refuse;

    slow_down(s);
    want(s, 0, 0);
    want(s, 0, 1);
    session = TAILQ_FIRST(&s->vm[0]->share.paced);
    /* The minute is over. */
    session->timer->timer_cb(session->timer);
    fake_pump(&s->fake);
    refuse = fake_guest_expect(&s->guest[1], VGPU__FRAME__KIND_REFUSE)->refuse;
    assert_int_equal(refuse->result, CUDA_ERROR_SYSTEM_NOT_READY);
    assert_string_equal(refuse->reason, "the machine opens devices faster than it may");
    assert_int_equal(paced(s, 0), 0);
    assert_true(TAILQ_EMPTY(&s->fake.broker->pacing));
}

static void test_a_machine_that_goes_on_causes_one_line(void **state)
{
    struct stage *s = *state;
    struct br_share *share = &s->vm[0]->share;

    slow_down(s);
    want(s, 0, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        want(s, 0, 1);
        leave(s, i);
        fake_guest_close(&s->guest[1]);
    }
    assert_int_equal(share->stats.starts_delayed, 3);
    assert_int_equal(share->pace_lines.used, 1);
    assert_int_equal(share->pace_lines.suppressed, 2);
}

/* ---- the default class ------------------------------------------------------ */

static void test_the_class_counts_where_the_machine_says_nothing(void **state)
{
    struct stage *s = *state;

    s->fake.broker->default_policy.starts_per_s = 4;
    s->fake.broker->default_policy.starts_burst = 32;
    stage_set(s, 0, &(struct br_policy){.calls_per_s = 0});
    assert_int_equal(s->vm[0]->share.starts.rate, 4);
    assert_int_equal(s->vm[0]->share.starts.burst, 32);
    assert_int_equal(s->vm[0]->share.policy.starts_per_s, 4);
    stage_set(s, 0, &(struct br_policy){.starts_own = true});
    assert_int_equal(s->vm[0]->share.starts.rate, 0);
    stage_set(s, 0, &slow);
    assert_int_equal(s->vm[0]->share.starts.rate, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_too_fast_waits),
        TEST(test_a_spare_is_no_way_around),
        TEST(test_the_timer_lets_them_go_on_in_their_order),
        TEST(test_a_live_change_lets_them_go_on_at_once),
        TEST(test_who_waits_may_end),
        TEST(test_who_leaves_has_taken_its_token),
        TEST(test_what_has_changed_meanwhile_counts),
        TEST(test_a_wait_has_an_end),
        TEST(test_a_machine_that_goes_on_causes_one_line),
        TEST(test_the_class_counts_where_the_machine_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
