/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 1024u

static const char heading[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# What cases record that every driver shares: written by vgpu-conformance --write-values.\n";

/* The number at the end of "text is number"; NULL: the line is another one. */
static const char *number_in(const char *line, size_t len)
{
    const char *at = line + len;

    while (at > line && strchr("-0123456789", at[-1])) {
        at--;
    }
    return at < line + len && at - line >= 4 && memcmp(at - 4, " is ", 4) == 0 ? at : NULL;
}

/* "call.name 1 2 3"; false: it recorded no value, or more than fits. */
static bool describe(const struct conf_outcome *outcome, char *text)
{
    int used = snprintf(text, LINE_BYTES, "%s.%s", outcome->test->call, outcome->test->name);
    const char *line = outcome->transcript ? outcome->transcript : "";
    bool any = false;

    while (*line && used < (int)LINE_BYTES) {
        size_t len = strcspn(line, "\n");
        const char *number = number_in(line, len);

        if (number) {
            used += snprintf(text + used, LINE_BYTES - (size_t)used, " %.*s",
                             (int)(line + len - number), number);
            any = true;
        }
        line += len + (line[len] == '\n');
    }
    return any && used < (int)LINE_BYTES;
}

/* The file's line about a case, without its end; NULL: there is none. */
static char *find_line(char *text, const struct conf_case *test, char *line)
{
    int len = snprintf(line, LINE_BYTES, "\n%s.%s ", test->call, test->name);
    const char *found = strstr(text, line);

    if (!found) {
        return NULL;
    }
    snprintf(line, LINE_BYTES, "%.*s", (int)strcspn(found + 1, "\n"), found + 1);
    return len > 0 ? line : NULL;
}

static bool is_right(char *known, const struct conf_outcome *outcome)
{
    char wanted[LINE_BYTES];
    char got[LINE_BYTES];
    bool any = describe(outcome, got);

    if (!find_line(known, outcome->test, wanted)) {
        if (any) {
            printf("%s: recorded, not known to be right: --write-values\n", got);
        }
        return true;
    }
    if (!any || strcmp(got, wanted) != 0) {
        printf("%s: recorded, where the values say\n%s\n", got, wanted);
        return false;
    }
    return true;
}

bool conf_values_are(const char *path, const struct conf_outcome *outcomes, size_t count)
{
    char *known = conf_read_text(path);
    bool good = known != NULL;

    for (size_t i = 0; known && i < count; i++) {
        good &= outcomes[i].verdict != CONF_PASS || is_right(known, &outcomes[i]);
    }
    free(known);
    return good;
}

int conf_values_write(const char *path, const struct conf_outcome *outcomes, size_t count)
{
    FILE *file = fopen(path, "we");
    char line[LINE_BYTES];

    if (!file) {
        return -errno;
    }
    fputs(heading, file);
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].verdict == CONF_PASS && describe(&outcomes[i], line)) {
            fprintf(file, "%s\n", line);
        }
    }
    return fclose(file) ? -errno : 0;
}
