/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_STATS_H
#define GS_STATS_H

/* Lines about the process, appended to $VGPU_STATS_FILE when that is set: at its exit, and where
 * the program says so. */

/* Remembers the start and has the line written at exit; again: nothing. */
void gs_stats_arm(void);

/* Writes a line now; its last word is `at`, as "start" ("exit" in the line at exit).  Any thread;
 * what other threads are just doing may be counted or not. */
void gs_stats_mark(const char *at);

/* No line from this process (the child of a fork). */
void gs_stats_disarm(void);

#endif
