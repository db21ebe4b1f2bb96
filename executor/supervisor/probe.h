/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_PROBE_H
#define EX_SUPERVISOR_PROBE_H

/* The facts of a GPU, from a short-lived child that runs the driver. */

#include "executor/options.h"
#include "vgpu.pb-c.h"

struct ex_probe {
    Vgpu__DeviceFacts *facts; /* owned copy, NULL when there are none */
    uint32_t device_count;
    int32_t result; /* the CUresult of the probe */
};

/*
 * Runs a probe of options->gpu to its end, at most ready_timeout_ms.  0 and *probe, to be released
 * with ex_probe_fini(), even when its result is an error; -ECANCELED when `stop_fd` (-1: none)
 * became readable before; another -errno after a log line when the child said nothing.
 */
int ex_probe_run(const struct ex_options *options, int stop_fd, struct ex_probe *probe);

/* Frees the facts. */
void ex_probe_fini(struct ex_probe *probe);

#endif
