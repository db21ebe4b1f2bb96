/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_TEXT_H
#define VGPU_COMMON_TEXT_H

#include <stddef.h>

/* Copies a peer's text for people to read: printable ASCII stays, any other byte becomes '?', what
 * does not fit is cut.  `cap` is above 0.  Log lines take vgpu_log_escape(). */
void vgpu_text_copy(char *dst, size_t cap, const char *src);

#endif
