/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory of machines with a quota: what is granted never exceeds it, and nothing is lost. */
#include "fake_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "broker/admission.h"

static void ask(struct stage *s, int guest, uint64_t bytes, uint64_t least)
{
    Vgpu__MemoryAsk message = VGPU__MEMORY_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = bytes;
    message.least = least;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_ASK;
    frame.memory_ask = &message;
    fake_send(&s->worker[guest], &frame);
    fake_pump(&s->fake);
}

static void give(struct stage *s, int guest, uint64_t bytes, bool recalled)
{
    Vgpu__MemoryGive message = VGPU__MEMORY_GIVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = bytes;
    message.recalled = recalled;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GIVE;
    frame.memory_give = &message;
    fake_send(&s->worker[guest], &frame);
    fake_pump(&s->fake);
}

static void use(struct stage *s, int guest, uint64_t bytes)
{
    Vgpu__Usage message = VGPU__USAGE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.memory_used = bytes;
    frame.kind_case = VGPU__FRAME__KIND_USAGE;
    frame.usage = &message;
    fake_send(&s->worker[guest], &frame);
    fake_pump(&s->fake);
}

static uint64_t granted(struct stage *s, int guest)
{
    return fake_expect(&s->worker[guest], VGPU__FRAME__KIND_MEMORY_GRANT)->memory_grant->bytes;
}

static uint64_t recalled(struct stage *s, int guest)
{
    return fake_expect(&s->worker[guest], VGPU__FRAME__KIND_MEMORY_RECALL)->memory_recall->quota;
}

static void open_two(struct stage *s, uint64_t quota)
{
    bool ledger = false;

    stage_set(s, 0, &(struct br_policy){.memory_quota = quota});
    stage_open(s, 0, 0, 0, &ledger);
    assert_int_equal(ledger, quota != 0);
    stage_open(s, 0, 1, 0, &ledger);
    assert_int_equal(ledger, quota != 0);
}

static void test_welcome_shows_the_slice(void **state)
{
    struct stage *s = *state;

    stage_set(s, 0, &(struct br_policy){.memory_quota = 100 * MIB});
    assert_int_equal(stage_greet(s, 0, 0)->welcome->devices[0]->total_memory, 100 * MIB);
    assert_int_equal(stage_greet(s, 1, 1)->welcome->devices[0]->total_memory, 1000 * MIB);
}

static void test_steps_then_what_is_left(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 64 * MIB, 2 * MIB);
    assert_int_equal(granted(s, 0), 64 * MIB);
    ask(s, 1, 64 * MIB, 2 * MIB);
    assert_int_equal(granted(s, 1), 36 * MIB);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 100 * MIB);
}

static void test_what_others_do_not_use_comes_back(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 100 * MIB, 2 * MIB);
    assert_int_equal(granted(s, 0), 100 * MIB);
    use(s, 0, 30 * MIB);
    ask(s, 1, 64 * MIB, 40 * MIB);
    assert_int_equal(recalled(s, 0), 100 * MIB);
    fake_expect_none(&s->worker[1]);
    give(s, 0, 70 * MIB, true);
    assert_int_equal(granted(s, 1), 64 * MIB);
    ask(s, 1, 64 * MIB, 40 * MIB);
    (void)recalled(s, 0);
    give(s, 0, 0, true);
    assert_int_equal(granted(s, 1), 0);
    assert_int_equal(s->vm[0]->share.stats.memory_refused, 1);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 94 * MIB);
}

static void test_two_that_ask_at_once(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 64 * MIB, 2 * MIB);
    (void)granted(s, 0);
    ask(s, 1, 36 * MIB, 2 * MIB);
    (void)granted(s, 1);
    ask(s, 0, 64 * MIB, 20 * MIB);
    (void)recalled(s, 1);
    ask(s, 1, 64 * MIB, 20 * MIB);
    (void)recalled(s, 0);
    give(s, 1, 26 * MIB, true);
    assert_int_equal(granted(s, 0), 26 * MIB);
    give(s, 0, 10 * MIB, true);
    assert_int_equal(granted(s, 1), 0);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 90 * MIB);
}

static void test_what_a_worker_had_counts_until_it_is_reaped(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 100 * MIB, 100 * MIB);
    (void)granted(s, 0);
    fake_device_close_channel(&s->device[0], 0, 1);
    fake_pump(&s->fake);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 100 * MIB);
    /* It is on its way out, so who asks waits for it. */
    ask(s, 1, 64 * MIB, 64 * MIB);
    fake_expect_none(&s->worker[1]);
    stage_reap(s, 0, 0);
    assert_int_equal(granted(s, 1), 64 * MIB);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 64 * MIB);
}

