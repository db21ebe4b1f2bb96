/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_LAUNCHER_H
#define EX_LAUNCHER_H

#include "executor/options.h"

/*
 * Development: counts the GPUs with a probe, runs one supervisor for each, ends when the last
 * of them has ended, and ends them with SIGTERM or SIGINT.  The exit status; 1 when there is
 * no GPU.
 */
int ex_launcher_main(const struct ex_options *options);

#endif
