/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_THREAD_H
#define VGPU_COMMON_THREAD_H

/*
 * Starts a detached thread of a library in a program of somebody else: all signals are blocked in
 * it, because the program's are not for it.  0 or -errno.
 */
int vgpu_thread_start(void *(*main)(void *arg), void *arg);

#endif
