/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log_field.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *word; /* with its '=' */
    const char *name; /* the journal's, with its '=' */
} fields[] = {
    {"vm=", "VGPU_VM="},     {"session=", "VGPU_SESSION="}, {"gpu=", "VGPU_GPU="},
    {"pool=", "VGPU_POOL="}, {"worker=", "VGPU_WORKER="},   {"guest=", "VGPU_GUEST="},
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static size_t put(char *packet, size_t at, const char *bytes, size_t len)
{
    memcpy(packet + at, bytes, len);
    return at + len;
}

/* One word of `len` bytes; *seen has a bit for each field that the line has. */
static size_t take_word(char *packet, size_t cap, size_t at, const char *word, size_t len,
                        unsigned int *seen)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t key = strlen(fields[i].word);
        size_t name = strlen(fields[i].name);

        if (len <= key || strncmp(word, fields[i].word, key) != 0 || (*seen & 1u << i) != 0) {
            continue;
        }
        *seen |= 1u << i;
        if (len - key > LOG_FIELD_VALUE_MAX || name + (len - key) + 1 > cap - at) {
            return at;
        }
        at = put(packet, at, fields[i].name, name);
        at = put(packet, at, word + key, len - key);
        return put(packet, at, "\n", 1);
    }
    return at;
}

size_t log_field_append(char *packet, size_t cap, size_t at, const char *text)
{
    const char *word = text;
    unsigned int seen = 0;
    bool quoted = false;

    for (const char *c = text;; c++) {
        if (*c == '"') {
            quoted = !quoted;
        }
        if (*c != '\0' && (*c != ' ' || quoted)) {
            continue;
        }
        at = take_word(packet, cap, at, word, (size_t)(c - word), &seen);
        if (*c == '\0') {
            return at;
        }
        word = c + 1;
    }
}
