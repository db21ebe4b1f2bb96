/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_FACTS_H
#define EX_SUPERVISOR_FACTS_H

#include "executor/supervisor/probe.h"

/*
 * The facts of options->gpu as the broker is told them: a probe's, with what the host knows of the
 * card, and the quota for its memory.  Asks a probe unless *probe has them.  0; -ECANCELED:
 * `stop_fd` became readable; -ENODEV (no usable GPU) or another -errno, after a log line.
 * ex_probe_fini() in every case.
 */
int ex_facts_get(const struct ex_options *options, int stop_fd, struct ex_probe *probe);

#endif
