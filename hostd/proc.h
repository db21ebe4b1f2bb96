/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_PROC_H
#define HD_PROC_H

/*
 * What the kernel says of a process.  A number may be another process's a moment later: who
 * must be sure holds a pidfd, asks, and then sees that it has not ended.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Longest command line and environment that is read. */
#define HD_PROC_TEXT_MAX 131072u

/* A pidfd, owned, or -errno. */
int hd_proc_open(pid_t pid);

/* True when the process of the pidfd has ended. */
bool hd_proc_has_ended(int pidfd);

/* The process of a pidfd that somebody handed over; -errno when it is no pidfd, or it has ended. */
pid_t hd_proc_of_pidfd(int pidfd);

/* Reads /proc/PID/NAME, up to cap - 1 bytes, and a zero byte.  The bytes read, or -errno. */
ssize_t hd_proc_read(pid_t pid, const char *name, char *to, size_t cap);

/* Where /proc/PID/NAME (exe, root) leads.  0 or -errno; a path that does not fit is -ENAMETOOLONG.
 */
int hd_proc_link(pid_t pid, const char *name, char *to, size_t cap);

/* The machine that libvirt made this control group for: NAME of machine-qemu-N-NAME.scope, as
 * systemd escapes it, in the text of /proc/PID/cgroup.  False when it is none. */
bool hd_proc_scope(const char *cgroup, char *name, size_t cap);

/* True when the control group is that of a vgpu-worker@ unit. */
bool hd_proc_is_worker(const char *cgroup);

#endif
