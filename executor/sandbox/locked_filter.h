/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_LOCKED_FILTER_H
#define EX_SANDBOX_LOCKED_FILTER_H

#include "executor/sandbox/filter.h"

/*
 * The filter under which a worker serves a guest.  A call that no row names kills the
 * process; what a driver may try and can do without returns an errno.
 */
extern const struct ex_policy ex_locked_policy;

#endif
