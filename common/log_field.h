/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_LOG_FIELD_H
#define VGPU_COMMON_LOG_FIELD_H

/*
 * The journal's fields of a log line, taken from its own key=value words: what a line says to a
 * reader and what a query finds cannot differ.  Private to common/.
 *
 *   vm=alpha session=7 gpu=0   ->   VGPU_VM=alpha  VGPU_SESSION=7  VGPU_GPU=0
 */

#include <stddef.h>

/* Longest value of a field; a longer word makes none. */
#define LOG_FIELD_VALUE_MAX 80

/*
 * Appends "NAME=value\n" for each known word of `text` outside of quotes, the first of each, to
 * `packet` from `at` on.  Returns the new end; what does not fit in `cap` bytes is left out whole.
 * The text holds no control characters, so a value cannot end its line.
 */
size_t log_field_append(char *packet, size_t cap, size_t at, const char *text);

#endif
