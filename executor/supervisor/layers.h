/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_LAYERS_H
#define EX_SUPERVISOR_LAYERS_H

/* What holds a worker, read from the kernel, not claimed by the worker. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ex_worker_layers {
    bool no_new_privs;     /* on every thread */
    uint32_t seccomp_mode; /* the weakest of all threads: 0 none, 2 filter */
    uint32_t filters;      /* of the thread that has fewest */
    uint32_t threads;
};

/* Filters that a worker loads itself: systemd's, or those that a child has from its parent, say
 * nothing. */
#define EX_LAYERS_FILTERS 2u

/* Reads /proc/PID/task/TID/status of all threads.  0, or -errno; -ESRCH when there are none. */
int ex_layers_read(pid_t pid, struct ex_worker_layers *layers);

/* True when they are what a worker must have that had `before` filters when it began; in a build
 * without sandbox always. */
bool ex_layers_suffice(const struct ex_worker_layers *layers, uint32_t before);

#endif
