/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_HOLDER_H
#define GS_HOLDER_H

/*
 * The thread by whose end the host sees that this process has ended.
 *
 *   holder thread: sleeps for ever, all signals blocked, one in a process
 *     robust list ──► node of channel a ──► node of channel b ──► itself
 *                     (in its slice)        (in its slice)
 *
 * When the thread ends, be it by SIGKILL or exec, its kernel walks the list and sets
 * VGPU_HOLDER_DIED in the word of every node.  Nothing runs for it before.
 *
 * One caller at a time, except as noted.
 */

#include <stdint.h>

#include "proto/channel.h"

/* Puts a channel's node into the list and the thread's id into its word; starts the thread when
 * there is none.  The node's memory must stay mapped until gs_holder_clear().  0; -EAGAIN or
 * -ENOMEM: no thread; -ENOSPC. */
int gs_holder_add(struct vgpu_channel_holder *node);

/* Takes a node out of the list.  The word still tells of the process's end until
 * gs_holder_clear(), which must follow before another node is added or removed. */
void gs_holder_remove(struct vgpu_channel_holder *node);
void gs_holder_clear(struct vgpu_channel_holder *node);

/* Id of the thread, what the words of this process's channels hold; 0: not started.  Any thread. */
uint32_t gs_holder_id(void);

/* In the child of a fork, which has no such thread. */
void gs_holder_forget(void);

#endif
