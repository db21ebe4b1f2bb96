/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Descriptors open in this process, the listing's own included. */
static int count_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count;
}

/* Every test must leave as many descriptors as it found. */
static int open_before;

static int note_open(void **state)
{
    (void)state;
    open_before = count_open();
    return 0;
}

static int check_open(void **state)
{
    (void)state;
    return count_open() == open_before ? 0 : -1;
}

static void make_pair(int type, int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
}

static void test_close_sets_minus_one_and_keeps_errno(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    errno = ENOTTY;
    vgpu_fd_close(&fd);
    assert_int_equal(fd, -1);
    vgpu_fd_close(&fd);
    assert_int_equal(errno, ENOTTY);
}

static void test_flags_are_set_and_cleared(void **state)
{
    int fd = open("/dev/null", O_RDONLY);

    (void)state;
    assert_int_equal(vgpu_fd_set_cloexec(fd, true), 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(vgpu_fd_set_cloexec(fd, false), 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    assert_int_equal(vgpu_fd_set_nonblock(fd, true), 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    assert_int_equal(vgpu_fd_set_nonblock(fd, false), 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    vgpu_fd_close(&fd);
    assert_int_equal(vgpu_fd_set_cloexec(-1, true), -EBADF);
    assert_int_equal(vgpu_fd_set_nonblock(-1, true), -EBADF);
}

static void test_bytes_and_descriptors_arrive_in_order(void **state)
{
    char got[8];
    int pipe_fds[2];
    int received[2] = {-1, -1};
    size_t count = 9;
    int pair[2];

    (void)state;
    make_pair(SOCK_STREAM, pair);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(vgpu_fd_send(pair[0], "hello", 5, pipe_fds, 2), 5);
    assert_int_equal(vgpu_fd_recv(pair[1], got, sizeof(got), received, 2, &count), 5);
    assert_int_equal(count, 2);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(fcntl(received[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(received[1], "x", 1), 1);
    assert_int_equal(read(received[0], got, 1), 1);
    assert_int_equal(got[0], 'x');
    vgpu_fd_close_many(received, 2);
    vgpu_fd_close_many(pipe_fds, 2);
    vgpu_fd_close_many(pair, 2);
}

static void test_more_descriptors_than_wanted_are_closed(void **state)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int many[VGPU_FD_MAX];
    int received[1] = {-1};
    size_t count = 9;
    char byte;
    int pair[2];

    (void)state;
    for (size_t i = 0; i < VGPU_FD_MAX; i++) {
        many[i] = null_fd;
    }
    make_pair(SOCK_STREAM, pair);
    assert_int_equal(vgpu_fd_send(pair[0], "a", 1, many, VGPU_FD_MAX), 1);
    assert_int_equal(vgpu_fd_recv(pair[1], &byte, 1, received, 1, &count), -EPROTO);
    assert_int_equal(count, 0);
    assert_int_equal(received[0], -1);
    assert_int_equal(vgpu_fd_send(pair[0], "b", 1, many, 1), 1);
    assert_int_equal(vgpu_fd_recv(pair[1], &byte, 1, NULL, 0, &count), -EPROTO);
    vgpu_fd_close(&null_fd);
    vgpu_fd_close_many(pair, 2);
}

/* Sends more descriptors than vgpu_fd_send() would, as a hostile peer may. */
static void send_too_many(int sock, int fd)
{
    enum { HOSTILE = VGPU_FD_MAX + 8 };
    char control[CMSG_SPACE(sizeof(int) * HOSTILE)];
    int fds[HOSTILE];
    struct iovec part = {.iov_base = control, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *head;

    for (size_t i = 0; i < HOSTILE; i++) {
        fds[i] = fd;
    }
    memset(control, 0, sizeof(control));
    msg.msg_control = control;
    msg.msg_controllen = sizeof(control);
    head = CMSG_FIRSTHDR(&msg);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(head), fds, sizeof(fds));
    assert_int_equal(sendmsg(sock, &msg, 0), 1);
}

static void test_descriptor_flood_is_refused(void **state)
{
    int received[VGPU_FD_MAX];
    size_t count = 9;
    char byte;
    int pair[2];

    (void)state;
    make_pair(SOCK_STREAM, pair);
    send_too_many(pair[0], pair[0]);
    assert_int_equal(vgpu_fd_recv(pair[1], &byte, 1, received, VGPU_FD_MAX, &count), -EPROTO);
    assert_int_equal(count, 0);
    vgpu_fd_close_many(pair, 2);
}

static void test_cut_datagram_closes_its_descriptors(void **state)
{
    int received[VGPU_FD_MAX];
    size_t count = 9;
    char byte;
    int pair[2];

    (void)state;
    make_pair(SOCK_SEQPACKET, pair);
    assert_int_equal(vgpu_fd_send(pair[0], "long", 4, pair, 2), 4);
    assert_int_equal(vgpu_fd_recv(pair[1], &byte, 1, received, VGPU_FD_MAX, &count), -EPROTO);
    assert_int_equal(count, 0);
    vgpu_fd_close_many(pair, 2);
}

static void test_end_and_errors_are_told_apart(void **state)
{
    size_t count = 9;
    char byte = 0;
    int pair[2];

    (void)state;
    make_pair(SOCK_STREAM, pair);
    assert_int_equal(vgpu_fd_set_nonblock(pair[0], true), 0);
    assert_int_equal(vgpu_fd_recv(pair[0], &byte, 1, NULL, 0, &count), -EAGAIN);
    assert_int_equal(vgpu_fd_send(pair[0], &byte, 0, NULL, 0), -EINVAL);
    assert_int_equal(vgpu_fd_send(pair[0], &byte, 1, pair, VGPU_FD_MAX + 1), -EINVAL);
    assert_int_equal(vgpu_fd_recv(pair[0], &byte, 0, NULL, 0, &count), -EINVAL);
    vgpu_fd_close(&pair[1]);
    assert_int_equal(vgpu_fd_recv(pair[0], &byte, 1, NULL, 0, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(vgpu_fd_send(pair[0], &byte, 1, NULL, 0), -EPIPE);
    vgpu_fd_close(&pair[0]);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* Runs in a child: exit status 0 if exactly the kept descriptors survive. */
static int close_and_look(const int *fds, size_t count)
{
    int keep[] = {fds[2], -1, fds[0], STDERR_FILENO, fds[2]};

    if (vgpu_fd_close_all_except(keep, sizeof(keep) / sizeof(keep[0])) != 0) {
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_open(fds[i]) != (i == 0 || i == 2)) {
            return 3;
        }
    }
    return is_open(STDERR_FILENO) && !is_open(STDIN_FILENO) ? 0 : 4;
}

static void test_close_all_except_keeps_the_named(void **state)
{
    int fds[4];
    int status = -1;
    pid_t child;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 20 + (int)i * 3);
        assert_true(fds[i] >= 0);
    }
    child = fork();
    if (child == 0) {
        _exit(close_and_look(fds, 4));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(vgpu_fd_close_all_except(fds, VGPU_FD_MAX + 1), -EINVAL);
    vgpu_fd_close_many(fds, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_sets_minus_one_and_keeps_errno),
        cmocka_unit_test_setup_teardown(test_flags_are_set_and_cleared, note_open, check_open),
        cmocka_unit_test_setup_teardown(test_bytes_and_descriptors_arrive_in_order, note_open,
                                        check_open),
        cmocka_unit_test_setup_teardown(test_more_descriptors_than_wanted_are_closed, note_open,
                                        check_open),
        cmocka_unit_test_setup_teardown(test_descriptor_flood_is_refused, note_open, check_open),
        cmocka_unit_test_setup_teardown(test_cut_datagram_closes_its_descriptors, note_open,
                                        check_open),
        cmocka_unit_test_setup_teardown(test_end_and_errors_are_told_apart, note_open, check_open),
        cmocka_unit_test_setup_teardown(test_close_all_except_keeps_the_named, note_open,
                                        check_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
