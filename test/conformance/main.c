/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-conformance: what a CUDA driver answers, case by case.
 *
 *   main --fork--> case 1 --dlopen libcuda--> transcript 1 --+
 *        --fork--> case 2 --dlopen libcuda--> transcript 2 --+--> report, JSON
 *        ...                                                 |
 *   --compare reads two JSON files and runs nothing  <-------+
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/conformance/report.h"
#include "test/conformance/runner.h"
#include "test/conformance/state.h"
#include "test/conformance/values.h"

/* ctest's status for a test that could not run. */
#define SKIPPED 77

struct options {
    const char *label;
    const char *filter;
    const char *json;
    const char *compare;
    const char *cases;
    const char *skipping;
    const char *values;
    const char *new_values;
    unsigned int jobs;
    unsigned int limit_s;
    bool list;
    bool counts;
    bool quiet;
};

static bool quiet;

static void usage(FILE *out)
{
    fputs(
        "usage: vgpu-conformance [--native] [--list | --counts] [--filter PATTERN] [--cases FILE] "
        "[--jobs N]\n"
        "                        [--seconds N] [--json FILE] [--skipping FILE] [--values FILE]\n"
        "                        [--write-values FILE] [--exact] [--quiet]\n"
        "       vgpu-conformance --compare A.json B.json\n"
        "The driver is libcuda.so.1, or the file that VGPU_TEST_LIBCUDA names.\n"
        "--cases: only those that FILE names, one CALL.NAME a line.  --seconds: after so long no\n"
        "case is begun; those left are skipped.  --skipping: fails unless those that FILE names\n"
        "are skipped, and no others.  --values: fails unless the cases recorded what FILE says.\n"
        "--exact: records also which code came where a case takes several.\n"
        "--native says that it is the vendor's: cases of kinds unsupported and ours are left out,\n"
        "otherwise those of kind native.\n",
        out);
}

/* A number from `least` to UINT_MAX; otherwise the program ends. */
static unsigned int number(const char *option, const char *text, unsigned int least)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno || value < least ||
        value > UINT_MAX) {
        fprintf(stderr, "vgpu-conformance: %s %s: a number from %u on is wanted\n", option, text,
                least);
        exit(2);
    }
    return (unsigned int)value;
}

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"native", no_argument, NULL, 'n'},         {"list", no_argument, NULL, 'l'},
        {"counts", no_argument, NULL, 'k'},         {"filter", required_argument, NULL, 'f'},
        {"cases", required_argument, NULL, 'C'},    {"seconds", required_argument, NULL, 's'},
        {"json", required_argument, NULL, 'o'},     {"compare", required_argument, NULL, 'c'},
        {"jobs", required_argument, NULL, 'j'},     {"quiet", no_argument, NULL, 'q'},
        {"skipping", required_argument, NULL, 'S'}, {"exact", no_argument, NULL, 'e'},
        {"values", required_argument, NULL, 'V'},   {"write-values", required_argument, NULL, 'W'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    struct options o = {.label = "vgpu", .jobs = 1};
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'n':
            o.label = "native";
            break;
        case 'l':
            o.list = true;
            break;
        case 'k':
            o.counts = true;
            break;
        case 'f':
            o.filter = optarg;
            break;
        case 'C':
            o.cases = optarg;
            break;
        case 's':
            o.limit_s = number("--seconds", optarg, 0);
            break;
        case 'S':
            o.skipping = optarg;
            break;
        case 'V':
            o.values = optarg;
            break;
        case 'W':
            o.new_values = optarg;
            break;
        case 'e':
            conf_state_be_exact();
            break;
        case 'o':
            o.json = optarg;
            break;
        case 'c':
            o.compare = optarg;
            break;
        case 'j':
            o.jobs = number("--jobs", optarg, 1);
            break;
        case 'q':
            o.quiet = true;
            break;
        default:
            usage(c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    return o;
}

static void on_done(const struct conf_outcome *outcome)
{
    if (!quiet || outcome->verdict == CONF_FAIL) {
        conf_report_case(outcome);
    }
}

static size_t without(enum conf_kind kind, const struct conf_case **cases, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (cases[i]->kind != kind) {
            cases[kept++] = cases[i];
        }
    }
    return kept;
}

