/* SPDX-License-Identifier: Apache-2.0 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* The first byte is the room for the text; the text must be printable and end inside it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    size_t cap;

    if (size == 0) {
        return 0;
    }
    cap = data[0];
    text = malloc(cap == 0 ? 1 : cap);
    if (text == NULL) {
        abort();
    }
    (void)vgpu_log_escape(text, cap, data + 1, size - 1);
    if (cap > 0 && memchr(text, '\0', cap) == NULL) {
        abort();
    }
    for (size_t i = 0; i < cap && text[i] != '\0'; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '=' || text[i] == '"') {
            abort();
        }
    }
    free(text);
    return 0;
}
