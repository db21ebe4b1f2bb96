/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LOCK_H
#define GS_LOCK_H

/*
 * Record locks on resource0 (claim.h).  A channel's lock belongs to the process: the kernel
 * drops it when the process ends, however it ends, and when it closes any descriptor of the
 * file.
 */

#include <stdint.h>
#include <sys/types.h>

/* Takes a channel's lock.  0, also when this process has it already; -EAGAIN: another process has
 * it; -errno. */
int gs_lock_take(int fd, uint32_t channel);
void gs_lock_give(int fd, uint32_t channel);

/* The process that has a channel's lock; 0: nobody, or this one. */
pid_t gs_lock_holder(int fd, uint32_t channel);

/* One claim at a time in a process.  Waits for another copy of the library, 20 s at most: 0 or
 * -EBUSY, -errno. */
int gs_lock_claiming(int fd);
void gs_lock_claimed(int fd);

#endif
