/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that break the rules: the one who does is shut out, the others go on. */
#include "fake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"

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

/* Whatever happened: a new guest still gets a session with a new worker. */
static void others_go_on(struct stage *s)
{
    static struct fake_guest guest;
    struct fake_peer gpu;
    struct fake_peer worker;

    fake_gpu_open(&s->fake, &gpu, 99);
    fake_worker_ready(&s->fake, &gpu, &worker, 1);
    fake_guest_open(&s->fake, &guest);
    fake_guest_hello(&guest);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&guest, VGPU__FRAME__KIND_WELCOME);
    fake_guest_close(&guest);
    fake_peer_close(&gpu);
    fake_peer_close(&worker);
    fake_pump(&s->fake);
}

static int teardown(void **state)
{
    struct stage *s = *state;

    others_go_on(s);
    fake_guest_close(&s->guest);
    fake_fini(&s->fake);
    fake_peer_close(&s->gpu);
    fake_peer_close(&s->worker);
    return 0;
}

/* The guest was shut out as a broken peer: 719, socket closed, worker killed. */
static void assert_shut_out(struct stage *s)
{
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->guest.socket));
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_true(fake_is_shut(&s->worker.socket));
    (void)fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL);
}

static void ring(struct stage *s)
{
    assert_int_equal(eventfd_write(s->guest.doorbell, 1), 0);
}

static void put(struct stage *s, const void *bytes, size_t len)
{
    assert_true(fake_guest_put(&s->guest, bytes, len));
}

static void put_length(struct stage *s, uint32_t length)
{
    uint8_t bytes[64] = {0};
    struct vgpu_record record = {.op = FAKE_OP, .length = length};

    memcpy(bytes, &record, sizeof(record));
    put(s, bytes, sizeof(bytes));
}

#define GUEST_MISUSE(name, act)                                                                    \
    static void test_guest_##name(void **state)                                                    \
    {                                                                                              \
        struct stage *s = *state;                                                                  \
                                                                                                   \
        act;                                                                                       \
        assert_shut_out(s);                                                                        \
    }

GUEST_MISUSE(record_length_zero, put_length(s, 0))
GUEST_MISUSE(record_length_below_header, put_length(s, 8))
GUEST_MISUSE(record_length_not_a_multiple_of_8, put_length(s, 20))
GUEST_MISUSE(record_length_over_the_maximum, put_length(s, VGPU_RECORD_BYTES_MAX + 8))
GUEST_MISUSE(record_length_huge, put_length(s, 0xfffffff8))
GUEST_MISUSE(record_published_in_part, put_length(s, 128))
GUEST_MISUSE(second_hello, fake_guest_hello(&s->guest))
GUEST_MISUSE(second_open, fake_guest_ask(&s->guest, VGPU__FRAME__KIND_OPEN))

static void jump_head(struct stage *s, uint64_t to)
{
    atomic_store(&s->guest.submit.words->head, to);
    ring(s);
}

GUEST_MISUSE(head_beyond_the_ring,
             jump_head(s, s->guest.submit.mine + VGPU_CHANNEL_SUBMIT_BYTES + 8))
GUEST_MISUSE(head_back, jump_head(s, 0))
GUEST_MISUSE(head_all_ones, jump_head(s, UINT64_MAX))

static void put_body(struct stage *s, const void *body, size_t len)
{
    uint8_t bytes[256] = {0};
    struct vgpu_record record = {.op = VGPU_OP_FRAME, .length = vgpu_record_length(len)};

    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + sizeof(record), body, len);
    put(s, bytes, record.length);
}

GUEST_MISUSE(empty_frame, put_body(s, "", 0))
GUEST_MISUSE(frame_longer_than_its_record, put_body(s, "\xff\0\0\0abcd", 8))
GUEST_MISUSE(frame_with_trailing_bytes, put_body(s, "\2\0\0\0\x3a\0xyz", 9))
GUEST_MISUSE(frame_that_does_not_decode, put_body(s, "\4\0\0\0\x0b\x0b\x0b\x0b", 8))

static void put_kind(struct stage *s, Vgpu__Frame__KindCase kind)
{
    Vgpu__Attach attach = VGPU__ATTACH__INIT;
    Vgpu__Register reg = VGPU__REGISTER__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = kind;
    if (kind == VGPU__FRAME__KIND_ATTACH) {
        frame.attach = &attach;
    } else {
        frame.register_ = &reg;
    }
    fake_guest_frame(&s->guest, &frame);
}

