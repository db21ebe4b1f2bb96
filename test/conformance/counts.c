/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/conformance/runner.h"

/* What every call has at least: docs/adding-a-call.md. */
#define FLOOR 2u

#define KINDS (CONF_KIND_OURS + 1)

static int by_call(const void *a, const void *b)
{
    const struct conf_case *const *x = a;
    const struct conf_case *const *y = b;

    return strcmp((*x)->call, (*y)->call);
}

static bool is_failure(const struct conf_case *test)
{
    return test->kind == CONF_KIND_NEGATIVE || test->kind == CONF_KIND_OURS;
}

/* Calls, and their failures beyond the floor; the cases lie sorted by call. */
static void count_calls(const struct conf_case **cases, size_t count, unsigned int *calls,
                        unsigned int *beyond)
{
    for (size_t i = 0; i < count;) {
        const char *call = cases[i]->call;
        unsigned int failures = 0;

        for (; i < count && strcmp(cases[i]->call, call) == 0; i++) {
            failures += is_failure(cases[i]);
        }
        *calls += 1;
        *beyond += failures > FLOOR ? failures - FLOOR : 0;
    }
}

void conf_report_counts(const struct conf_case *const *cases, size_t count)
{
    const struct conf_case **sorted = malloc((count + 1) * sizeof(void *));
    unsigned int kinds[KINDS] = {0};
    unsigned int before_init = 0;
    unsigned int calls = 0;
    unsigned int beyond = 0;

    if (!sorted) {
        return;
    }
    memcpy(sorted, cases, count * sizeof(void *));
    qsort(sorted, count, sizeof(void *), by_call);
    for (size_t i = 0; i < count; i++) {
        kinds[cases[i]->kind]++;
        before_init += strstr(cases[i]->name, "before_init") != NULL ||
                       strcmp(cases[i]->name, "not_initialised") == 0;
    }
    count_calls(sorted, count, &calls, &beyond);
    printf("cases %zu\ncalls %u\n", count, calls);
    for (unsigned int kind = 0; kind < KINDS; kind++) {
        if (kinds[kind] > 0) {
            printf("%s %u\n", conf_kind_name((enum conf_kind)kind), kinds[kind]);
        }
    }
    printf("before_init %u\nfailures_beyond_two_a_call %u\n", before_init, beyond);
    free(sorted);
}
