/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"

static uv_loop_t loop;
#define ANY_GROUP ((gid_t)-1)

static struct br_listener listener;
static char folder[] = "/tmp/vgpu-listener-XXXXXX";
static char path[64];
static int accepted;
static pid_t peer_pid;
static uid_t peer_uid;

static void on_connect(struct br_listener *which, int fd, pid_t pid, uid_t uid)
{
    (void)which;
    accepted++;
    peer_pid = pid;
    peer_uid = uid;
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    vgpu_fd_close(&fd);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/vgpu-listener-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/s", folder);
    accepted = 0;
    memset(&listener, 0, sizeof(listener));
    listener.on_connect = on_connect;
    return uv_loop_init(&loop);
}

static int teardown(void **state)
{
    (void)state;
    br_listener_close(&listener);
    uv_run(&loop, UV_RUN_DEFAULT);
    unlink(path);
    rmdir(folder);
    return uv_loop_close(&loop);
}

static int connect_to(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void test_connection_is_handed_over_with_credentials(void **state)
{
    struct stat info;
    int fd;

    (void)state;
    assert_int_equal(br_listener_open(&listener, &loop, path, 0640, ANY_GROUP), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    fd = connect_to();
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(accepted, 1);
    assert_int_equal(peer_pid, getpid());
    assert_int_equal(peer_uid, geteuid());
    vgpu_fd_close(&fd);
}

static void test_stale_socket_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(br_listener_open(&listener, &loop, path, 0600, ANY_GROUP), 0);
    br_listener_close(&listener);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(br_listener_open(&listener, &loop, path, 0600, ANY_GROUP), 0);
    br_listener_remove(path);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_live_socket_is_left_alone(void **state)
{
    struct br_listener second = {.on_connect = on_connect};

    (void)state;
    assert_int_equal(br_listener_open(&listener, &loop, path, 0600, ANY_GROUP), 0);
    assert_int_equal(br_listener_open(&second, &loop, path, 0600, ANY_GROUP), -EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_file_that_is_no_socket_is_left_alone(void **state)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    vgpu_fd_close(&fd);
    assert_int_equal(br_listener_open(&listener, &loop, path, 0600, ANY_GROUP), -EEXIST);
    assert_int_equal(access(path, F_OK), 0);
}

static void test_bad_paths_are_refused(void **state)
{
    char longer[200];

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(br_listener_open(&listener, &loop, longer, 0600, ANY_GROUP), -ENAMETOOLONG);
    assert_int_equal(br_listener_open(&listener, &loop, "/nowhere/s", 0600, ANY_GROUP), -ENOENT);
}

static void test_close_hands_out_what_waits(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(br_listener_open(&listener, &loop, path, 0600, ANY_GROUP), 0);
    fd = connect_to();
    br_listener_close(&listener);
    assert_int_equal(accepted, 1);
    vgpu_fd_close(&fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_connection_is_handed_over_with_credentials),
        TEST(test_stale_socket_is_replaced),
        TEST(test_live_socket_is_left_alone),
        TEST(test_file_that_is_no_socket_is_left_alone),
        TEST(test_bad_paths_are_refused),
        TEST(test_close_hands_out_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
