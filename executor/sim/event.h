/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

/*
 * Events.  Each record makes a point; the event names the latest, a stream
 * that waits holds the one that was latest at that call.  Need sim.lock.
 */

#include "executor/sim/context.h"

struct sim_point {
    unsigned refs;
    bool done;
    uint64_t time_ns;
};

struct CUevent_st {
    struct CUevent_st *prev;
    struct CUevent_st *next;
    CUcontext ctx;
    unsigned int flags;
    struct sim_point *point; /* a reference; NULL before the first record */
};

/* A point with one reference, or NULL without memory. */
struct sim_point *point_new(void);
void point_unref(struct sim_point *point);

/* As cuEventRecordWithFlags, within a call that works in ctx. */
CUresult event_record(CUcontext ctx, CUevent ev, CUstream handle, unsigned int flags);

/* Free all events of a context. */
void event_free_all(CUcontext ctx);

#endif
