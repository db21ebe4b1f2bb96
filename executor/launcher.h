/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_LAUNCHER_H
#define EX_LAUNCHER_H

#include "executor/options.h"

/*
 * Development: counts the GPUs with a probe, runs one supervisor for each and starts one that
 * a signal killed again.  Ends when one ends by itself (the others are ended too) or with
 * SIGTERM or SIGINT, which it passes on.  The exit status; 1 when there is no GPU.
 */
int ex_launcher_main(const struct ex_options *options);

#endif