static void test_a_worker_that_does_not_answer(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 100 * MIB, 100 * MIB);
    (void)granted(s, 0);
    ask(s, 1, 64 * MIB, 64 * MIB);
    for (int i = 0; i < 10 && s->guest[1].base != NULL; i++) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
        if (s->vm[0]->share.stats.memory_refused > 0) {
            break;
        }
    }
    assert_int_equal(granted(s, 1), 0);
}

static void test_machines_do_not_share(void **state)
{
    struct stage *s = *state;

    stage_set(s, 0, &(struct br_policy){.memory_quota = 100 * MIB});
    stage_set(s, 1, &(struct br_policy){.memory_quota = 100 * MIB});
    stage_open(s, 0, 0, 0, NULL);
    stage_open(s, 1, 1, 0, NULL);
    stage_open(s, 0, 2, 1, NULL);
    for (int i = 0; i < 3; i++) {
        ask(s, i, 100 * MIB, 100 * MIB);
        assert_int_equal(granted(s, i), 100 * MIB);
    }
}

static void test_what_others_hold_is_told(void **state)
{
    struct stage *s = *state;
    const Vgpu__MemoryGrant *grant;

    open_two(s, 100 * MIB);
    ask(s, 0, 64 * MIB, 2 * MIB);
    (void)granted(s, 0);
    use(s, 0, 30 * MIB);
    ask(s, 1, 0, 0);
    grant = fake_expect(&s->worker[1], VGPU__FRAME__KIND_MEMORY_GRANT)->memory_grant;
    assert_int_equal(grant->bytes, 0);
    assert_int_equal(grant->others, 30 * MIB);
}

static void test_live_quotas(void **state)
{
    struct stage *s = *state;

    open_two(s, 0);
    stage_set(s, 0, &(struct br_policy){.memory_quota = 100 * MIB});
    assert_int_equal(recalled(s, 0), 100 * MIB);
    assert_int_equal(recalled(s, 1), 100 * MIB);
    give(s, 0, VGPU_MEMORY_ALL - 80 * MIB, true);
    give(s, 1, VGPU_MEMORY_ALL, true);
    assert_int_equal(s->vm[0]->share.pots[0].granted, 80 * MIB);
    ask(s, 1, 64 * MIB, 2 * MIB);
    assert_int_equal(granted(s, 1), 20 * MIB);
    /* Less than what is held: nothing is given any more, nothing is taken away. */
    stage_set(s, 0, &(struct br_policy){.memory_quota = 50 * MIB});
    assert_int_equal(recalled(s, 0), 50 * MIB);
    assert_int_equal(recalled(s, 1), 50 * MIB);
    give(s, 0, 0, true);
    give(s, 1, 20 * MIB, true);
    ask(s, 1, 2 * MIB, 2 * MIB);
    (void)recalled(s, 0);
    give(s, 0, 0, true);
    assert_int_equal(granted(s, 1), 0);
    stage_set(s, 0, &(struct br_policy){.memory_quota = 0});
    (void)recalled(s, 0);
    (void)recalled(s, 1);
    ask(s, 1, 64 * MIB, 2 * MIB);
    assert_int_equal(granted(s, 1), 64 * MIB);
}

static void test_hostile_workers(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    ask(s, 0, 10 * MIB, 10 * MIB);
    (void)granted(s, 0);
    use(s, 0, 10 * MIB + 1);
    assert_int_equal(fake_guest_error(&s->guest[0]), CUDA_ERROR_LAUNCH_FAILED);
    assert_int_equal(fake_guest_error(&s->guest[1]), 0);
    give(s, 1, 1, false);
    assert_int_equal(fake_guest_error(&s->guest[1]), CUDA_ERROR_LAUNCH_FAILED);
}

static void test_answers_that_nobody_wanted(void **state)
{
    struct stage *s = *state;

    open_two(s, 100 * MIB);
    give(s, 0, 0, true);
    assert_int_equal(fake_guest_error(&s->guest[0]), CUDA_ERROR_LAUNCH_FAILED);
    ask(s, 1, 1, 2);
    assert_int_equal(fake_guest_error(&s->guest[1]), CUDA_ERROR_LAUNCH_FAILED);
}

/* ---- admission -------------------------------------------------------------- */