GUEST_MISUSE(frame_of_another_party, put_kind(s, VGPU__FRAME__KIND_ATTACH))
GUEST_MISUSE(register_in_the_ring, put_kind(s, VGPU__FRAME__KIND_REGISTER))

static void bytes_on_socket(struct stage *s, const void *bytes, size_t len)
{
    assert_int_equal(write(s->guest.socket.fd, bytes, len), len);
}

GUEST_MISUSE(frame_on_the_socket, bytes_on_socket(s, "\2\0\0\0\x3a\0", 6))
GUEST_MISUSE(oversize_on_the_socket, bytes_on_socket(s, "\xff\xff\xff\xff", 4))

static void spoil_completion_tail(struct stage *s)
{
    static uint8_t records[40000];

    atomic_store(&s->guest.complete.words->tail, UINT64_MAX);
    for (unsigned int i = 0; i < 8; i++) {
        fake_complete(&s->worker, records, fake_answer(records, i, 38000));
        fake_pump(&s->fake);
    }
}

GUEST_MISUSE(completion_tail_beyond_head, spoil_completion_tail(s))

static void test_guest_call_before_hello_and_before_open(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guest;

    for (int greeted = 0; greeted < 2; greeted++) {
        fake_guest_open(&s->fake, &guest);
        if (greeted == 1) {
            fake_guest_hello(&guest);
        }
        fake_guest_call(&guest, FAKE_OP, 0);
        fake_pump(&s->fake);
        assert_true(fake_is_shut(&guest.socket));
        fake_guest_close(&guest);
        fake_pump(&s->fake);
    }
}

static void test_guest_bad_candidate(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guest;
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.candidate = 3;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    fake_guest_open(&s->fake, &guest);
    fake_guest_frame(&guest, &frame);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&guest.socket));
    fake_guest_close(&guest);
}

static void test_guest_unknown_ordinal_is_refused_with_101(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guest;
    Vgpu__Open open = VGPU__OPEN__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    open.ordinal = 1;
    frame.kind_case = VGPU__FRAME__KIND_OPEN;
    frame.open = &open;
    fake_guest_open(&s->fake, &guest);
    fake_guest_hello(&guest);
    fake_guest_frame(&guest, &frame);
    fake_pump(&s->fake);
    (void)fake_guest_expect(&guest, VGPU__FRAME__KIND_WELCOME);
    assert_int_equal(fake_guest_expect(&guest, VGPU__FRAME__KIND_REFUSE)->refuse->result, 101);
    fake_guest_close(&guest);
}

/* The guest shares the doorbell's flags: a broker that trusted them would wait in read(). */
static void test_guest_that_sets_its_bells_to_blocking_holds_up_nobody(void **state)
{
    struct stage *s = *state;

    assert_int_equal(vgpu_fd_set_nonblock(s->guest.doorbell, false), 0);
    ring(s);
    /* Taken back before the broker looks: then there is nothing to read. */
    {
        eventfd_t count;

        assert_int_equal(eventfd_read(s->guest.doorbell, &count), 0);
    }
    fake_pump(&s->fake);
    assert_int_equal(br_channel_answer_doorbell(&TAILQ_FIRST(&s->fake.broker->sessions)->channel),
                     -EAGAIN);
    assert_int_equal(vgpu_fd_set_nonblock(s->guest.interrupt, false), 0);
    for (int i = 0; i < 2000; i++) {
        br_channel_interrupt(&TAILQ_FIRST(&s->fake.broker->sessions)->channel);
    }
}

/* ---- workers ---------------------------------------------------------------- */

/* The worker was killed and its session ended with 719; the guest's socket stays. */
static void assert_killed(struct stage *s)
{
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->worker.socket));
    assert_int_equal(fake_guest_error(&s->guest), 719);
    assert_true(fake_guest_interrupted(&s->guest));
    assert_false(fake_is_shut(&s->guest.socket));
    assert_false(fake_guest_next(&s->guest));
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL)->worker_kill->worker, 1);
}

static void complete_length(struct stage *s, uint32_t op, uint32_t length, size_t len)
{
    uint8_t bytes[64] = {0};
    struct vgpu_record record = {.op = op, .length = length};

    memcpy(bytes, &record, sizeof(record));
    fake_complete(&s->worker, bytes, len);
}

