/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_REPORT_H
#define VGPU_TEST_CONF_REPORT_H

#include "test/conformance/runner.h"

/* Counts by verdict: [CONF_PASS], [CONF_FAIL], [CONF_SKIP]. */
struct conf_totals {
    unsigned int by_verdict[3];
};

/* One line for a case; failures with their reason and the transcript. */
void conf_report_case(const struct conf_outcome *outcome);

struct conf_totals conf_report_totals(const struct conf_outcome *outcomes, size_t count);

/*
 * Writes {"driver": ..., "cases": [...]}, one case a line.  label is
 * what the user says the driver is.  Returns 0 or -errno.
 */
int conf_report_json(const char *path, const char *label, const struct conf_outcome *outcomes,
                     size_t count);

/*
 * Reads two such files, prints run, equal, different and skipped, and each
 * different case with both transcripts.  Returns 0 when nothing differs, 1
 * when something does, or -errno.
 */
int conf_report_compare(const char *path_a, const char *path_b);

/* Prints how many cases of each kind there are, and how many ways to fail beyond two a call. */
void conf_report_counts(const struct conf_case *const *cases, size_t count);

#endif
