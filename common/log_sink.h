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

/* Writes one line of text without its end; text holds no control characters. */
void log_sink_write(const char *program, enum vgpu_log_level level, const char *text);

#endif
