/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/record.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Undoes write_string() of report.c; text ends at the closing quote. */
static char *unescape(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;
    unsigned int code;

    if (!out) {
        return NULL;
    }
    while (*text && *text != '"') {
        if (*text != '\\') {
            *to++ = *text++;
            continue;
        }
        if (text[1] == 'u' && sscanf(text + 2, "%4x", &code) == 1 && strlen(text) >= 6) {
            *to++ = (char)code;
            text += 6;
        } else if (text[1]) {
            *to++ = text[1] == 'n' ? '\n' : text[1];
            text += 2;
        } else {
            break;
        }
    }
    *to = '\0';
    return out;
}

/* A quote inside a string is written \", so the key is found as a key only. */
static char *field(const char *line, const char *name)
{
    char key[64];
    const char *at;

    snprintf(key, sizeof(key), "\"%s\": \"", name);
    at = strstr(line, key);
    return at ? unescape(at + strlen(key)) : NULL;
}

static int parse_case(const char *line, struct conf_record *record)
{
    record->call = field(line, "call");
    record->kind = field(line, "kind");
    record->name = field(line, "name");
    record->result = field(line, "result");
    record->why = field(line, "why");
    record->transcript = field(line, "transcript");
    return record->call && record->kind && record->name && record->result && record->why &&
                   record->transcript
               ? 0
               : -EINVAL;
}

static int append(struct conf_record **records, size_t *count, const char *line)
{
    struct conf_record *more = realloc(*records, (*count + 1) * sizeof(*more));

    if (!more) {
        return -ENOMEM;
    }
    *records = more;
    memset(&more[*count], 0, sizeof(*more));
    (*count)++;
    return parse_case(line, &more[*count - 1]);
}

int conf_records_read(const char *path, struct conf_record **records, size_t *count)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    bool ours = false;
    size_t cap = 0;
    int rc = 0;

    *records = NULL;
    *count = 0;
    if (!in) {
        return -errno;
    }
    while (!rc && getline(&line, &cap, in) >= 0) {
        ours |= !strncmp(line, "{\"driver\": ", 11);
        if (!strncmp(line, "{\"call\": ", 9)) {
            rc = append(records, count, line);
        }
    }
    free(line);
    fclose(in);
    if (!rc && !ours) {
        rc = -EINVAL;
    }
    if (rc) {
        conf_records_free(*records, *count);
        *records = NULL;
        *count = 0;
    }
    return rc;
}

void conf_records_free(struct conf_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(records[i].call);
        free(records[i].kind);
        free(records[i].name);
        free(records[i].result);
        free(records[i].why);
        free(records[i].transcript);
    }
    free(records);
}
