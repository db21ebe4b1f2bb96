/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_LOG_H
#define GS_LOG_H

/* Lines on standard error for whoever runs the program; none with VGPU_LOG=off. */

/* Writes one line "vgpu: ...".  Keeps errno.  Any thread. */
__attribute__((format(printf, 1, 2))) void gs_log(const char *fmt, ...);

#endif
