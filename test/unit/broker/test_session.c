/* SPDX-License-Identifier: Apache-2.0 */
#include "fake.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "proto/cuda_enums.h"

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
    stage.gpu.socket.fd = -1;
    stage.worker.socket.fd = -1;
    fake_init(&stage.fake);
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

static void test_welcome_lists_every_gpu_in_order(void **state)
{
    struct stage *s = *state;
    struct fake_peer second;
    const Vgpu__Welcome *welcome;

    fake_gpu_open(&s->fake, &s->gpu, 7);
    fake_gpu_open(&s->fake, &second, 5);
    assert_int_equal(fake_expect(&second, VGPU__FRAME__KIND_REGISTERED)->registered->gpu, 1);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    welcome = fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME)->welcome;
    assert_int_equal(welcome->n_devices, 2);
    assert_int_equal(welcome->devices[0]->uuid.data[0], 7);
    assert_int_equal(welcome->devices[1]->uuid.data[0], 5);
    assert_int_equal(welcome->devices[0]->attributes[1], -2);
    assert_int_equal(welcome->driver_version, 13005);
    fake_peer_close(&second);
}

static void test_hello_without_gpu_is_refused_with_100(void **state)
{
    struct stage *s = *state;

    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 100);
}

static void test_hello_waits_for_a_gpu_that_starts(void **state)
{
    struct stage *s = *state;

    br_broker_set_starting(s->fake.broker, true);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    assert_false(fake_guest_next(&s->guest));
    fake_gpu_open(&s->fake, &s->gpu, 1);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
}

static void test_hello_waits_and_no_gpu_comes_is_refused(void **state)
{
    struct stage *s = *state;

    br_broker_set_starting(s->fake.broker, true);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    br_broker_set_starting(s->fake.broker, false);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 100);
}

static void test_hello_timeout_refuses_then_closes(void **state)
{
    struct stage *s = *state;

    br_broker_set_starting(s->fake.broker, true);
    fake_guest_open(&s->fake, &s->guest);
    s->fake.broker->hello_timeout_ms = 1;
    fake_guest_hello(&s->guest);
    while (!fake_is_shut(&s->guest.socket)) {
        (void)uv_run(&s->fake.loop, UV_RUN_ONCE);
    }
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 802);
    assert_int_equal(s->fake.broker->session_count, 0);
}

static void test_hello_of_another_protocol_is_refused_with_803(void **state)
{
    struct stage *s = *state;
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    hello.protocol = VGPU_PROTOCOL_VERSION + 1;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_frame(&s->guest, &frame);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 803);
}

static void test_too_many_sessions_are_refused_with_46(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guests[4];
    struct fake_peer fifth;
    int theirs;

    for (int i = 0; i < 4; i++) {
        fake_guest_open(&s->fake, &guests[i]);
    }
    vgpu_frame_socket_init(&fifth.socket, fake_pair(&theirs));
    br_broker_add_guest(s->fake.broker, theirs);
    assert_int_equal(fake_expect(&fifth, VGPU__FRAME__KIND_REFUSE)->refuse->result, 46);
    assert_true(fake_is_shut(&fifth.socket));
    fake_guest_close(&guests[0]);
    fake_pump(&s->fake);
    fake_guest_open(&s->fake, &s->guest);
    for (int i = 1; i < 4; i++) {
        fake_guest_close(&guests[i]);
    }
    fake_peer_close(&fifth);
}

static void test_calls_and_answers_travel(void **state)
{
    struct stage *s = *state;
    uint8_t answer[64];
    size_t len = fake_answer(answer, 77, 8);
    const Vgpu__Submit *submit;
    struct vgpu_record record;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_guest_call(&s->guest, FAKE_OP, 24);
    fake_guest_call(&s->guest, FAKE_OP, 8);
    fake_pump(&s->fake);
    submit = fake_expect(&s->worker, VGPU__FRAME__KIND_SUBMIT)->submit;
    assert_int_equal(submit->records.len, 40 + 24);
    memcpy(&record, submit->records.data, sizeof(record));
    assert_int_equal(record.op, FAKE_OP);
    assert_int_equal(record.length, 40);

    assert_true(vgpu_ring_park(&s->guest.complete));
    fake_complete(&s->worker, answer, len);
    fake_pump(&s->fake);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_true(fake_guest_next(&s->guest));
    assert_int_equal(s->guest.record.sequence, 77);
}

