/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ORDER_H
#define EX_WORKER_ORDER_H

/* What WorkerStart orders, checked before any of it is used. */

#include <stddef.h>

#include "executor/options.h"
#include "vgpu.pb-c.h"

/*
 * Sets mode, GPU, driver, helpers and log level of *options, and variables of the process.  0, or
 * -EINVAL with the reason in why (why_cap bytes, terminated): then *options is not to be used.
 * For a process with one thread.
 */
int ex_order_take(const Vgpu__WorkerStart *start, struct ex_options *options, char *why,
                  size_t why_cap);

#endif
