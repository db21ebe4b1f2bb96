/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ACTIVATION_H
#define EX_WORKER_ACTIVATION_H

/*
 * The beginning of a worker that systemd starts for a connection to vgpu-worker.socket
 * (Accept=yes): it takes the connection as its pipe, says WorkerHere and is told by WorkerStart
 * what to be.
 */

#include "executor/options.h"

/*
 * Checks that descriptor 3 was handed to this process (LISTEN_PID, LISTEN_FDS) and is a connected
 * AF_UNIX stream socket, and learns *options from the supervisor behind it.  0, or -errno after a
 * log line, and a Fatal frame where the order was bad.  For a process with one thread.
 */
int ex_activation_take(struct ex_options *options);

#endif
