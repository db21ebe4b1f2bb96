/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_PAUSE_H
#define EX_WORKER_PAUSE_H

/*
 * How long the dispatcher sleeps between two looks.  With nothing pending it sleeps until
 * the pipe has bytes, after it has lingered for a guest that sends soon (common/linger.h).  While
 * the driver must be watched it spins for a bounded time after something happened (with four CPUs
 * or more), then sleeps for a 64th of the time since, at least 20 us and at most 1 ms: that bounds
 * how late an end or an error is seen.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/linger.h"

struct ex_pause {
    uint64_t spin_ns;
    struct vgpu_linger linger;
    uint64_t last_ns; /* when something happened last */
};

/* How long it spins follows from the CPUs of this process. */
void ex_pause_init(struct ex_pause *pause);

/* Waits for `fd` as the rules above say; `active`: something happened since the last call;
 * `pending`: the driver must be watched; `linger_ns`: the longest stay for what comes next.
 * 0 or -errno. */
int ex_pause_wait(struct ex_pause *pause, int fd, bool active, bool pending, uint64_t linger_ns);

#endif