static void test_records_behind_open_wait_for_the_worker(void **state)
{
    struct stage *s = *state;

    fake_gpu_open(&s->fake, &s->gpu, 1);
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_REGISTERED);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_guest_call(&s->guest, FAKE_OP, 0);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_CLOSE);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_WANTED)->worker_wanted->count,
                     1);
    fake_worker_ready(&s->fake, &s->gpu, &s->worker, 9);
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_WANTED)->worker_wanted->count,
                     0);
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_TAKEN)->worker_taken->worker, 9);
    assert_int_equal(fake_expect(&s->worker, VGPU__FRAME__KIND_ATTACH)->attach->channel_bytes,
                     16u << 20);
    fake_expect_none(&s->worker);
    fake_attached(&s->worker, 0);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_OPENED)->opened->worker_pid,
                     1009);
    (void)fake_expect(&s->worker, VGPU__FRAME__KIND_SUBMIT);
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL)->worker_kill->worker, 9);
    assert_false(fake_guest_next(&s->guest));
    fake_worker_gone(&s->gpu, 9);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_CLOSED);
    assert_int_equal(fake_guest_error(&s->guest), 0);
}

static void test_close_then_open_again(void **state)
{
    struct stage *s = *state;
    struct fake_peer second;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_CLOSE);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->worker.socket));
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
    fake_worker_gone(&s->gpu, 1);
    fake_worker_ready(&s->fake, &s->gpu, &second, 2);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_CLOSED);
    (void)fake_expect(&second, VGPU__FRAME__KIND_ATTACH);
    fake_attached(&second, 0);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_OPENED);
    fake_peer_close(&second);
}

static void test_attach_that_fails_is_refused_when_the_worker_is_gone(void **state)
{
    struct stage *s = *state;

    fake_gpu_open(&s->fake, &s->gpu, 1);
    fake_worker_ready(&s->fake, &s->gpu, &s->worker, 1);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_attached(&s->worker, CUDA_ERROR_OUT_OF_MEMORY);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
    assert_false(fake_guest_next(&s->guest));
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 2);
    assert_int_equal(fake_guest_error(&s->guest), 0);
}

static void test_worker_failed_refuses_who_waits_with_46(void **state)
{
    struct stage *s = *state;
    Vgpu__WorkerFailed failed = VGPU__WORKER_FAILED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_WORKER_FAILED;
    frame.worker_failed = &failed;
    fake_gpu_open(&s->fake, &s->gpu, 1);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_send(&s->gpu, &frame);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 46);
}

static void test_fatal_gives_its_code_and_later_calls_are_ignored(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_fatal(&s->worker, CUDA_ERROR_ILLEGAL_ADDRESS);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 700);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_false(fake_is_shut(&s->guest.socket));
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
    fake_guest_call(&s->guest, FAKE_OP, 0);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 1);
    fake_guest_close(&s->guest);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 1);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 0);
}

static void test_worker_that_ends_gives_719(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_true(fake_guest_interrupted(&s->guest));
}

/* The supervisor may tell of the end before the pipe's last words are read. */
static void test_fatal_counts_when_worker_gone_comes_first(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_worker_gone(&s->gpu, 1);
    fake_fatal(&s->worker, CUDA_ERROR_ASSERT);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 710);
}

/* The broker has unsent calls for it: the end is told by an error, its last words still count. */
static void test_fatal_counts_when_calls_were_left_unread(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_guest_call(&s->guest, FAKE_OP, 0);
    fake_pump(&s->fake);
    fake_fatal(&s->worker, CUDA_ERROR_ASSERT);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 710);
}

static void test_supervisor_that_ends_gives_719_and_comes_back(void **state)
{
    struct stage *s = *state;
    struct fake_peer other;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_null(s->fake.broker->slots[0].gpu);
    fake_guest_close(&s->guest);
    fake_pump(&s->fake);
    /* Nobody tells of its end but its pipe. */
    assert_int_equal(s->fake.broker->session_count, 1);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 0);

    fake_gpu_open(&s->fake, &other, 2);
    assert_int_equal(fake_expect(&other, VGPU__FRAME__KIND_REGISTERED)->registered->gpu, 1);
    fake_gpu_open(&s->fake, &s->gpu, 1);
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_REGISTERED)->registered->gpu, 0);
    fake_peer_close(&other);
}

/* Its memory may be in use until the worker has really ended. */
static void test_close_while_the_supervisor_goes_is_answered_when_the_pipe_ends(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_CLOSE);
    fake_pump(&s->fake);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    assert_false(fake_guest_next(&s->guest));
    /* What it still says is dropped. */
    fake_wake(&s->worker);
    fake_pump(&s->fake);
    fake_peer_close(&s->worker);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_CLOSED);
    assert_int_equal(fake_guest_error(&s->guest), 0);
}

static void test_fatal_counts_when_the_supervisor_goes_first(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_fatal(&s->worker, CUDA_ERROR_ASSERT);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 710);
}

static void test_open_while_the_supervisor_is_gone_is_refused_with_802(void **state)
{
    struct stage *s = *state;

    fake_gpu_open(&s->fake, &s->gpu, 1);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&s->guest, VGPU__FRAME__KIND_WELCOME);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_peer_close(&s->gpu);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 802);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_expect(&s->guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 802);
}