static void worker_bytes(struct stage *s, const void *bytes, size_t len)
{
    assert_int_equal(write(s->worker.socket.fd, bytes, len), len);
}

#define WORKER_MISUSE(name, act)                                                                   \
    static void test_worker_##name(void **state)                                                   \
    {                                                                                              \
        struct stage *s = *state;                                                                  \
                                                                                                   \
        act;                                                                                       \
        assert_killed(s);                                                                          \
    }

WORKER_MISUSE(attached_twice, fake_attached(&s->worker, 0))
WORKER_MISUSE(empty_complete, fake_complete(&s->worker, "", 0))
WORKER_MISUSE(answer_of_length_zero, complete_length(s, FAKE_OP, 0, 64))
WORKER_MISUSE(answer_cut_short, complete_length(s, FAKE_OP, 128, 64))
WORKER_MISUSE(answer_with_a_rest, complete_length(s, FAKE_OP, 32, 40))
WORKER_MISUSE(answer_oversize, complete_length(s, FAKE_OP, VGPU_RECORD_BYTES_MAX + 8, 64))
WORKER_MISUSE(speaks_for_the_broker, complete_length(s, VGPU_OP_FRAME, 64, 64))
WORKER_MISUSE(fatal_that_is_not_sticky, fake_fatal(&s->worker, 2))
WORKER_MISUSE(fatal_with_success, fake_fatal(&s->worker, 0))
WORKER_MISUSE(oversize_frame, worker_bytes(s, "\1\0\1\0", 4))
WORKER_MISUSE(empty_frame, worker_bytes(s, "\0\0\0\0", 4))
WORKER_MISUSE(undecodable_frame, worker_bytes(s, "\2\0\0\0\xff\xff", 6))
/* Submit is what the broker sends. */
WORKER_MISUSE(frame_of_another_party, worker_bytes(s, "\3\0\0\0\xc2\1\0", 7))

static void send_descriptor(struct stage *s)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_int_equal(vgpu_fd_send(s->worker.socket.fd, "\3\0\0\0\xd2\1\0", 7, &fd, 1), 7);
    vgpu_fd_close(&fd);
}

WORKER_MISUSE(sends_descriptors, send_descriptor(s))

static void test_worker_spare_that_speaks_is_killed(void **state)
{
    struct stage *s = *state;
    struct fake_peer spare;

    fake_worker_ready(&s->fake, &s->gpu, &spare, 2);
    fake_wake(&spare);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&spare.socket));
    assert_int_equal(fake_expect(&s->gpu, VGPU__FRAME__KIND_WORKER_KILL)->worker_kill->worker, 2);
    assert_int_equal(fake_guest_error(&s->guest), 0);
    fake_peer_close(&spare);
}

static void test_worker_complete_before_attached_is_misuse(void **state)
{
    struct stage *s = *state;
    static struct fake_guest guest;
    struct fake_peer worker;
    uint8_t answer[64];

    fake_worker_ready(&s->fake, &s->gpu, &worker, 2);
    fake_guest_open(&s->fake, &guest);
    fake_guest_hello(&guest);
    fake_guest_ask(&guest, VGPU__FRAME__KIND_OPEN);
    fake_pump(&s->fake);
    fake_complete(&worker, answer, fake_answer(answer, 1, 0));
    fake_pump(&s->fake);
    assert_int_equal(fake_guest_error(&guest), 719);
    assert_true(fake_is_shut(&worker.socket));
    fake_guest_close(&guest);
    fake_peer_close(&worker);
}

/* ---- supervisors ------------------------------------------------------------ */

static void test_supervisor_misuse_ends_it_and_its_sessions(void **state)
{
    struct stage *s = *state;

    fake_worker_gone(&s->gpu, 77);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->gpu.socket));
    assert_int_equal(fake_guest_error(&s->guest), 719);
}

/* One is registered; those that say nothing take no more than twice the GPUs' places. */
static void test_supervisors_that_register_nothing_are_bounded(void **state)
{
    enum { PEERS = 2 * VGPU_DEVICES_MAX };
    struct stage *s = *state;
    struct vgpu_frame_socket peers[PEERS];
    unsigned int shut = 0;
    int theirs;

    for (unsigned int i = 0; i < PEERS; i++) {
        vgpu_frame_socket_init(&peers[i], fake_pair(&theirs));
        br_broker_add_supervisor(s->fake.broker, theirs);
    }
    fake_pump(&s->fake);
    for (unsigned int i = 0; i < PEERS; i++) {
        shut += fake_is_shut(&peers[i]);
        vgpu_frame_socket_fini(&peers[i]);
    }
    assert_int_equal(shut, 1);
    fake_pump(&s->fake);
    others_go_on(s);
}

