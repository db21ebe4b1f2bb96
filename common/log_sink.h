/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_LOG_SINK_H
#define VGPU_COMMON_LOG_SINK_H

/* Where log lines go: the journal or standard error.  Private to common/. */

#include "common/log.h"

/* Chooses and connects the target.  0, or -errno if the journal cannot be had. */
int log_sink_open(enum vgpu_log_target target);

/* What stands for standard error from now on. */
void log_sink_set_stderr(int fd);

/* The descriptor in use. */
int log_sink_fd(void);

/* Lines go to this connected datagram socket instead of the journal's (takes it); for tests. */
void log_sink_set_journal(int fd);

/* Writes one line of text without its end, or drops it; text holds no control characters.  `id`:
 * its MESSAGE_ID, or NULL. */
void log_sink_write(const char *program, enum vgpu_log_level level, const char *id,
                    const char *text);

/* Lines that were dropped so far. */
uint64_t log_sink_dropped(void);

#endif
