/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LOGS_H
#define GS_LOGS_H

/*
 * What the program may read by cuLogs...: the calls that failed, and what the library says on
 * standard error.  The last hundred or so are kept.
 */

/* Adds a line of text, which is copied.  Any thread. */
void gs_logs_text(const char *text);

/* In the child of a fork, where another thread's lock would stay. */
void gs_logs_after_fork(void);

#endif
