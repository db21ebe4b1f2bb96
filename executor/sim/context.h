/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_CONTEXT_H
#define SIM_CONTEXT_H

/*
 * Contexts: objects that are never freed, so that a use after destruction is
 * answered with CUDA_ERROR_CONTEXT_IS_DESTROYED, and each thread's stack of
 * current contexts.
 */

#include "executor/sim/sim.h"

struct CUctx_st {
    struct CUctx_st *next; /* all contexts ever made */
    struct sim_device *dev;
    uint64_t id;
    unsigned int flags;
    bool primary;
    bool active;
    CUfunc_cache cache_config;
    size_t limit[CU_LIMIT_MAX];
    struct CUstream_st *null_stream;
    struct thread_stream *thread_streams; /* CU_STREAM_PER_THREAD of each thread */
    struct CUmod_st *modules;
    struct CUevent_st *events;
};

/* The calling thread's current context or NULL.  Borrowed; never freed. */
CUcontext context_current(void);

#endif
