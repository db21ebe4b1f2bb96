/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_STARTUP_H
#define EX_WORKER_STARTUP_H

/*
 * How a process that will run the driver gives up what it does not need, in this order:
 * descriptors, environment, account, parent-death signal (or, where systemd is the parent, the
 * supervisor's pidfd), limits, dumps, addresses, NO_NEW_PRIVS, Landlock, init filter, watch thread.
 * The locked filter comes later, when driver and helper threads are there.
 */

#include <stdint.h>

#include "executor/options.h"

/* What was put in force. */
struct ex_layers {
    uint32_t landlock_abi; /* 0: the kernel has none */
    uint64_t filter_hash;  /* of the locked filter; 0 in a build without sandbox */
};

/* All of the above for the calling process, which has one thread.  Keeps descriptors 0 to 3.
 * 0 or -errno after a log line. */
int ex_startup_isolate(const struct ex_options *options, struct ex_layers *layers);

/* Loads the locked filter on all threads and tries it.  0 or -errno after a log line. */
int ex_startup_lock(const struct ex_options *options, struct ex_layers *layers);

#endif
