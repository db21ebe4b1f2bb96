/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/sandbox/landlock.h"

/* 0 or the errno of an open. */
static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno;
    }
    (void)close(fd);
    return 0;
}

static int try_comm(void)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", syscall(SYS_gettid));
    return try_open(path, O_WRONLY | O_TRUNC);
}

static void *comm_of_thread(void *result)
{
    *(int *)result = try_comm();
    return NULL;
}

static int bind_abstract(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "vgpu-test-%d", getpid());
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0
               ? 0
               : errno;
}

/* What a driver needs works, in threads made later too; the rest of the tree is shut.  The line
 * that is wrong, or 0. */
static int restricted(void)
{
    uint32_t abi = 0;
    int thread_rc = -1;
    pthread_t thread;

    if (ex_landlock_restrict(NULL, &abi) != 0 || abi != ex_landlock_abi()) {
        return __LINE__;
    }
    if (try_comm() != 0 || bind_abstract() != 0 || try_open("/proc/self/maps", O_RDONLY) != 0 ||
        try_open("/dev/null", O_RDWR) != 0 || try_open("/usr", O_RDONLY | O_DIRECTORY) != 0) {
        return __LINE__;
    }
    if (pthread_create(&thread, NULL, comm_of_thread, &thread_rc) != 0 ||
        pthread_join(thread, NULL) != 0 || thread_rc != 0) {
        return __LINE__;
    }
    if (try_open("/etc/passwd", O_RDONLY) != EACCES || try_open("/tmp", O_RDONLY) != EACCES ||
        try_open("/tmp/vgpu-landlock-test", O_CREAT | O_WRONLY) != EACCES ||
        try_open("/proc/1/status", O_RDONLY) != EACCES ||
        try_open("/usr/vgpu-landlock-test", O_CREAT | O_WRONLY) != EACCES) {
        return __LINE__;
    }
    return 0;
}

static int in_child(int (*fn)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        int line = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? fn() : 1;

        _exit(line > 255 ? 255 : line);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_restrict_leaves_what_a_driver_needs(void **state)
{
    (void)state;
    assert_int_equal(in_child(restricted), 0);
}

static int driver_folder(void)
{
    uint32_t abi = 0;

    return ex_landlock_restrict("/etc/passwd", &abi) == 0 &&
                   try_open("/etc/group", O_RDONLY) == 0 &&
                   try_open("/etc/group", O_WRONLY) == EACCES
               ? 0
               : 1;
}

static void test_folder_of_the_driver_is_readable(void **state)
{
    (void)state;
    assert_int_equal(in_child(driver_folder), 0);
}

static int nothing_is_done(void)
{
    uint32_t abi = 1;

    return ex_landlock_restrict(NULL, &abi) == 0 && abi == 0 &&
                   try_open("/etc/passwd", O_RDONLY) == 0
               ? 0
               : 1;
}

static void test_without_it_nothing_is_done(void **state)
{
    (void)state;
    assert_int_equal(in_child(nothing_is_done), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restrict_leaves_what_a_driver_needs),
        cmocka_unit_test(test_folder_of_the_driver_is_readable),
    };
    const struct CMUnitTest without[] = {cmocka_unit_test(test_without_it_nothing_is_done)};

    if (ex_landlock_abi() == 0) {
        int failed = cmocka_run_group_tests(without, NULL, NULL);

        (void)fputs("skipped: this kernel has no Landlock\n", stderr);
        return failed != 0 ? failed : 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
