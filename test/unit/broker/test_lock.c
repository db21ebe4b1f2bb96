/* SPDX-License-Identifier: Apache-2.0 */
/* Children lock themselves with the broker's real filter and try one thing each. */
#include "broker/lock.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/adopt.h"
#include "broker/channel.h"

#define PATHS 2

static const char *const paths[PATHS] = {"/tmp/vgpu-lock-a", "/tmp/vgpu-lock-b"};
static struct br_lock lock;
static int pair[2];

#define TRY(name, act)                                                                             \
    static void name(void)                                                                         \
    {                                                                                              \
        act;                                                                                       \
    }

TRY(try_openat, (void)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY))
TRY(try_open, (void)syscall(SYS_open, "/etc/passwd", O_RDONLY))
TRY(try_socket, (void)socket(AF_UNIX, SOCK_STREAM, 0))
TRY(try_socketpair, (void)socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
TRY(try_connect, (void)connect(pair[0], (struct sockaddr *)&lock, sizeof(struct sockaddr_un)))
TRY(try_bind, (void)bind(pair[0], (struct sockaddr *)&lock, sizeof(struct sockaddr_un)))
TRY(try_listen, (void)listen(pair[0], 1))
TRY(try_execve, (void)execl("/bin/true", "true", (char *)NULL))
TRY(try_fork, (void)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
TRY(try_vfork, (void)syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0))
TRY(try_clone3, (void)syscall(SYS_clone3, NULL, 0))
TRY(try_kill_other, (void)kill(getppid(), 0))
TRY(try_ptrace, (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL))
TRY(try_setuid, (void)syscall(SYS_setuid, 0))
TRY(try_prctl, (void)prctl(PR_SET_DUMPABLE, 1))
TRY(try_exec_memory,
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
TRY(try_mprotect_exec, (void)mprotect(&pair, 4096, PROT_EXEC))
TRY(try_fallocate, (void)fallocate(pair[0], 0, 0, 4096))
TRY(try_collapse, (void)fallocate(pair[0], FALLOC_FL_COLLAPSE_RANGE, 0, 4096))
TRY(try_dupfd, (void)fcntl(pair[0], F_DUPFD, 0))
TRY(try_ioctl, (void)syscall(SYS_ioctl, pair[0], 0x5401, NULL))
TRY(try_unlink_other, (void)unlink("/tmp/vgpu-lock-c"))
TRY(try_sendto_address, (void)sendto(pair[0], "x", 1, 0, (struct sockaddr *)&lock, 16))
TRY(try_seccomp, (void)syscall(SYS_seccomp, 0, 0, NULL))
TRY(try_process_vm, (void)syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0))

static const struct {
    const char *name;
    void (*act)(void);
} forbidden[] = {
    {"openat", try_openat},
    {"open", try_open},
    {"socket", try_socket},
    {"socketpair", try_socketpair},
    {"connect", try_connect},
    {"bind", try_bind},
    {"listen", try_listen},
    {"execve", try_execve},
    {"fork", try_fork},
    {"vfork", try_vfork},
    {"clone3", try_clone3},
    {"kill of another process", try_kill_other},
    {"ptrace", try_ptrace},
    {"setuid", try_setuid},
    {"prctl", try_prctl},
    {"mmap of executable memory", try_exec_memory},
    {"mprotect to executable", try_mprotect_exec},
    {"fallocate that takes memory", try_fallocate},
    {"fallocate that moves data", try_collapse},
    {"fcntl F_DUPFD", try_dupfd},
    {"ioctl TCGETS", try_ioctl},
    {"unlink of another file", try_unlink_other},
    {"sendto with an address", try_sendto_address},
    {"seccomp", try_seccomp},
    {"process_vm_readv", try_process_vm},
};

/* Runs `act` in a locked child; returns wait's status. */
static int in_locked_child(void (*act)(void))
{
    pid_t child;
    int status;

    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        /* No core file for an end that is expected. */
        (void)prctl(PR_SET_DUMPABLE, 0);
        if (br_lock_init(&lock, paths, PATHS, 0) != 0 || br_lock_enter(&lock) != 0) {
            _exit(99);
        }
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_forbidden_calls_end_the_process(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        int status = in_locked_child(forbidden[i].act);

        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("%s: status %#x", forbidden[i].name, (unsigned int)status);
        }
    }
    close(pair[0]);
    close(pair[1]);
}

