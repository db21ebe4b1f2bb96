/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_INIT_FILTER_H
#define EX_SANDBOX_INIT_FILTER_H

#include "executor/sandbox/filter.h"

/*
 * The filter under which the driver starts: what a driver never needs is refused, the
 * rest is allowed.  The locked filter comes on top of it.
 */
extern const struct ex_policy ex_init_policy;

#endif
