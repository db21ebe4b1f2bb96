/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/death.h"

#include <signal.h>
#include <sys/wait.h>

#include "common/log.h"
#include "executor/supervisor/source.h"

void ex_death_log(const char *gpu, uint32_t worker, pid_t pid, int status)
{
    if (status == EX_STATUS_UNKNOWN) {
        vgpu_log(VGPU_LOG_INFO,
                 "worker gone gpu=%s worker=%u pid=%d exit=unknown (journalctl _PID=%d has its "
                 "last words)",
                 gpu, worker, (int)pid, (int)pid);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        vgpu_log(VGPU_LOG_ERROR,
                 "worker made a forbidden system call gpu=%s worker=%u pid=%d "
                 "(vgpu-executor --self-test --sandbox-trace names it)",
                 gpu, worker, (int)pid);
    } else {
        vgpu_log(VGPU_LOG_INFO, "worker gone gpu=%s worker=%u pid=%d exit=%d signal=%d", gpu,
                 worker, (int)pid, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
}
