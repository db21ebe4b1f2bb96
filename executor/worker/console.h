/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_CONSOLE_H
#define EX_WORKER_CONSOLE_H

/*
 * What the driver prints, on its way to the guest.
 *
 *   driver ──► descriptors 1 and 2 ──pipes──► a thread ──► queue ──► channel's console
 *
 * The thread empties the pipes, so that the driver is never held up for long.  Once the console is
 * open, because kernels print or have failed, the queue goes to the guest as it reads.  What is
 * left of standard error at the end is said in the log.  One per process.
 */

#include <stdint.h>

/* Puts pipes in place of descriptors 1 and 2; log lines go on to where 2 pointed.  After the
 * process is isolated, before the driver is loaded.  0 or -errno. */
int ex_console_prepare(void);

/* Starts the thread.  Before the lock.  0 or -errno. */
int ex_console_start(void);

/* Gives it the session's channel, whose console starts empty. */
void ex_console_attach(void *window);

/* From now on the text goes to the guest.  Any thread. */
void ex_console_open(void);

/* Opens the console and sends all that was printed so far, as far as it fits; returns the count of
 * bytes that the guest will have read when it has all.  Any thread. */
uint64_t ex_console_settle(void);

/* Before the process ends: waits a moment for the guest to read what did not fit at once. */
void ex_console_wait_read(void);

/* Says in the log what is left of standard error. */
void ex_console_leave(void);

#endif
