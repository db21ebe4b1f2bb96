/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/report.h"

#include <stdio.h>
#include <string.h>

#include "test/conformance/record.h"

struct counts {
    unsigned int run;
    unsigned int equal;
    unsigned int different;
    unsigned int skipped;
};

static const struct conf_record *find(const struct conf_record *records, size_t count,
                                      const struct conf_record *like)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(records[i].call, like->call) && !strcmp(records[i].name, like->name)) {
            return &records[i];
        }
    }
    return NULL;
}

static void print_side(const char *title, const struct conf_record *r)
{
    const char *text = r->transcript;

    printf("  %s (%s%s%s)\n", title, r->result, r->why[0] ? ": " : "", r->why);
    while (*text) {
        int len = (int)strcspn(text, "\n");

        printf("      %.*s\n", len, text);
        text += len;
        text += *text == '\n';
    }
}

static bool not_comparable(const struct conf_record *a, const struct conf_record *b)
{
    return !b || !strcmp(a->kind, "unsupported") || !strcmp(a->kind, "ours") ||
           !strcmp(a->result, "skip") || !strcmp(b->result, "skip");
}

/* A crash or a hang leaves no line, so the verdicts must agree as well. */
static void compare_case(const struct conf_record *a, const struct conf_record *b,
                         struct counts *counts)
{
    if (not_comparable(a, b)) {
        counts->skipped++;
        return;
    }
    counts->run++;
    if (!strcmp(a->transcript, b->transcript) && !strcmp(a->result, b->result)) {
        counts->equal++;
        return;
    }
    counts->different++;
    printf("different: %s.%s (%s)\n", a->call, a->name, a->kind);
    print_side("A", a);
    print_side("B", b);
}

int conf_report_compare(const char *path_a, const char *path_b)
{
    struct conf_record *a, *b;
    struct counts counts = {0};
    size_t na, nb;
    int rc = conf_records_read(path_a, &a, &na);

    if (rc) {
        return rc;
    }
    rc = conf_records_read(path_b, &b, &nb);
    if (rc) {
        conf_records_free(a, na);
        return rc;
    }
    for (size_t i = 0; i < na; i++) {
        compare_case(&a[i], find(b, nb, &a[i]), &counts);
    }
    for (size_t i = 0; i < nb; i++) {
        counts.skipped += find(a, na, &b[i]) ? 0 : 1;
    }
    printf("run %u, equal %u, different %u, skipped %u\n", counts.run, counts.equal,
           counts.different, counts.skipped);
    conf_records_free(a, na);
    conf_records_free(b, nb);
    return counts.different ? 1 : 0;
}
