/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/gpu_name.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "GPU-";

static bool is_dash(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

static int read_uuid(const char *text, uint8_t uuid[EX_UUID_BYTES])
{
    for (size_t i = 0; i < EX_UUID_BYTES; i++) {
        char pair[3] = {0};

        if (is_dash(i) && *text++ != '-') {
            return -EINVAL;
        }
        if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1])) {
            return -EINVAL;
        }
        memcpy(pair, text, 2);
        uuid[i] = (uint8_t)strtoul(pair, NULL, 16);
        text += 2;
    }
    return *text == '\0' ? 0 : -EINVAL;
}

static int read_number(const char *text, uint32_t *number)
{
    char *end;

    if (!isdigit((unsigned char)text[0])) {
        return -EINVAL;
    }
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);

    if (errno != 0 || *end != '\0' || value > EX_GPU_NUMBER_MAX) {
        return -EINVAL;
    }
    *number = (uint32_t)value;
    return 0;
}

int ex_gpu_name_parse(struct ex_gpu_name *name, const char *text)
{
    uint8_t uuid[EX_UUID_BYTES];
    uint32_t number = 0;

    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
        if (read_uuid(text + sizeof(prefix) - 1, uuid) < 0) {
            return -EINVAL;
        }
        ex_gpu_name_set_uuid(name, uuid);
        return 0;
    }
    if (read_number(text, &number) < 0) {
        return -EINVAL;
    }
    ex_gpu_name_set(name, number);
    return 0;
}

void ex_gpu_name_set(struct ex_gpu_name *name, uint32_t number)
{
    memset(name, 0, sizeof(*name));
    name->number = number;
    (void)snprintf(name->text, sizeof(name->text), "%u", number);
}

void ex_gpu_name_set_uuid(struct ex_gpu_name *name, const uint8_t uuid[EX_UUID_BYTES])
{
    char *at = name->text;

    memset(name, 0, sizeof(*name));
    name->by_uuid = true;
    memcpy(name->uuid, uuid, EX_UUID_BYTES);
    memcpy(at, prefix, sizeof(prefix) - 1);
    at += sizeof(prefix) - 1;
    for (size_t i = 0; i < EX_UUID_BYTES; i++) {
        at += snprintf(at, 4, is_dash(i) ? "-%02x" : "%02x", uuid[i]);
    }
}
