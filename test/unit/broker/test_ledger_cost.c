/* SPDX-License-Identifier: Apache-2.0 */
/* What questions for memory cost the broker: never more than the frames that they come with and
 * cause, however many workers of a machine ask, wait and give at once. */
#include "fake_policy.h"

#include <string.h>

#include "common/fd.h"

enum { FEW = 8, MANY = 40, ROUNDS = 200 };

/* A machine is played by the processes of this host: they need no device. */
struct crowd {
    struct fake fake;
    struct fake_peer gpu;
    struct fake_guest guest[MANY];
    struct fake_peer worker[MANY];
    int count;
    uint64_t frames; /* to and from workers */
};

static struct crowd crowd;

static uint64_t steps(const struct crowd *c)
{
    const struct br_pot *pot = &c->fake.broker->local.pots[0];

    return pot->steps + pot->waiting.steps;
}

/* Nobody's patience ends, however slow this machine is. */
static void stop_timers(struct crowd *c)
{
    struct br_session *session;

    TAILQ_FOREACH(session, &c->fake.broker->sessions, entry)
    {
        if (session->timer != NULL) {
            (void)uv_timer_stop(session->timer);
        }
    }
}

static void say(struct crowd *c, int worker, const Vgpu__Frame *frame)
{
    fake_send(&c->worker[worker], frame);
    c->frames++;
    fake_pump(&c->fake);
    stop_timers(c);
}

static void ask(struct crowd *c, int worker, uint64_t least)
{
    Vgpu__MemoryAsk message = VGPU__MEMORY_ASK__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = least;
    message.least = least;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_ASK;
    frame.memory_ask = &message;
    say(c, worker, &frame);
}

static void give(struct crowd *c, int worker, uint64_t bytes, bool recalled)
{
    Vgpu__MemoryGive message = VGPU__MEMORY_GIVE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    message.bytes = bytes;
    message.recalled = recalled;
    frame.kind_case = VGPU__FRAME__KIND_MEMORY_GIVE;
    frame.memory_give = &message;
    say(c, worker, &frame);
}

/* Reads what a worker was sent.  True when a recall was among it. */
static bool take(struct crowd *c, int worker)
{
    bool recalled = false;
    const Vgpu__Frame *frame;

    while ((frame = fake_next(&c->worker[worker])) != NULL) {
        recalled = recalled || frame->kind_case == VGPU__FRAME__KIND_MEMORY_RECALL;
        c->frames++;
    }
    return recalled;
}

static void open_one(struct crowd *c, int i)
{
    struct fake_guest *guest = &c->guest[i];
    int memfd;

    fake_guest_open(&c->fake, guest);
    fake_guest_hello(guest);
    fake_pump(&c->fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_WELCOME);
    fake_worker_ready(&c->fake, &c->gpu, &c->worker[i], (uint32_t)i + 1);
    fake_guest_ask(guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&c->fake);
    (void)fake_expect(&c->gpu, VGPU__FRAME__KIND_WORKER_TAKEN);
    (void)fake_expect(&c->worker[i], VGPU__FRAME__KIND_ATTACH);
    memfd = vgpu_frame_socket_take_fd(&c->worker[i].socket);
    vgpu_fd_close(&memfd);
    fake_attached(&c->worker[i], 0);
    fake_pump(&c->fake);
    (void)fake_guest_expect(guest, VGPU__FRAME__KIND_OPENED);
}

static void begin(struct crowd *c, int count, uint64_t quota)
{
    const struct br_policy policy = {.memory_quota = quota};
    char why[256] = "";

    memset(c, 0, sizeof(*c));
    fake_settings(&c->fake.settings);
    c->fake.settings.sessions_max = MANY;
    fake_start(&c->fake);
    fake_gpu_open(&c->fake, &c->gpu, 1);
    (void)fake_expect(&c->gpu, VGPU__FRAME__KIND_REGISTERED);
    c->fake.broker->slots[0].gpu->facts->total_memory = 1000 * MIB;
    assert_int_equal(br_share_set(&c->fake.broker->local, &policy, why, sizeof(why)), 0);
    for (c->count = 0; c->count < count; c->count++) {
        open_one(c, c->count);
    }
}

static void finish(struct crowd *c)
{
    fake_fini(&c->fake);
    for (int i = 0; i < c->count; i++) {
        fake_guest_close(&c->guest[i]);
        fake_peer_close(&c->worker[i]);
    }
    fake_peer_close(&c->gpu);
}