static void test_more_than_the_card(void **state)
{
    struct stage *s = *state;
    struct br_policy policy = {.memory_quota = 600 * MIB};
    char why[256];

    /* A spare and a context of 1 MiB each. */
    stage_set(s, 0, &policy);
    assert_int_equal(br_admission_committed(s->fake.broker, 0), 602 * MIB);
    policy.memory_quota = 398 * MIB;
    assert_int_equal(br_vm_set_policy(s->vm[1], &policy, why, sizeof(why)), -ENOSPC);
    assert_string_equal(why, "gpu 0: quotas of 998 MiB, 3 contexts of 1 MiB and 0 MiB in use are "
                             "1 MiB more than the card's 1000 MiB: take a smaller quota");
    assert_int_equal(s->vm[1]->share.policy.memory_quota, 0);
    policy.memory_quota = 397 * MIB;
    stage_set(s, 1, &policy);
    assert_int_equal(br_admission_committed(s->fake.broker, 1), 1000 * MIB);
    /* Its own does not count twice. */
    stage_set(s, 1, &policy);
}

static void test_machines_without_quota_count_by_their_use(void **state)
{
    struct stage *s = *state;
    struct br_policy policy = {.memory_quota = 700 * MIB};
    char why[256];

    stage_open(s, 1, 0, 0, NULL);
    use(s, 0, 300 * MIB);
    assert_int_equal(br_admission_committed(s->fake.broker, 0), 302 * MIB);
    assert_int_equal(br_vm_set_policy(s->vm[0], &policy, why, sizeof(why)), -ENOSPC);
    stage_pool(s, "two", 1);
    (void)memcpy(policy.pool, "two", sizeof("two"));
    stage_set(s, 0, &policy);
}

/* ---- a random course -------------------------------------------------------- */

/* What a worker has, as itself knows. */
struct model {
    uint64_t granted;
    uint64_t used;
    bool asks;
};

static void take_frames(struct stage *s, struct model *model, int guest)
{
    struct fake_peer *worker = &s->worker[guest];
    uint64_t spare;
    Vgpu__Frame *frame;

    (void)vgpu_frame_socket_fill(&worker->socket, MSG_DONTWAIT);
    while (vgpu_frame_socket_next(&worker->socket, &frame) > 0) {
        if (frame->kind_case == VGPU__FRAME__KIND_MEMORY_GRANT) {
            assert_true(model->asks);
            model->asks = false;
            model->granted += frame->memory_grant->bytes;
        } else {
            assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_MEMORY_RECALL);
            spare = model->granted - model->used;
            model->granted -= spare;
            give(s, guest, spare, true);
        }
    }
}

static void step(struct stage *s, struct model *model, int guest)
{
    uint64_t bytes = ((uint64_t)random() % 32 + 1) * MIB;

    switch (random() % 3) {
    case 0: /* allocates */
        if (model->granted - model->used >= bytes) {
            model->used += bytes;
            use(s, guest, model->used);
        } else if (!model->asks) {
            model->asks = true;
            ask(s, guest, 64 * MIB, bytes);
        }
        break;
    case 1: /* frees */
        model->used -= bytes < model->used ? bytes : model->used;
        use(s, guest, model->used);
        break;
    default: /* gives back */
        bytes = model->granted - model->used;
        model->granted -= bytes;
        give(s, guest, bytes, false);
        break;
    }
}

static void test_10000_random_steps_are_never_over(void **state)
{
    enum { WORKERS = 3, STEPS = 10000 };
    struct stage *s = *state;
    struct model model[WORKERS] = {{0}};
    const uint64_t quota = 150 * MIB;

    srandom(7);
    open_two(s, quota);
    stage_open(s, 0, 2, 0, NULL);
    for (int i = 0; i < STEPS; i++) {
        uint64_t sum = 0;

        step(s, &model[i % WORKERS], i % WORKERS);
        for (int w = 0; w < WORKERS; w++) {
            take_frames(s, &model[w], w);
            sum += model[w].granted;
        }
        assert_true(sum <= s->vm[0]->share.pots[0].granted);
        assert_true(s->vm[0]->share.pots[0].granted <= quota);
    }
    assert_int_equal(fake_guest_error(&s->guest[0]), 0);
    assert_true(s->vm[0]->share.stats.memory_refused > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_setup, stage_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_welcome_shows_the_slice),
        TEST(test_steps_then_what_is_left),
        TEST(test_what_others_do_not_use_comes_back),
        TEST(test_two_that_ask_at_once),
        TEST(test_what_a_worker_had_counts_until_it_is_reaped),
        TEST(test_a_worker_that_does_not_answer),
        TEST(test_machines_do_not_share),
        TEST(test_what_others_hold_is_told),
        TEST(test_live_quotas),
        TEST(test_hostile_workers),
        TEST(test_answers_that_nobody_wanted),
        TEST(test_more_than_the_card),
        TEST(test_machines_without_quota_count_by_their_use),
        TEST(test_10000_random_steps_are_never_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
