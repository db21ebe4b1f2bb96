/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/log.h"

static atomic_uint caught;

#if defined(__x86_64__)
#define ARG(context, n) ((unsigned long long)(context)->uc_mcontext.gregs[REG_##n])
#endif

static void on_sigsys(int number, siginfo_t *info, void *where)
{
    char line[160];
    int len = 0;

    (void)number;
    atomic_fetch_add(&caught, 1);
#if defined(__x86_64__)
    ucontext_t *context = where;

    /* glibc's snprintf of integers takes no lock and no memory. */
    len =
        snprintf(line, sizeof(line),
                 "sandbox: no rule for syscall=%d args=%#llx,%#llx,%#llx,%#llx\n", info->si_syscall,
                 ARG(context, RDI), ARG(context, RSI), ARG(context, RDX), ARG(context, R10));
    context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
    (void)where;
    len = snprintf(line, sizeof(line), "sandbox: no rule for syscall=%d\n", info->si_syscall);
#endif
    if (len > 0) {
        (void)!write(vgpu_log_fd(), line, (size_t)len);
    }
}

int ex_trace_install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_sigsys;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    return sigaction(SIGSYS, &action, NULL) == 0 ? 0 : -errno;
}

unsigned int ex_trace_count(void)
{
    return atomic_load(&caught);
}