static void test_supervisor_same_gpu_twice_is_refused(void **state)
{
    struct stage *s = *state;
    struct fake_peer second;

    fake_gpu_open(&s->fake, &second, 1);
    assert_true(fake_is_shut(&second.socket));
    assert_false(fake_is_shut(&s->gpu.socket));
    fake_peer_close(&second);
}

static void test_supervisor_worker_without_lock_is_refused(void **state)
{
    struct stage *s = *state;
    Vgpu__WorkerReady ready = VGPU__WORKER_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int theirs;
    int ours = fake_pair(&theirs);

    ready.worker = 5;
    ready.no_new_privs = true;
    ready.seccomp_mode = 0;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_READY;
    frame.worker_ready = &ready;
    assert_int_equal(vgpu_frame_socket_send(&s->gpu.socket, &frame, &theirs, 1), 0);
    fake_pump(&s->fake);
#if VGPU_SANDBOX
    assert_true(fake_is_shut(&s->gpu.socket));
#endif
    vgpu_fd_close(&theirs);
    vgpu_fd_close(&ours);
}

static void test_supervisor_worker_without_pipe_is_misuse(void **state)
{
    struct stage *s = *state;
    Vgpu__WorkerReady ready = VGPU__WORKER_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    ready.worker = 5;
    ready.no_new_privs = true;
    ready.seccomp_mode = 2;
    frame.kind_case = VGPU__FRAME__KIND_WORKER_READY;
    frame.worker_ready = &ready;
    fake_send(&s->gpu, &frame);
    fake_pump(&s->fake);
    assert_true(fake_is_shut(&s->gpu.socket));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_guest_record_length_zero),
        TEST(test_guest_record_length_below_header),
        TEST(test_guest_record_length_not_a_multiple_of_8),
        TEST(test_guest_record_length_over_the_maximum),
        TEST(test_guest_record_length_huge),
        TEST(test_guest_record_published_in_part),
        TEST(test_guest_second_hello),
        TEST(test_guest_second_open),
        TEST(test_guest_head_beyond_the_ring),
        TEST(test_guest_head_back),
        TEST(test_guest_head_all_ones),
        TEST(test_guest_empty_frame),
        TEST(test_guest_frame_longer_than_its_record),
        TEST(test_guest_frame_with_trailing_bytes),
        TEST(test_guest_frame_that_does_not_decode),
        TEST(test_guest_frame_of_another_party),
        TEST(test_guest_register_in_the_ring),
        TEST(test_guest_frame_on_the_socket),
        TEST(test_guest_oversize_on_the_socket),
        TEST(test_guest_completion_tail_beyond_head),
        TEST(test_guest_call_before_hello_and_before_open),
        TEST(test_guest_bad_candidate),
        TEST(test_guest_unknown_ordinal_is_refused_with_101),
        TEST(test_guest_that_sets_its_bells_to_blocking_holds_up_nobody),
        TEST(test_worker_attached_twice),
        TEST(test_worker_empty_complete),
        TEST(test_worker_answer_of_length_zero),
        TEST(test_worker_answer_cut_short),
        TEST(test_worker_answer_with_a_rest),
        TEST(test_worker_answer_oversize),
        TEST(test_worker_speaks_for_the_broker),
        TEST(test_worker_fatal_that_is_not_sticky),
        TEST(test_worker_fatal_with_success),
        TEST(test_worker_oversize_frame),
        TEST(test_worker_empty_frame),
        TEST(test_worker_undecodable_frame),
        TEST(test_worker_frame_of_another_party),
        TEST(test_worker_sends_descriptors),
        TEST(test_worker_spare_that_speaks_is_killed),
        TEST(test_worker_complete_before_attached_is_misuse),
        TEST(test_supervisor_misuse_ends_it_and_its_sessions),
        TEST(test_supervisors_that_register_nothing_are_bounded),
        TEST(test_supervisor_same_gpu_twice_is_refused),
        TEST(test_supervisor_worker_without_lock_is_refused),
        TEST(test_supervisor_worker_without_pipe_is_misuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
