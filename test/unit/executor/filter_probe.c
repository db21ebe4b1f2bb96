/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What "allowed" looks like under the second filter: a tracee without tracer. */
#define STOPPED ENOSYS

static int load_stopper(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* The stopper goes first: a locked policy does not let another filter be loaded, and order does not
 * matter to the kernel. But it stops the policy's own loading, so that must come before: the
 * policy is loaded in a copy that also allows seccomp. */
static int load_both(const struct ex_policy *policy)
{
    static const struct ex_rule extra = EX_ALLOW("seccomp", "to load the stopper");
    struct ex_rule *rules = calloc(policy->count + 1, sizeof(*rules));
    struct ex_policy copy = *policy;
    int rc;

    if (rules == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < policy->count; i++) {
        rules[i] = policy->rules[i];
    }
    copy.rules = rules;
    if (policy->default_kill) {
        rules[copy.count++] = extra;
    }
    rc = ex_filter_load(&copy, false, NULL);
    return rc == 0 ? load_stopper() : rc;
}

static _Noreturn void be_probed(const struct ex_policy *policy, long nr,
                                const unsigned long args[6])
{
    static const unsigned long none[6];
    const unsigned long *a = args != NULL ? args : none;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || load_both(policy) != 0) {
        _exit(255);
    }
    long got = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

    syscall(SYS_exit_group, got == -1 ? errno : 254);
    __builtin_unreachable();
}

int filter_probe(const struct ex_policy *policy, long nr, const unsigned long args[6])
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        be_probed(policy, nr, args);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        abort();
    }
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGSYS ? PROBE_KILLED : 1000 + WTERMSIG(status);
    }
    return WEXITSTATUS(status) == STOPPED ? PROBE_ALLOWED : WEXITSTATUS(status);
}
