/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that do not keep up: what waits is bounded, and nothing of it is lost. */
#include "fake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"

/* What a test may grow by: buffers of one session and what the allocator rounds up. */
#define GROWTH_KIB 1024

struct stage {
    struct fake fake;
    struct fake_peer gpu;
    struct fake_peer worker;
    struct fake_guest guest;
};

static struct stage stage;

static int setup(void **state)
{
    memset(&stage, 0, sizeof(stage));
    fake_init(&stage.fake);
    fake_open_session(&stage.fake, &stage.gpu, &stage.worker, &stage.guest);
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

/* The guest fills the ring again and again until the broker takes nothing more.  Returns calls. */
static unsigned int flood(struct stage *s, size_t body)
{
    unsigned int calls = 0;
    unsigned int before;

    do {
        before = calls;
        while (fake_guest_call(&s->guest, FAKE_OP, body)) {
            calls++;
        }
        fake_pump(&s->fake);
    } while (calls > before);
    return calls;
}

/* The worker reads all that comes; checks the order.  Returns calls. */
static unsigned int drain(struct stage *s, unsigned int seen, uint32_t first)
{
    unsigned int calls = seen;
    Vgpu__Frame *frame;
    unsigned int before;

    do {
        before = calls;
        while (
            vgpu_frame_socket_next(&s->worker.socket, &frame) == 1 ||
            (vgpu_frame_socket_fill(&s->worker.socket, MSG_DONTWAIT) > 0 && (frame = NULL, true))) {
            struct vgpu_record record;
            size_t at = 0;

            if (frame == NULL) {
                continue;
            }
            assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_SUBMIT);
            while (at < frame->submit->records.len) {
                memcpy(&record, frame->submit->records.data + at, sizeof(record));
                assert_int_equal(record.sequence, first + calls);
                at += record.length;
                calls++;
            }
        }
        fake_pump(&s->fake);
    } while (calls > before);
    return calls;
}

static void test_worker_that_never_reads_costs_bounded_memory(void **state)
{
    struct stage *s = *state;
    const struct br_session *session = TAILQ_FIRST(&s->fake.broker->sessions);
    size_t before = fake_rss_anon_kib();
    uint32_t first = s->guest.sequence + 1;
    unsigned int calls = flood(s, 1000);
    uint32_t failed = s->guest.sequence - calls - first + 1;

    assert_true(session->stats.worker_full > 0);
    assert_true(session->worker->link.out_end <= s->fake.broker->session_buffer);
#if !defined(VGPU_ASAN) && !defined(VGPU_TSAN)
    assert_true(fake_rss_anon_kib() < before + GROWTH_KIB);
#endif
    (void)before;
    /* Puts that did not fit used up sequence numbers: only the count is compared. */
    assert_true(failed > 0);
    for (int i = 0; i < 50; i++) {
        fake_pump(&s->fake);
    }
    assert_true(TAILQ_EMPTY(&s->fake.broker->hot));
}

static void test_worker_that_reads_again_gets_every_call_in_order(void **state)
{
    struct stage *s = *state;
    uint32_t first = s->guest.sequence + 1;
    unsigned int calls = 0;
    unsigned int seen;

    /* One sequence per call that went in. */
    for (int round = 0; round < 40; round++) {
        while (fake_guest_call(&s->guest, FAKE_OP, 4000)) {
            calls++;
        }
        s->guest.sequence--;
        fake_pump(&s->fake);
    }
    assert_non_null(TAILQ_FIRST(&s->fake.broker->sessions)->worker->link.out);
    seen = drain(s, 0, first);
    assert_int_equal(seen, calls);
    assert_null(TAILQ_FIRST(&s->fake.broker->sessions)->worker->link.out);
    assert_true(fake_guest_call(&s->guest, FAKE_OP, 4000));
    fake_pump(&s->fake);
    assert_int_equal(drain(s, seen, first), calls + 1);
}

/* Answers until neither the ring nor the broker takes any more. */
static unsigned int answer_flood(struct stage *s, size_t body)
{
    static uint8_t records[40000];
    unsigned int answers = 0;
    unsigned int stuck = 0;

    (void)vgpu_fd_set_nonblock(s->worker.socket.fd, true);
    while (stuck < 3) {
        size_t len = fake_answer(records, answers, body);
        Vgpu__Complete complete = VGPU__COMPLETE__INIT;
        Vgpu__Frame frame = VGPU__FRAME__INIT;
        static uint8_t bytes[VGPU_FRAME_BYTES_MAX + 4];
        ssize_t size;

        complete.records.len = len;
        complete.records.data = records;
        frame.kind_case = VGPU__FRAME__KIND_COMPLETE;
        frame.complete = &complete;
        size = vgpu_frame_pack(&frame, bytes, sizeof(bytes));
        if (vgpu_fd_send(s->worker.socket.fd, bytes, (size_t)size, NULL, 0) == size) {
            answers++;
            stuck = 0;
        } else {
            stuck++;
            break;
        }
        fake_pump(&s->fake);
    }
    return answers;
}

