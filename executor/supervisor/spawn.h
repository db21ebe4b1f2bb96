/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_SPAWN_H
#define EX_SUPERVISOR_SPAWN_H

/*
 * This binary again, by fork and exec, as worker or probe (one end of a socketpair on descriptor 3,
 * an environment of its own) or as supervisor.
 */

#include <sys/types.h>

#include "executor/options.h"

/* Starts `--worker` or `--probe` (mode) for options->gpu.  0, *pid (to be reaped) and *pipe (owned,
 * close-on-exec), or -errno. */
int ex_spawn(const struct ex_options *options, enum ex_mode mode, pid_t *pid, int *pipe);

/* Starts the supervisor of GPU number `gpu` with the given options: no pipe.  0 or -errno. */
int ex_spawn_supervisor(const struct ex_options *options, uint32_t gpu, pid_t *pid);

#endif
