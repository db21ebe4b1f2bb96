/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_SPAWN_H
#define EX_SUPERVISOR_SPAWN_H

/*
 * How a supervisor gets a process that will run the driver: this binary again, by fork and
 * exec, with one end of a socketpair on descriptor 3 and an environment of its own.
 */

#include <sys/types.h>

#include "executor/options.h"

struct ex_child {
    pid_t pid;
    int pipe; /* our end, close-on-exec */
};

/* Starts `--worker` or `--probe` (mode) for options->gpu.  0 and *child (pid and pipe owned), or
 * -errno. */
int ex_spawn(const struct ex_options *options, enum ex_mode mode, struct ex_child *child);

/* Starts `--gpu N` with the given options: no pipe.  0 or -errno. */
int ex_spawn_supervisor(const struct ex_options *options, uint32_t gpu, pid_t *pid);

#endif