static void test_guest_that_never_reads_stops_its_worker(void **state)
{
    struct stage *s = *state;
    const struct br_session *session = TAILQ_FIRST(&s->fake.broker->sessions);
    size_t before = fake_rss_anon_kib();
    unsigned int answers = answer_flood(s, 3000);

    assert_true(answers > VGPU_CHANNEL_COMPLETE_BYTES / 4000);
    assert_non_null(session->pending);
    assert_true(session->worker->link.paused);
    assert_int_equal(session->stats.guest_full, 1);
#if !defined(VGPU_ASAN) && !defined(VGPU_TSAN)
    assert_true(fake_rss_anon_kib() < before + GROWTH_KIB);
#endif
    (void)before;
    /* Nothing turns while everyone waits. */
    assert_true(TAILQ_EMPTY(&s->fake.broker->hot));
}

static void test_slow_guest_gets_every_answer_in_order(void **state)
{
    struct stage *s = *state;
    const struct br_session *session = TAILQ_FIRST(&s->fake.broker->sessions);
    /* The last frame may have gone out in part: the worker's socket is of no more use. */
    unsigned int answers = answer_flood(s, 3000);
    unsigned int seen = 0;

    while (seen < answers) {
        if (!fake_guest_next(&s->guest)) {
            assert_true(session->pending != NULL || session->worker != NULL);
            fake_pump(&s->fake);
            assert_true(fake_guest_next(&s->guest));
        }
        assert_int_equal(s->guest.record.sequence, seen);
        seen++;
    }
    fake_pump(&s->fake);
    assert_null(session->pending);
    assert_false(session->worker->link.paused);
}

/* A guest that asks for ever and reads nothing: its questions are left in the ring. */
static void test_control_frames_wait_while_answers_wait(void **state)
{
    struct stage *s = *state;
    const struct br_session *session = TAILQ_FIRST(&s->fake.broker->sessions);

    (void)answer_flood(s, 3000);
    assert_non_null(session->pending);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_CLOSE);
    assert_int_equal(eventfd_write(s->guest.doorbell, 1), 0);
    fake_pump(&s->fake);
    assert_int_equal(session->phase, BR_OPEN);
    while (session->phase == BR_OPEN) {
        (void)fake_guest_next(&s->guest);
        fake_pump(&s->fake);
    }
    assert_int_equal(session->phase, BR_CLOSING);
}

/* One busy guest must not keep another from its turn. */
static void test_two_guests_take_turns(void **state)
{
    struct stage *s = *state;
    static struct fake_guest other;
    struct fake_peer worker;
    const struct br_session *first = TAILQ_FIRST(&s->fake.broker->sessions);
    const struct br_session *second;

    fake_worker_ready(&s->fake, &s->gpu, &worker, 2);
    fake_guest_open(&s->fake, &other);
    fake_guest_hello(&other);
    fake_guest_ask(&other, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_attached(&worker, 0);
    fake_pump(&s->fake);
    second = TAILQ_NEXT(first, entry);
    assert_int_equal(second->phase, BR_OPEN);
    while (fake_guest_call(&s->guest, FAKE_OP, 8)) {
    }
    (void)fake_guest_call(&other, FAKE_OP, 8);
    (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    assert_int_equal(second->stats.submit_frames, 1);
    assert_true(first->stats.submit_frames <= 4);
    fake_guest_close(&other);
    fake_peer_close(&worker);
}

static void test_idle_sessions_hold_no_buffers(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guests[64];
    size_t before;

    s->fake.broker->sessions_max = 100;
    before = fake_rss_anon_kib();
    for (int i = 0; i < 64; i++) {
        fake_guest_open(&s->fake, &guests[i]);
        fake_guest_hello(&guests[i]);
    }
    fake_pump(&s->fake);
    for (int i = 0; i < 64; i++) {
        (void)fake_guest_expect(&guests[i], VGPU__FRAME__KIND_WELCOME);
    }
#if !defined(VGPU_ASAN) && !defined(VGPU_TSAN)
    /* The fake guests' own buffers are in this process too. */
    assert_true(fake_rss_anon_kib() < before + 16 * 1024);
#endif
    (void)before;
    for (int i = 0; i < 64; i++) {
        fake_guest_close(&guests[i]);
    }
}

static void test_memory_bound_covers_every_buffer(void **state)
{
    struct stage *s = *state;
    const struct br_broker *broker = s->fake.broker;

    assert_true(br_broker_memory_bound(broker) >
                broker->sessions_max * 2 * (uint64_t)broker->session_buffer);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_worker_that_never_reads_costs_bounded_memory),
        TEST(test_worker_that_reads_again_gets_every_call_in_order),
        TEST(test_guest_that_never_reads_stops_its_worker),
        TEST(test_slow_guest_gets_every_answer_in_order),
        TEST(test_control_frames_wait_while_answers_wait),
        TEST(test_two_guests_take_turns),
        TEST(test_idle_sessions_hold_no_buffers),
        TEST(test_memory_bound_covers_every_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
