/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LOGS_H
#define GS_LOGS_H

/*
 * What the program may read by cuLogs...: the calls that failed, what the library says on
 * standard error, and what NVIDIA's runtime and libraries report.  The last hundred or so are kept.
 */

#include <stdarg.h>

#include "proto/cuda_abi.h"

/* Adds a line of text, which is copied.  Any thread. */
void gs_logs_text(const char *text);

/* A line of another library of the program's, with its short name; listeners hear of it.  No lock
 * of this library may be held. */
__attribute__((format(printf, 3, 0))) void gs_logs_said(const char *domain, CUlogLevel level,
                                                        const char *fmt, va_list args);

/* In the child of a fork, where another thread's lock would stay. */
void gs_logs_after_fork(void);

#endif
