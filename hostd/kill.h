/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_KILL_H
#define HD_KILL_H

/* Kills a worker that its supervisor may not: systemd runs it under an account of its own. */

#include <stddef.h>
#include <sys/types.h>

/* SIGKILL to the process of the pidfd (borrowed), if it is `pid` and its control group is that of
 * a vgpu-worker@ unit.  0, or -errno with a line in `why`. */
int hd_kill_worker(int pidfd, pid_t pid, char *why, size_t cap);

#endif
