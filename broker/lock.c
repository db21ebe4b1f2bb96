/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Rings and sockets, the loop, memory, logging, the end; fstatfs and timerfd_gettime look at what a
 * machine sent.  Names, so that a list reads as one. */
static const char *const allowed[] = {
    "accept4",      "brk",
    "clock_getres", "clock_gettime",
    "close",        "epoll_ctl",
    "epoll_pwait",  "epoll_pwait2",
    "epoll_wait",   "eventfd2",
    "exit",         "exit_group",
    "ftruncate",    "fstat",
    "fstatfs",      "futex",
    "getrandom",    "getpid",
    "gettid",       "gettimeofday",
    "madvise",      "memfd_create",
    "munmap",       "pipe2",
    "poll",         "ppoll",
    "preadv2",      "read",
    "recvmsg",      "restart_syscall",
    "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "sendmsg",
    "shutdown",     "timerfd_gettime",
    "wait4",        "write",
    "writev",
};

/* A call with one argument held to a value, or to the bits of a mask. */
struct rule {
    const char *name;
    unsigned int argument;
    enum scmp_compare compare;
    scmp_datum_t mask; /* the value itself unless compare is MASKED_EQ */
    scmp_datum_t value;
};

static const struct rule rules[] = {
    /* Emptying a machine's memory. */
    {"fallocate", 1, SCMP_CMP_EQ, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_ADD_SEALS, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_GET_SEALS, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_GETFD, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_SETFD, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_GETFL, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_SETFL, 0},
    {"fcntl", 1, SCMP_CMP_EQ, F_SETPIPE_SZ, 0},
    {"getsockopt", 1, SCMP_CMP_EQ, SOL_SOCKET, 0},
    {"ioctl", 1, SCMP_CMP_EQ, FIONBIO, 0},
    {"ioctl", 1, SCMP_CMP_EQ, FIOCLEX, 0},
    {"mmap", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
    {"mprotect", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
    {"mremap", 3, SCMP_CMP_MASKED_EQ, MREMAP_FIXED, 0},
    /* The journal's socket is connected: no address. */
    {"sendto", 4, SCMP_CMP_EQ, 0, 0},
};

/* For the metrics' connections: reading them, and what the library sets on TCP ones. */
static const struct rule metrics_rules[] = {
    {"recvfrom", 4, SCMP_CMP_EQ, 0, 0},
    {"setsockopt", 1, SCMP_CMP_EQ, IPPROTO_TCP, 0},
};

static int add_equal(scmp_filter_ctx filter, int number, unsigned int argument, scmp_datum_t value)
{
    const struct scmp_arg_cmp compare = {
        .arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

static int add_name(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    /* Not on this machine (epoll_wait on arm64): nothing calls it. */
    return number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
    const struct scmp_arg_cmp compare = {
        .arg = rule->argument, .op = rule->compare, .datum_a = rule->mask, .datum_b = rule->value};
    int number = seccomp_syscall_resolve_name(rule->name);

    return number < 0 ? 0 : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

/* An assertion that fails ends in abort(): its signal may reach ourselves, nobody else. */
static int add_signals(scmp_filter_ctx filter, pid_t child)
{
    int rc = add_equal(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid());

    if (rc == 0 && child > 0) {
        rc = add_equal(filter, SCMP_SYS(kill), 0, (scmp_datum_t)child);
    }
    return rc;
}

/* Copies pointers and paths to pages that nobody writes any more. */
static int seal_paths(struct br_lock *lock, const char *const *paths, size_t count)
{
    size_t bytes = count * sizeof(*paths);
    const char **copies;
    char *at;

    if (count == 0) {
        return 0; /* every socket is the service manager's */
    }
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(paths[i]) + 1;
    }
    copies = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copies == MAP_FAILED) {
        return -errno;
    }
    at = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        copies[i] = at;
        at = stpcpy(at, paths[i]) + 1;
    }
    lock->paths = copies;
    lock->path_count = count;
    return mprotect(copies, bytes, PROT_READ) == 0 ? 0 : -errno;
}

static int add_unlinks(struct br_lock *lock)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < lock->path_count; i++) {
        rc = add_equal(lock->filter, SCMP_SYS(unlink), 0, (scmp_datum_t)(uintptr_t)lock->paths[i]);
    }
    return rc;
}

int br_lock_init(struct br_lock *lock, const char *const *paths, size_t path_count, pid_t child)
{
    int rc = seal_paths(lock, paths, path_count);

    lock->filter = rc == 0 ? seccomp_init(SCMP_ACT_KILL_PROCESS) : NULL;
    if (lock->filter == NULL) {
        return rc < 0 ? rc : -ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        rc = add_name(lock->filter, allowed[i]);
    }
    for (size_t i = 0; rc == 0 && i < sizeof(rules) / sizeof(rules[0]); i++) {
        rc = add_rule(lock->filter, &rules[i]);
    }
    for (size_t i = 0;
         rc == 0 && lock->serves_metrics && i < sizeof(metrics_rules) / sizeof(metrics_rules[0]);
         i++) {
        rc = add_rule(lock->filter, &metrics_rules[i]);
    }
    if (rc == 0) {
        rc = add_signals(lock->filter, child);
    }
    if (rc == 0) {
        rc = add_unlinks(lock);
    }
    if (rc < 0) {
        seccomp_release(lock->filter);
        lock->filter = NULL;
    }
    return rc;
}

int br_lock_enter(struct br_lock *lock)
{
    int rc = seccomp_load(lock->filter);

    seccomp_release(lock->filter);
    lock->filter = NULL;
    return rc;
}