/* The cases for this kind of driver. */
static size_t fitting(bool native, const struct conf_case **cases, size_t count)
{
    if (!native) {
        return without(CONF_KIND_NATIVE, cases, count);
    }
    return without(CONF_KIND_OURS, cases, without(CONF_KIND_UNSUPPORTED, cases, count));
}

/* What was asked of the outcomes as a whole; 0 or -errno. */
static int write_files(const struct options *o, const struct conf_outcome *outcomes, size_t count)
{
    int rc = 0;

    if (o->json) {
        rc = conf_report_json(o->json, o->label, outcomes, count);
    }
    if (!rc && o->new_values) {
        rc = conf_values_write(o->new_values, outcomes, count);
    }
    return rc;
}

static bool is_as_expected(const struct options *o, const struct conf_outcome *outcomes,
                           size_t count)
{
    bool good = !o->skipping || conf_skips_are(o->skipping, outcomes, count);

    return (!o->values || conf_values_are(o->values, outcomes, count)) && good;
}

static bool opens(const char *path, const char *mode)
{
    FILE *file = path ? fopen(path, mode) : NULL;

    if (!path) {
        return true;
    }
    if (!file) {
        fprintf(stderr, "vgpu-conformance: %s: %s\n", path, strerror(errno));
        return false;
    }
    fclose(file);
    return true;
}

/* Files that are read or written when all has run: that they cannot be is said before. */
static bool has_files(const struct options *o)
{
    return opens(o->skipping, "re") && opens(o->values, "re") && opens(o->json, "ae") &&
           opens(o->new_values, "ae");
}

static int run(const struct options *o, const struct conf_case *const *cases, size_t count)
{
    struct conf_outcome *outcomes = calloc(count ? count : 1, sizeof(*outcomes));
    struct conf_totals totals;
    bool as_expected;
    int rc = outcomes ? conf_run(cases, count, o->jobs, o->limit_s, outcomes, on_done) : -ENOMEM;

    rc = rc ? rc : write_files(o, outcomes, count);
    if (rc) {
        fprintf(stderr, "vgpu-conformance: %s\n", strerror(-rc));
        free(outcomes);
        return 2;
    }
    totals = conf_report_totals(outcomes, count);
    printf("%s: run %zu, passed %u, failed %u, skipped %u\n", o->label, count,
           totals.by_verdict[CONF_PASS], totals.by_verdict[CONF_FAIL],
           totals.by_verdict[CONF_SKIP]);
    as_expected = is_as_expected(o, outcomes, count);
    conf_outcomes_free(outcomes, count);
    if (totals.by_verdict[CONF_FAIL] || !as_expected) {
        return 1;
    }
    return totals.by_verdict[CONF_PASS] || !count ? 0 : SKIPPED;
}

static int compare(const char *a, const char *b)
{
    int rc = conf_report_compare(a, b);

    if (rc < 0) {
        fprintf(stderr, "vgpu-conformance: cannot compare %s and %s: %s\n", a, b, strerror(-rc));
        return 2;
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    const struct conf_case **cases;
    size_t count = 0;
    int status = 0;

    if (optind != argc - (o.compare ? 1 : 0)) {
        usage(stderr);
        return 2;
    }
    if (o.compare) {
        return compare(o.compare, argv[optind]);
    }
    quiet = o.quiet;
    cases = conf_cases(o.filter, o.cases, &count);
    if (!cases) {
        fprintf(stderr, "vgpu-conformance: no list of cases%s%s\n", o.cases ? " from " : "",
                o.cases ? o.cases : "");
        return 2;
    }
    count = fitting(!strcmp(o.label, "native"), cases, count);
    if (o.counts) {
        conf_report_counts(cases, count);
    } else if (o.list) {
        for (size_t i = 0; i < count; i++) {
            printf("%s %s.%s\n", conf_kind_name(cases[i]->kind), cases[i]->call, cases[i]->name);
        }
    } else if (o.filter && !count) {
        fprintf(stderr, "vgpu-conformance: no case matches %s; --list shows them all\n", o.filter);
        status = 2;
    } else {
        status = has_files(&o) ? run(&o, cases, count) : 2;
    }
    free(cases);
    return status;
}
