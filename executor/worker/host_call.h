/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_HOST_CALL_H
#define EX_WORKER_HOST_CALL_H

/*
 * Functions of the guest's program that run in a stream's order.
 *
 *   stream reaches it ─► driver's thread: upcall (vgpuHostCall) ─► guest runs the function
 *                        waits ◄──────── vgpuHostDone ◄──────────┘
 *
 * The driver's thread waits for as long as the guest takes: that holds up only the guest's own
 * streams, and the worker can be killed meanwhile.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;

/* What the driver is given for one function: in a stream it frees itself, in a graph it stays. */
struct ex_host_call {
    struct ex_session *session;
    uint64_t token; /* what the guest calls the function */
    bool stays;
};

/* A function that runs now. */
struct ex_host_running {
    struct ex_host_running *next;
    uint64_t call;
    bool done;
};

struct ex_host_calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t last_call;
    struct ex_host_running *running;
};

void ex_host_calls_init(struct ex_host_calls *calls);

/* A new call, owned by the caller until the driver has it; NULL without memory. */
struct ex_host_call *ex_host_call_new(struct ex_session *x, uint64_t token, bool stays);

/* The CUhostFn of every call; `arg` is its struct ex_host_call. */
void ex_host_call_run(void *arg);

#endif