/* What a running broker does, the loop aside. */
static void work(void)
{
    struct br_channel channel;
    void *big = malloc(8 << 20);

    memset(big, 1, 8 << 20);
    free(big);
    if (br_channel_make(&channel, VGPU_CHANNEL_BYTES_MIN) != 0) {
        _exit(1);
    }
    br_channel_begin(&channel, 1);
    br_channel_interrupt(&channel);
    (void)br_channel_answer_doorbell(&channel);
    br_channel_fail(&channel, 719);
    br_channel_fini(&channel);
    if (unlink(lock.paths[0]) != 0) {
        _exit(2);
    }
}

static void test_work_goes_on_under_the_filter(void **state)
{
    int fd = open(paths[0], O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(in_locked_child(work), 0);
    assert_int_equal(access(paths[0], F_OK), -1);
}

/* What a machine's channel needs besides. */
static void adopt_and_empty(void)
{
    struct br_channel made;
    struct br_channel channel;
    struct br_eventfd_mark mark;
    const char *wrong;

    if (br_adopt_init(&mark) != 0 || br_channel_make(&made, VGPU_CHANNEL_BYTES_MIN) != 0 ||
        br_adopt(&channel, &mark, made.memfd, made.doorbell, made.bytes, &wrong) != 0) {
        _exit(1);
    }
    br_channel_begin(&channel, 1);
    if (fallocate(channel.memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) != 0 ||
        *(uint32_t *)channel.base != 0) {
        _exit(2);
    }
    br_channel_fini(&channel);
}

static void test_machines_are_served_under_the_filter(void **state)
{
    (void)state;
    assert_int_equal(in_locked_child(adopt_and_empty), 0);
}

#define MANY 258

static void remove_many(void)
{
    static char names[MANY][40];
    const char *many[MANY];
    struct br_lock full;

    for (int i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "/tmp/vgpu-lock-%d-%d", (int)getppid(), i);
        many[i] = names[i];
        close(open(names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    if (br_lock_init(&full, many, MANY, 0) != 0 || br_lock_enter(&full) != 0) {
        _exit(1);
    }
    for (size_t i = 0; i < full.path_count; i++) {
        if (unlink(full.paths[i]) != 0) {
            _exit(2);
        }
    }
    _exit(full.path_count == MANY ? 0 : 3);
}

static void test_many_sockets_can_be_removed(void **state)
{
    pid_t child;
    int status;

    (void)state;
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        remove_many();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_no_new_privs_is_set(void **state)
{
    pid_t child;
    char line[128];
    char name[64];
    bool privs = false;
    bool filter = false;
    FILE *status;
    int go[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go), 0);
    child = fork();
    if (child == 0) {
        char byte = 0;

        if (br_lock_init(&lock, paths, PATHS, 0) != 0 || br_lock_enter(&lock) != 0) {
            _exit(99);
        }
        (void)!write(go[1], "x", 1);
        (void)!read(go[1], &byte, 1);
        _exit(0);
    }
    assert_int_equal(read(go[0], line, 1), 1);
    snprintf(name, sizeof(name), "/proc/%d/status", (int)child);
    status = fopen(name, "re");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status) != NULL) {
        privs = privs || strcmp(line, "NoNewPrivs:\t1\n") == 0;
        filter = filter || strcmp(line, "Seccomp:\t2\n") == 0;
    }
    fclose(status);
    assert_int_equal(write(go[0], "x", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(privs && filter);
    close(go[0]);
    close(go[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden_calls_end_the_process),
        cmocka_unit_test(test_work_goes_on_under_the_filter),
        cmocka_unit_test(test_machines_are_served_under_the_filter),
        cmocka_unit_test(test_many_sockets_can_be_removed),
        cmocka_unit_test(test_no_new_privs_is_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
