/* SPDX-License-Identifier: Apache-2.0 */
/* Many questions about the QEMUs of this host cost few looks at its processes. */
#include "hostd/scan.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct hd_scan scan;
static char folder[64];
static char program[100];

/* A program that sleeps, with the name of a QEMU. */
static int setup(void **state)
{
    struct stat info;
    int from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
    int to;

    (void)state;
    memset(&scan, 0, sizeof(scan));
    (void)snprintf(folder, sizeof(folder), "/tmp/vgpu-scan-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(program, sizeof(program), "%s/qemu-system-x86_64", folder);
    to = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(from >= 0 && to >= 0);
    assert_int_equal(fstat(from, &info), 0);
    assert_int_equal(sendfile(to, from, NULL, (size_t)info.st_size), info.st_size);
    (void)close(from);
    (void)close(to);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(program);
    return rmdir(folder);
}

/* Its process; it is there when this returns: the pipe ends with exec. */
static pid_t start(void)
{
    int pipe_fds[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execl(program, "qemu-system-x86_64", "600", (char *)NULL);
        _exit(127);
    }
    (void)close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
    (void)close(pipe_fds[0]);
    return pid;
}

static void end(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int find(pid_t pid)
{
    for (size_t i = 0; i < scan.count; i++) {
        if (scan.qemus[i].pid == (uint32_t)pid) {
            return (int)i;
        }
    }
    return -1;
}

static void a_fresh_look_is_not_repeated(void **state)
{
    const uint64_t now = 100 * HD_SCAN_FRESH_NS;
    pid_t pid;

    (void)state;
    hd_scan_refresh(&scan, now);
    pid = start();
    for (uint64_t i = 0; i < 1000; i++) {
        hd_scan_refresh(&scan, now + i * (HD_SCAN_FRESH_NS / 1000));
        assert_int_equal(find(pid), -1);
    }
    assert_int_equal(scan.looked_ns, now);
    end(pid);
}

static void an_old_one_is(void **state)
{
    const uint64_t now = 100 * HD_SCAN_FRESH_NS;
    pid_t pid;
    int at;

    (void)state;
    hd_scan_refresh(&scan, now);
    pid = start();
    hd_scan_refresh(&scan, now + HD_SCAN_FRESH_NS);
    at = find(pid);
    assert_true(at >= 0);
    assert_string_equal(scan.words[at].vm, "");
    (void)snprintf(scan.words[at].vm, sizeof(scan.words[at].vm), "alpha");
    end(pid);
    hd_scan_refresh(&scan, now + 2 * HD_SCAN_FRESH_NS - 1);
    assert_int_equal(find(pid), at);
    hd_scan_refresh(&scan, now + 2 * HD_SCAN_FRESH_NS);
    assert_int_equal(find(pid), -1);
}

/* What was found of another process's identity is not said of a new one. */
static void identities_are_of_the_same_look(void **state)
{
    uint64_t now = 100 * HD_SCAN_FRESH_NS;
    pid_t pid = start();
    int at;

    (void)state;
    hd_scan_look(&scan, now);
    at = find(pid);
    assert_true(at >= 0);
    (void)snprintf(scan.words[at].vm, sizeof(scan.words[at].vm), "alpha");
    hd_scan_look(&scan, now + 1);
    at = find(pid);
    assert_true(at >= 0);
    assert_string_equal(scan.words[at].vm, "");
    end(pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fresh_look_is_not_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_one_is, setup, teardown),
        cmocka_unit_test_setup_teardown(identities_are_of_the_same_look, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
