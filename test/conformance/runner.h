/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_RUNNER_H
#define VGPU_TEST_CONF_RUNNER_H

#include "test/conformance/conf.h"

#define CONF_CASE_SECONDS 60u
#define CONF_JOBS_MAX     32u

enum conf_verdict {
    CONF_PASS,
    CONF_FAIL,
    CONF_SKIP,
};

struct conf_outcome {
    const struct conf_case *test;
    enum conf_verdict verdict;
    /* Owned; freed by conf_outcomes_free().  "" when nothing was recorded. */
    char *transcript;
    char why[320];
};

/* "pass", "fail" or "skip"; "positive", "negative", "unsupported", "native" or "ours". */
const char *conf_verdict_name(enum conf_verdict verdict);
const char *conf_kind_name(enum conf_kind kind);

/*
 * All cases linked into this program, ordered by call and name, those that run
 * alone last, whose
 * "call.name" contains the pattern or matches it as a shell pattern (NULL for
 * all), and stands as a line in the file `only` (NULL for any).  Returns an owned array of borrowed
 * pointers and its length; NULL when memory is short or the file cannot be read.
 */
const struct conf_case **conf_cases(const char *pattern, const char *only, size_t *count);

/* A file's text, owned by the caller; NULL when it cannot be read. */
char *conf_read_text(const char *path);

/* Whether the cases that were skipped are those that stand in the file, one "call.name" a line, as
 * far as they ran; says which are not.  False also when it cannot be read. */
bool conf_skips_are(const char *path, const struct conf_outcome *outcomes, size_t count);

/* Whether it runs while no other does (CONF_ALONE). */
bool conf_case_is_alone(const struct conf_case *test);

/*
 * Runs the cases, `jobs` at a time, those alone that say so (1..CONF_JOBS_MAX), each in a process
 * that is killed after CONF_CASE_SECONDS.  After limit_s seconds (0: none) no case is begun any
 * more; those left are skipped.  Calls `done` after each that ran, in the order in which they end.
 * outcomes has room for count.  Returns 0 or -errno.
 */
int conf_run(const struct conf_case *const *cases, size_t count, unsigned int jobs,
             unsigned int limit_s, struct conf_outcome *outcomes,
             void (*done)(const struct conf_outcome *));

void conf_outcomes_free(struct conf_outcome *outcomes, size_t count);

#endif
