/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_WATCH_H
#define EX_WORKER_WATCH_H

/*
 * The end of a worker that no parent can end: a thread waits for the end of the pipe and of the
 * supervisor, and ends the process, whatever its other threads do in the driver.  The supervisor is
 * who connected, by the kernel's word, and is held by a pidfd.
 */

/* Opens the pidfd of whoever connected to EX_PIPE_FD.  0; -ESRCH when it has gone already, or
 * another -errno. */
int ex_watch_open(void);

/* Starts the thread.  After the process is isolated, before the driver is loaded.  0 or -errno. */
int ex_watch_start(void);

#endif
