/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"

struct pair {
    struct vgpu_frame_socket a;
    struct vgpu_frame_socket b;
    int next_fd; /* lowest free descriptor before the test */
};

static int lowest_fd(void)
{
    int fd = dup(0);

    (void)close(fd);
    return fd;
}

static int set_up(void **state)
{
    static struct pair pair;
    int fds[2];

    pair.next_fd = lowest_fd();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return -1;
    }
    vgpu_frame_socket_init(&pair.a, fds[0]);
    vgpu_frame_socket_init(&pair.b, fds[1]);
    *state = &pair;
    return 0;
}

/* Nothing may be left open. */
static int tear_down(void **state)
{
    struct pair *pair = *state;

    vgpu_frame_socket_fini(&pair->a);
    vgpu_frame_socket_fini(&pair->b);
    return lowest_fd() == pair->next_fd ? 0 : -1;
}

static int send_close(struct vgpu_frame_socket *socket, const int *fds, unsigned int count)
{
    Vgpu__Close close_message = VGPU__CLOSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    frame.kind_case = VGPU__FRAME__KIND_CLOSE;
    frame.close = &close_message;
    return vgpu_frame_socket_send(socket, &frame, fds, count);
}

static void test_send_with_descriptors_delivers_them_in_order(void **state)
{
    struct pair *pair = *state;
    Vgpu__Frame *frame;
    int pipes[2];
    int got[2];
    char byte = 0;

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(send_close(&pair->a, pipes, 2), 0);
    assert_int_equal(vgpu_frame_socket_receive(&pair->b, &frame), 0);
    assert_int_equal(frame->kind_case, VGPU__FRAME__KIND_CLOSE);
    got[0] = vgpu_frame_socket_take_fd(&pair->b);
    got[1] = vgpu_frame_socket_take_fd(&pair->b);
    assert_int_equal(vgpu_frame_socket_take_fd(&pair->b), -1);
    assert_true((fcntl(got[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(write(got[1], "x", 1), 1);
    assert_int_equal(read(got[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    vgpu_fd_close_many(pipes, 2);
    vgpu_fd_close_many(got, 2);
}

static void test_fill_too_many_descriptors_closes_all(void **state)
{
    struct pair *pair = *state;
    const int fds[] = {0, 0, 0, 0};

    assert_int_equal(send_close(&pair->a, fds, 4), 0);
    assert_int_equal(vgpu_frame_socket_fill(&pair->b, 0), -EPROTO);
    assert_int_equal(vgpu_frame_socket_take_fd(&pair->b), -1);
}

static void test_fill_truncated_descriptors_closes_all(void **state)
{
    struct pair *pair = *state;
    const int fds[] = {0, 0, 0, 0, 0, 0, 0, 0};

    assert_int_equal(send_close(&pair->a, fds, 8), 0);
    assert_int_equal(vgpu_frame_socket_fill(&pair->b, 0), -EPROTO);
    assert_int_equal(vgpu_frame_socket_take_fd(&pair->b), -1);
}

static void test_fill_descriptors_of_many_frames_are_bounded(void **state)
{
    struct pair *pair = *state;
    const int fds[] = {0, 0};

    assert_int_equal(send_close(&pair->a, fds, 2), 0);
    assert_true(vgpu_frame_socket_fill(&pair->b, 0) > 0);
    assert_int_equal(send_close(&pair->a, fds, 2), 0);
    assert_int_equal(vgpu_frame_socket_fill(&pair->b, 0), -EPROTO);
    assert_int_equal(vgpu_frame_socket_take_fd(&pair->b), -1);
}

static void test_fini_closes_descriptors_that_nobody_took(void **state)
{
    struct pair *pair = *state;
    const int fds[] = {0, 0, 0};

    assert_int_equal(send_close(&pair->a, fds, 3), 0);
    assert_true(vgpu_frame_socket_fill(&pair->b, 0) > 0);
    /* tear_down sees a leak. */
}

static void test_next_garbage_closes_queued_descriptors(void **state)
{
    struct pair *pair = *state;
    const uint8_t garbage[] = {2, 0, 0, 0, 0xff, 0xff};
    const int fd = 0;
    Vgpu__Frame *frame;

    assert_int_equal(vgpu_fd_send(pair->a.fd, garbage, sizeof(garbage), &fd, 1), sizeof(garbage));
    assert_int_equal(vgpu_frame_socket_receive(&pair->b, &frame), -EPROTO);
    assert_int_equal(vgpu_frame_socket_take_fd(&pair->b), -1);
}

static void test_fill_without_data_says_again(void **state)
{
    struct pair *pair = *state;

    assert_int_equal(vgpu_frame_socket_fill(&pair->b, MSG_DONTWAIT), -EAGAIN);
}

static void test_receive_after_peer_left_says_reset(void **state)
{
    struct pair *pair = *state;
    Vgpu__Frame *frame;

    assert_int_equal(send_close(&pair->a, NULL, 0), 0);
    vgpu_fd_close(&pair->a.fd);
    assert_int_equal(vgpu_frame_socket_receive(&pair->b, &frame), 0);
    assert_int_equal(vgpu_frame_socket_receive(&pair->b, &frame), -ECONNRESET);
    assert_int_equal(send_close(&pair->b, NULL, 0), -EPIPE);
}

#define BULK_FRAMES 200

static void *send_bulk(void *arg)
{
    static uint8_t records[VGPU_BATCH_BYTES_MAX];
    struct vgpu_frame_socket *socket = arg;
    Vgpu__Submit submit = VGPU__SUBMIT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    uintptr_t failed = 0;

    frame.kind_case = VGPU__FRAME__KIND_SUBMIT;
    frame.submit = &submit;
    for (size_t i = 0; i < BULK_FRAMES; i++) {
        submit.records = (ProtobufCBinaryData){i * 7919 % VGPU_BATCH_BYTES_MAX, records};
        failed += vgpu_frame_socket_send(socket, &frame, NULL, 0) != 0;
    }
    return (void *)failed; /* NOLINT(performance-no-int-to-ptr) */
}

/* The sender's socket does not block, so that it meets a full buffer. */
static void test_send_to_a_slow_reader_delivers_all(void **state)
{
    struct pair *pair = *state;
    pthread_t thread;
    Vgpu__Frame *frame;
    void *failed;

    assert_int_equal(vgpu_fd_set_nonblock(pair->a.fd, true), 0);
    assert_int_equal(pthread_create(&thread, NULL, send_bulk, &pair->a), 0);
    for (size_t i = 0; i < BULK_FRAMES; i++) {
        assert_int_equal(vgpu_frame_socket_receive(&pair->b, &frame), 0);
        assert_int_equal(frame->submit->records.len, i * 7919 % VGPU_BATCH_BYTES_MAX);
    }
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
}

#define SOCKET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SOCKET_TEST(test_send_with_descriptors_delivers_them_in_order),
        SOCKET_TEST(test_fill_too_many_descriptors_closes_all),
        SOCKET_TEST(test_fill_truncated_descriptors_closes_all),
        SOCKET_TEST(test_fill_descriptors_of_many_frames_are_bounded),
        SOCKET_TEST(test_fini_closes_descriptors_that_nobody_took),
        SOCKET_TEST(test_next_garbage_closes_queued_descriptors),
        SOCKET_TEST(test_fill_without_data_says_again),
        SOCKET_TEST(test_receive_after_peer_left_says_reset),
        SOCKET_TEST(test_send_to_a_slow_reader_delivers_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
