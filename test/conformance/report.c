/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_indented(const char *text)
{
    while (*text) {
        int len = (int)strcspn(text, "\n");

        printf("      %.*s\n", len, text);
        text += len;
        text += *text == '\n';
    }
}

void conf_report_case(const struct conf_outcome *o)
{
    printf("%s %-11s %s.%s%s%s\n", conf_verdict_name(o->verdict), conf_kind_name(o->test->kind),
           o->test->call, o->test->name, o->why[0] ? ": " : "", o->why);
    if (o->verdict == CONF_FAIL && o->transcript) {
        print_indented(o->transcript);
    }
    fflush(stdout);
}

struct conf_totals conf_report_totals(const struct conf_outcome *outcomes, size_t count)
{
    struct conf_totals totals = {{0}};

    for (size_t i = 0; i < count; i++) {
        totals.by_verdict[outcomes[i].verdict]++;
    }
    return totals;
}

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c >= 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void write_field(FILE *out, const char *name, const char *value, const char *end)
{
    fprintf(out, "\"%s\": ", name);
    write_string(out, value);
    fputs(end, out);
}

static void write_case(FILE *out, const struct conf_outcome *o, bool last)
{
    fputc('{', out);
    write_field(out, "call", o->test->call, ", ");
    write_field(out, "kind", conf_kind_name(o->test->kind), ", ");
    write_field(out, "name", o->test->name, ", ");
    write_field(out, "result", conf_verdict_name(o->verdict), ", ");
    write_field(out, "why", o->why, ", ");
    write_field(out, "transcript", o->transcript, last ? "}\n" : "},\n");
}

int conf_report_json(const char *path, const char *label, const struct conf_outcome *outcomes,
                     size_t count)
{
    FILE *out = fopen(path, "we");
    int rc = 0;

    if (!out) {
        return -errno;
    }
    fputs("{", out);
    write_field(out, "driver", label, ", \"cases\": [\n");
    for (size_t i = 0; i < count; i++) {
        write_case(out, &outcomes[i], i + 1 == count);
    }
    fputs("]}\n", out);
    if (ferror(out)) {
        rc = -EIO;
    }
    if (fclose(out)) {
        rc = -EIO;
    }
    return rc;
}