/* Worker 0 has all there is and is silent, worker 1 has a little, all others wait for more than
 * will ever come; then worker 1 gives it back byte by byte. */
static double steps_of_a_gift(int count)
{
    struct crowd *c = &crowd;
    uint64_t before;

    begin(c, count, 100 * MIB);
    ask(c, 1, MIB);
    ask(c, 0, 99 * MIB);
    for (int i = 2; i < count; i++) {
        ask(c, i, 50 * MIB);
        if (take(c, 1)) {
            give(c, 1, 0, true);
        }
    }
    before = steps(c);
    for (int i = 0; i < ROUNDS; i++) {
        give(c, 1, (uint64_t)(i % 2), false);
    }
    before = steps(c) - before;
    finish(c);
    return (double)before / ROUNDS;
}

static void test_a_gift_costs_the_same_with_many_that_wait(void **state)
{
    (void)state;
    assert_true(steps_of_a_gift(FEW) <= 3);
    assert_true(steps_of_a_gift(MANY) <= 3);
}

/* Everyone asks for more than there is and answers every recall with nothing, again and again. */
static double steps_of_a_frame(int count)
{
    struct crowd *c = &crowd;
    uint64_t before;
    double each;

    begin(c, count, 100 * MIB);
    ask(c, 0, 90 * MIB);
    before = steps(c);
    c->frames = 0;
    for (int round = 0; round < ROUNDS; round++) {
        ask(c, round % (count - 1) + 1, 20 * MIB);
        for (int i = 0; i < count; i++) {
            if (take(c, i)) {
                give(c, i, 0, true);
            }
        }
    }
    each = (double)(steps(c) - before) / (double)c->frames;
    assert_int_equal(c->fake.broker->local.stats.memory_refused, ROUNDS);
    finish(c);
    return each;
}

static void test_recalls_cost_what_their_frames_cost(void **state)
{
    (void)state;
    assert_true(steps_of_a_frame(FEW) <= 3);
    assert_true(steps_of_a_frame(MANY) <= 3);
}

/* One that does not answer is looked at once, not at each question of the others. */
static double steps_beside_silence(int count)
{
    struct crowd *c = &crowd;
    uint64_t before;

    begin(c, count, 100 * MIB);
    ask(c, 0, 100 * MIB);
    ask(c, 1, 50 * MIB);
    before = steps(c);
    for (int i = 2; i < count; i++) {
        ask(c, i, (uint64_t)(1 + i * 7 % count) * MIB);
    }
    before = steps(c) - before;
    finish(c);
    return (double)before / (count - 2);
}

static void test_silent_workers_are_not_asked_again(void **state)
{
    (void)state;
    assert_true(steps_beside_silence(FEW) <= 8);
    assert_true(steps_beside_silence(MANY) <= 8);
}

static bool takes_grant(struct crowd *c, int worker)
{
    const Vgpu__Frame *frame;
    bool granted = false;

    while (worker != 5 && (frame = fake_next(&c->worker[worker])) != NULL) {
        granted = granted || frame->kind_case == VGPU__FRAME__KIND_MEMORY_GRANT;
    }
    return granted;
}

/* Who waits is served from the least on, and whoever leaves while it waits harms nobody. */
static void test_the_least_first(void **state)
{
    enum { COUNT = 12 };
    struct crowd *c = &crowd;

    (void)state;
    begin(c, COUNT, 100 * MIB);
    ask(c, 0, 100 * MIB);
    (void)take(c, 0);
    for (int i = 1; i < COUNT; i++) {
        ask(c, i, (uint64_t)(1 + i * 5 % COUNT) * MIB);
        (void)take(c, i);
    }
    fake_peer_close(&c->worker[5]);
    fake_worker_gone(&c->gpu, 6);
    fake_pump(&c->fake);
    c->worker[5].socket.fd = -1;
    /* 3 + 4 MiB: not the 5, for which too little is left, nor the 2 that nobody wants any more. */
    give(c, 0, 9 * MIB, true);
    for (int i = 1; i < COUNT; i++) {
        assert_int_equal(takes_grant(c, i), i == 10 || i == 3);
    }
    finish(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gift_costs_the_same_with_many_that_wait),
        cmocka_unit_test(test_recalls_cost_what_their_frames_cost),
        cmocka_unit_test(test_silent_workers_are_not_asked_again),
        cmocka_unit_test(test_the_least_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
