/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/kill.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostd/proc.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

int hd_kill_worker(int pidfd, pid_t pid, char *why, size_t cap)
{
    char cgroup[2048];
    pid_t real = hd_proc_of_pidfd(pidfd);

    if (real == -ESRCH) {
        return 0; /* it has ended and is reaped */
    }
    if (real != pid) {
        (void)snprintf(why, cap, "the descriptor is not the pidfd of process %d", pid);
        return -EINVAL;
    }
    if (hd_proc_read(pid, "cgroup", cgroup, sizeof(cgroup)) < 0 || !hd_proc_is_worker(cgroup)) {
        (void)snprintf(why, cap, "process %d is not of a vgpu-worker@ unit", pid);
        return -EPERM;
    }
    /* The text was that of this process only if it has the number still; the signal goes to the
     * process of the descriptor in any case. */
    if (hd_proc_of_pidfd(pidfd) == pid &&
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0U) != 0 && errno != ESRCH) {
        (void)snprintf(why, cap, "cannot kill process %d: %s", pid, strerror(errno));
        return -EPERM;
    }
    return 0;
}
