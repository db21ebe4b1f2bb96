/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_HOST_CALL_H
#define EX_WORKER_HOST_CALL_H

/*
 * Functions of the guest's program that run in a stream's order.
 *
 *   stream reaches it ─► driver's thread: upcall (vgpuHostCall) ─► guest runs the function
 *                        waits ◄── its word, vgpuHostDone ◄──────┘
 *
 * The driver's thread waits for as long as the guest takes: that holds up only the guest's own
 * streams, and the worker can be killed meanwhile.
 *
 * vgpuHostDone wakes it at once, but comes behind other records, and the dispatcher may be held in
 * the driver by a call of a helper that waits for the very function (measured: the load of a module
 * with variables, the end of an array or a context, cuCtxSetLimit).  So the guest also writes a
 * word of the channel, which the waiting thread looks at from time to time.  Any thread.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/channel.h"
#include "proto/cuda_abi.h"

struct ex_session;

/* What the driver is given for one function: in a stream it ends with its call, in a graph it stays
 * until the graph ends and its calls that are under way have come. */
struct ex_host_call {
    struct ex_session *session;
    uint64_t token;    /* what the guest calls the function */
    uint64_t expected; /* calls under way */
    bool stays;
};

/* A function that runs now.  Its call's number names its slot: the remainder by their count. */
struct ex_host_running {
    uint64_t call;
    bool done;
};

struct ex_host_calls {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t last_round; /* of call numbers: each has one number for every slot */
    uint32_t live;       /* struct ex_host_call that there are */
    struct ex_host_running *running[VGPU_HOST_CALL_SLOTS];
};

/* None under way. */
void ex_host_calls_init(struct ex_host_calls *calls);

/* At Attach: what an earlier worker of the channel was told means nothing now. */
void ex_host_calls_attach(void *window);

/* A new function, owned by the caller until ex_host_call_end(); one that does not stay, with one
 * call expected, until the driver has it.  NULL without memory, or when there are too many. */
struct ex_host_call *ex_host_call_new(struct ex_session *x, uint64_t token, bool stays);

/* One call more is under way, or was not. */
void ex_host_call_expect(struct ex_host_call *call, bool expect);

/* Nothing will call it any more but what is expected.  Accepts NULL. */
void ex_host_call_end(struct ex_host_call *call);

/* The CUhostFn of every call; `arg` is its struct ex_host_call. */
void ex_host_call_run(void *arg);

#endif
