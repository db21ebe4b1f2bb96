/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_WORKER_H
#define EX_WORKER_WORKER_H

#include "executor/options.h"

/*
 * A worker's life: isolate, driver, context, self-test, helpers, lock, Ready, serve.  Frames
 * travel on EX_PIPE_FD.  When it cannot start it says why in a Fatal frame.  Returns the
 * exit status (enum ex_exit).
 */
int ex_worker_main(const struct ex_options *options);

/* A probe's life: isolate, driver, context, one Facts frame on EX_PIPE_FD.  The exit status. */
int ex_probe_main(const struct ex_options *options);

/* A worker's start with a report on standard output, then the self-test once more under the lock.
 * Returns 0 when everything passed. */
int ex_selftest_main(const struct ex_options *options);

#endif
