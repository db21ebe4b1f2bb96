/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_FILTER_PROBE_H
#define TEST_FILTER_PROBE_H

/*
 * What an installed filter does with a system call, without the call being made: under
 * the policy a child loads a second filter that stops everything else, and the kernel
 * takes the stricter answer of the two.
 */

#include "executor/sandbox/filter.h"

#define PROBE_ALLOWED 0    /* the policy lets it through */
#define PROBE_KILLED  (-1) /* the process dies by SIGSYS */
/* otherwise the errno that the policy gives */

/* Probes one call with the given arguments (NULL: all zero). */
int filter_probe(const struct ex_policy *policy, long nr, const unsigned long args[6]);

#endif
