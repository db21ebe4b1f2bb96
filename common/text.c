/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

void vgpu_text_copy(char *dst, size_t cap, const char *src)
{
    size_t at = 0;

    for (; at + 1 < cap && src[at] != '\0'; at++) {
        dst[at] = src[at];
        if (src[at] < ' ' || src[at] > '~') {
            dst[at] = '?';
        }
    }
    dst[at] = '\0';
}