static void test_guest_that_ends_takes_its_worker_along(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_guest_close(&s->guest);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->worker.socket));
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
    fake_expect_none(&s->gpu);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 0);
}

static void test_guest_that_ends_while_it_waits_leaves_the_queue(void **state)
{
    struct stage *s = *state;

    fake_gpu_open(&s->fake, &s->gpu, 1);
    fake_guest_open(&s->fake, &s->guest);
    fake_guest_hello(&s->guest);
    fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_guest_close(&s->guest);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->session_count, 0);
    fake_worker_ready(&s->fake, &s->gpu, &s->worker, 1);
    fake_expect_none(&s->worker);
    assert_false(fake_is_shut(&s->worker.socket));
}

static void test_wake_rings_only_a_guest_that_sleeps(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_wake(&s->worker);
    fake_pump(&s->fake);
    assert_false(fake_guest_interrupted(&s->guest));
    assert_true(vgpu_ring_park(&s->guest.complete));
    fake_wake(&s->worker);
    fake_wake(&s->worker);
    fake_pump(&s->fake);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_false(fake_guest_interrupted(&s->guest));
}

static void test_stop_gives_719_to_everyone(void **state)
{
    struct stage *s = *state;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    fake_fini(&s->fake);
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_true(fake_is_shut(&s->guest.socket));
    assert_true(fake_is_shut(&s->worker.socket));
    fake_init(&s->fake);
}

/* Nothing to do: the loop must be able to sleep for ever. */
static void test_idle_sessions_leave_no_timer_and_no_spinning(void **state)
{
    struct stage *s = *state;

    s->fake.broker->spin_ns = 1000;
    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    while (s->fake.broker->spinning || !TAILQ_EMPTY(&s->fake.broker->hot)) {
        (void)uv_run(&s->fake.loop, UV_RUN_NOWAIT);
    }
    fake_rest(&s->fake);
    assert_int_equal(uv_backend_timeout(&s->fake.loop), -1);
    assert_int_equal(vgpu_channel_state(s->guest.base)->submit.parked, 1);
}

static void test_stats_count_by_class(void **state)
{
    struct stage *s = *state;
    const struct br_session *session;

    fake_open_session(&s->fake, &s->gpu, &s->worker, &s->guest);
    session = TAILQ_FIRST(&s->fake.broker->sessions);
    fake_guest_call(&s->guest, FAKE_OP, 0);
    fake_guest_call(&s->guest, FAKE_OP, 8);
    fake_pump(&s->fake);
    assert_int_equal(session->stats.records[BR_CLASS_UNKNOWN], 2);
    assert_int_equal(session->stats.submit_bytes, 40);
    assert_int_equal(session->stats.submit_frames, 1);
    assert_int_equal(session->stats.control_frames, 4);
    br_broker_log_stats(s->fake.broker);
    fake_guest_close(&s->guest);
    fake_worker_gone(&s->gpu, 1);
    fake_pump(&s->fake);
    assert_int_equal(s->fake.broker->total.sessions, 1);
    assert_int_equal(s->fake.broker->total.submit_bytes, 40);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_welcome_lists_every_gpu_in_order),
        TEST(test_hello_without_gpu_is_refused_with_100),
        TEST(test_hello_waits_for_a_gpu_that_starts),
        TEST(test_hello_waits_and_no_gpu_comes_is_refused),
        TEST(test_hello_timeout_refuses_then_closes),
        TEST(test_hello_of_another_protocol_is_refused_with_803),
        TEST(test_too_many_sessions_are_refused_with_46),
        TEST(test_calls_and_answers_travel),
        TEST(test_records_behind_open_wait_for_the_worker),
        TEST(test_close_then_open_again),
        TEST(test_attach_that_fails_is_refused_when_the_worker_is_gone),
        TEST(test_worker_failed_refuses_who_waits_with_46),
        TEST(test_fatal_gives_its_code_and_later_calls_are_ignored),
        TEST(test_worker_that_ends_gives_719),
        TEST(test_fatal_counts_when_worker_gone_comes_first),
        TEST(test_fatal_counts_when_calls_were_left_unread),
        TEST(test_supervisor_that_ends_gives_719_and_comes_back),
        TEST(test_close_while_the_supervisor_goes_is_answered_when_the_pipe_ends),
        TEST(test_fatal_counts_when_the_supervisor_goes_first),
        TEST(test_open_while_the_supervisor_is_gone_is_refused_with_802),
        TEST(test_guest_that_ends_takes_its_worker_along),
        TEST(test_guest_that_ends_while_it_waits_leaves_the_queue),
        TEST(test_wake_rings_only_a_guest_that_sleeps),
        TEST(test_stop_gives_719_to_everyone),
        TEST(test_idle_sessions_leave_no_timer_and_no_spinning),
        TEST(test_stats_count_by_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
