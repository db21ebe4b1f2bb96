/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_LAUNCH_H
#define SIM_LAUNCH_H

/* What a launch asks for, whichever call brought it.  Need sim.lock. */

#include "executor/sim/module.h"

#define LAUNCH_EVENTS_MAX 2

struct launch_request {
    CUfunction f;
    uint32_t grid[3];
    uint32_t block[3];
    uint32_t shared;
    CUstream stream;
    void **params;
    void **extra;
    bool cooperative;
    uint32_t cluster; /* blocks of a cluster; 0: the kernel's own */
    CUevent events[LAUNCH_EVENTS_MAX];
    unsigned int event_count;
};

/* Most blocks of a cluster, and most that any device of this kind has room for. */
#define CLUSTER_PORTABLE 8
#define CLUSTER_MOST     16

/* Dimensions and attributes of a configuration; the rest of *q stays. */
CUresult launch_read(const CUlaunchConfig *config, struct launch_request *q);

/* What is refused of a launch, and its parameters as a buffer of the function's param_bytes. */
CUresult launch_check(const struct launch_request *q, uint8_t *params);

#endif
