/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_METRICS_TEXT_H
#define BR_METRICS_TEXT_H

/* A text that grows, and Prometheus' rules of escaping (exposition format 0.0.4). */

#include <stdbool.h>
#include <stddef.h>

/* What a text may grow to: some thousand machines' worth. */
#define BR_TEXT_BYTES_MAX (8u << 20)
/* Longest label value, escaped, with its end. */
#define BR_LABEL_MAX 512u

/* Starts zeroed. */
struct br_text {
    char *bytes; /* owned; NULL: nothing yet */
    size_t len;
    size_t cap;
    bool failed; /* no memory, or too long: it is not whole */
};

__attribute__((format(printf, 2, 3))) void br_text_add(struct br_text *text, const char *fmt, ...);

/* `value` as a label's value: backslash, quote and line end escaped, other bytes that are not
 * printable ASCII become '?'.  Cut at `cap`.  Returns dst. */
const char *br_text_label(char *dst, size_t cap, const char *value);

/* Frees what was written; a second call does nothing. */
void br_text_free(struct br_text *text);

#endif
