/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/crash.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

_Thread_local const struct vgpu_op_info *ex_crash_operation;

/* One line: a signal of the line itself finds the default action again (SA_RESETHAND), and ends the
 * process. */
static void on_crash(int number)
{
    const struct vgpu_op_info *op = ex_crash_operation;

    /* Formats integers and names, and sends once: neither takes a lock or memory. */
    vgpu_log(VGPU_LOG_ERROR, "worker crashed pid=%d signal=%d operation=%s", (int)getpid(), number,
             op != NULL ? op->name : "none");
    /* Delivered when this returns; an instruction that faults again would do, a kill() would not.
     */
    (void)raise(number);
}

static int watch(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0) {
        return -errno;
    }
    if (action.sa_handler != SIG_DFL) {
        return 0;
    }
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_crash;
    action.sa_flags = (int)SA_RESETHAND;
    return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

int ex_crash_watch(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        rc = watch(numbers[i]);
    }
    return rc;
}
