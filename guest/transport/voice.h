/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_VOICE_H
#define GS_VOICE_H

/*
 * Lines on standard error for whoever runs the program, "vgpu: ...".  None with VGPU_LOG=off; those
 * about single calls, of which there may be many, only with VGPU_LOG=calls.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define GS_VOICE_LINE 512

/* Writes one line.  Keeps errno.  Any thread. */
__attribute__((format(printf, 1, 2))) void gs_voice(const char *fmt, ...);

/* The same, and the text without "vgpu: " goes to `text`. */
__attribute__((format(printf, 2, 0))) void gs_voice_copy(char text[GS_VOICE_LINE], const char *fmt,
                                                         va_list args);

/* Whether single calls are to be told of. */
bool gs_voice_calls(void);

#endif
