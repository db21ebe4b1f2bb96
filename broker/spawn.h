/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SPAWN_H
#define BR_SPAWN_H

/*
 * --spawn-executors: one vgpu-executor --all as a child, for development and tests.
 * Started before the broker locks itself; afterwards it is only signalled and reaped.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/options.h"

struct br_spawn {
    pid_t pid; /* 0: none, or reaped */
    bool is_open;
    uv_signal_t child;
    uv_timer_t kill_timer;
    /* The child has ended; `status` is wait's. */
    void (*on_exit)(struct br_spawn *spawn, int status);
    void *owner;
};

/* Starts the child.  0 or -errno (a program that cannot be executed ends with status 127). */
int br_spawn_start(struct br_spawn *spawn, uv_loop_t *loop, const struct br_options *options);

/* Asks the child to end, and kills it when it has not after 5 s; on_exit follows.  Closes its
 * handles by itself once the child is reaped. */
void br_spawn_stop(struct br_spawn *spawn);

#endif
