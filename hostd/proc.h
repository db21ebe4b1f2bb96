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

/* The name of the control group that libvirt made, in the text of /proc/PID/cgroup: "qemu-N-NAME"
 * of machine-qemu-N-NAME.scope, as systemd escapes it, or of qemu-N-NAME.libvirt-qemu, where there
 * is no systemd-machined.  False when it is none, or is below user.slice, a service or another
 * scope, where accounts and containers make groups as they like. */
bool hd_proc_scope(const char *cgroup, char *name, size_t cap);

/* True when libvirt would have called the group of the machine `machine` so: it leaves out what a
 * host's name may not have and what is too long, so two machines may have one. */
bool hd_proc_scope_fits(const char *scope, const char *machine);

/* True when the control group is that of a vgpu-worker@ unit. */
bool hd_proc_is_worker(const char *cgroup);

#endif
