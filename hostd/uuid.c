/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/uuid.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UUID_LEN 36

static bool is_dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool hd_uuid_is_text(const char *text)
{
    if (strlen(text) != UUID_LEN) {
        return false;
    }
    for (size_t i = 0; i < UUID_LEN; i++) {
        if (is_dash_at(i) ? text[i] != '-' : isxdigit((unsigned char)text[i]) == 0) {
            return false;
        }
    }
    return true;
}

bool hd_uuid_same(const char *one, const char *other)
{
    return hd_uuid_is_text(one) && strcasecmp(one, other) == 0;
}

static uint8_t digit(char c)
{
    return (uint8_t)(isdigit((unsigned char)c) != 0 ? c - '0'
                                                    : tolower((unsigned char)c) - 'a' + 10);
}

int hd_gpu_parse(const char *text, uint8_t bytes[HD_GPU_BYTES])
{
    size_t nibble = 0;

    if (strncmp(text, "GPU-", 4) == 0) {
        text += 4;
    }
    if (!hd_uuid_is_text(text)) {
        return -EINVAL;
    }
    memset(bytes, 0, HD_GPU_BYTES);
    for (size_t i = 0; i < UUID_LEN; i++) {
        if (!is_dash_at(i)) {
            bytes[nibble / 2] |= (uint8_t)(digit(text[i]) << (nibble % 2 == 0 ? 4 : 0));
            nibble++;
        }
    }
    return 0;
}

void hd_gpu_format(const uint8_t bytes[HD_GPU_BYTES], char text[HD_GPU_TEXT])
{
    const uint8_t *b = bytes;

    (void)snprintf(text, HD_GPU_TEXT,
                   "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}
