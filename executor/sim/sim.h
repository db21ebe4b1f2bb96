/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_H
#define SIM_H

/*
 * The simulator's process-wide state and the frame of every call.
 *
 * Locks, in the order in which they may be taken:
 *   sim.lock      all bookkeeping: contexts, streams, queues, tables
 *   sim.map_lock  the table of device-visible ranges; an engine thread holds
 *                 it for reading through one slice of work, and then never
 *                 takes sim.lock; whoever changes the table holds sim.lock
 *                 and takes it for writing
 *
 * After the first context exists nothing here makes a thread, opens a file or
 * maps executable memory, so that a locked process can go on using it.
 */

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "executor/sim/sim_api.h"

/* More devices than any machine that is simulated has; bounds VGPU_SIM_DEVICES. */
#define SIM_DEVICES_MAX 16
/* Physical memory is handed out in units of this, as the hardware does. */
#define SIM_PAGE ((size_t)2 << 20)
/* One block's shared memory, static and dynamic, with opt-in (sm_90). */
#define SIM_SHARED_OPTIN      232448
#define SIM_SHARED_DEFAULT    49152
#define SIM_SHARED_PER_SM     233472
#define SIM_SHARED_RESERVED   1024
#define SIM_SM_COUNT          132
#define SIM_THREADS_PER_SM    2048
#define SIM_BLOCKS_PER_SM     32
#define SIM_REGS_PER_SM       65536
#define SIM_THREADS_PER_BLOCK 1024

struct sim_device {
    int ordinal;
    size_t total_bytes;
    size_t used_bytes;  /* a multiple of SIM_PAGE */
    size_t array_bytes; /* of arrays; their pages are part of used_bytes */
    CUcontext primary;  /* made at the first retain, never freed */
    unsigned int primary_flags;
    unsigned int primary_refs;
    int memfd;          /* backing of VMM allocations, -1 before the first context */
    uint8_t *page_used; /* one byte a page of memfd */
    size_t page_count;
};

struct sim {
    pthread_mutex_t lock;
    pthread_cond_t work; /* engines: something may be ready to run */
    pthread_cond_t done; /* callers: an operation ended, or the error came */
    pthread_rwlock_t map_lock;
    bool inited;
    bool forked;  /* this is a child of the process that called cuInit */
    bool started; /* engine threads and memfds exist */
    int version;
    int device_count;
    struct sim_device device[SIM_DEVICES_MAX];
    uint64_t seq;                /* last operation submitted, over all streams */
    uint64_t next_id;            /* contexts, streams, buffers */
    unsigned exclusive;          /* callers that hold back every launch meanwhile */
    CUresult sticky;             /* written under lock, read by engines at any time */
    struct CUstream_st *streams; /* all live streams */
};

extern struct sim sim;

/*
 * Begin a call: answers what a rule says (rule.h), CUDA_ERROR_NOT_INITIALIZED before
 * cuInit and in a forked child, CUDA_ERROR_NOT_PERMITTED inside a host function.  On CUDA_SUCCESS
 * the caller holds sim.lock and must end with sim_end(); else it holds nothing.
 */
CUresult sim_begin(const char *call);

/*
 * The same for a call that works in the current context; besides it answers
 * CUDA_ERROR_INVALID_CONTEXT without one, CUDA_ERROR_CONTEXT_IS_DESTROYED for
 * a dead one, and the sticky error.  *ctx is borrowed until sim_end().
 */
CUresult sim_begin_ctx(const char *call, CUcontext *ctx);

/* Release sim.lock and return cu. */
CUresult sim_end(CUresult cu);

/* Record the first sticky error; wakes everyone.  Takes sim.lock held. */
void sim_poison(CUresult cu);

/* Make engine threads and memfds once.  0 or a CUDA error; sim.lock held. */
CUresult sim_start(void);

/* One line on stderr, prefixed, at most 500 bytes. */
void sim_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Set while this thread runs a host function of a stream. */
extern __thread bool sim_in_host_func;

/* Nanoseconds of the monotonic clock. */
uint64_t sim_now_ns(void);

static inline size_t sim_round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

#endif
