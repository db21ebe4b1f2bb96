/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/escape.h"

#include <stdio.h>
#include <string.h>

const char *ct_escape(char *dst, size_t cap, const char *text)
{
    size_t at = 0;
    size_t last = 0; /* where ".." still fits */

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        char piece[8];
        size_t len;

        (void)snprintf(piece, sizeof(piece), c >= ' ' && c <= '~' && c != '\\' ? "%c" : "\\x%02x",
                       c);
        len = strlen(piece);
        if (at + len + 1 > cap) {
            memcpy(dst + last, "..", 3);
            return dst;
        }
        memcpy(dst + at, piece, len);
        at += len;
        if (at + 3 <= cap) {
            last = at;
        }
    }
    dst[at] = '\0';
    return dst;
}
