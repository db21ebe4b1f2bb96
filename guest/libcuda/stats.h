/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_STATS_H
#define GS_STATS_H

/* One line about the process at its exit, appended to $VGPU_STATS_FILE when that is set. */

/* Remembers the start and has the line written at exit; again: nothing. */
void gs_stats_arm(void);

/* No line from this process (the child of a fork). */
void gs_stats_disarm(void);

#endif
