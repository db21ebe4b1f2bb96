/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/metrics_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BYTES 65536u

static bool grow(struct br_text *text)
{
    size_t cap = text->cap == 0 ? FIRST_BYTES : 2 * text->cap;
    char *bytes = cap > BR_TEXT_BYTES_MAX ? NULL : realloc(text->bytes, cap);

    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->cap = cap;
    return true;
}

void br_text_add(struct br_text *text, const char *fmt, ...)
{
    while (!text->failed) {
        size_t room = text->cap - text->len;
        va_list args;
        int len;

        va_start(args, fmt);
        len = vsnprintf(room > 0 ? text->bytes + text->len : NULL, room, fmt, args);
        va_end(args);
        if (len < 0) {
            text->failed = true;
        } else if ((size_t)len < room) {
            text->len += (size_t)len;
            return;
        } else {
            (void)grow(text);
        }
    }
}

const char *br_text_label(char *dst, size_t cap, const char *value)
{
    size_t at = 0;

    for (; *value != '\0' && at + 2 < cap; value++) {
        unsigned char c = (unsigned char)*value;

        if (c == '\\' || c == '"' || c == '\n') {
            dst[at++] = '\\';
            dst[at++] = c == '\n' ? 'n' : (char)c;
        } else {
            dst[at++] = c >= 0x20 && c < 0x7f ? (char)c : '?';
        }
    }
    if (cap > 0) {
        dst[at] = '\0';
    }
    return dst;
}

void br_text_free(struct br_text *text)
{
    free(text->bytes);
    *text = (struct br_text){0};
}
