/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_BEACON_H
#define GS_BEACON_H

/*
 * Words of the channel that tell queries what is done: the GPU, or the worker, writes growing
 * values there, so that a look is all that a query needs.
 *
 *   events   recorded in one stream show by the stream's beacon, in order; the GPU writes it
 *            directly behind each record (vgpuRecord).  Only events that a query once found not
 *            ready are announced so: who never asks pays nothing.
 *   streams  have a beacon of their own, asked for by the query itself (vgpuFence).
 *   others   an event that was not announced gets a beacon of its own (vgpuEventWait).
 *
 * There are VGPU_BEACONS_MAX of them.  One that is given back is used again when it has shown its
 * last value, so nothing of its earlier life can come; without a free one queries ask the worker.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/limits.h"

struct gs_session;

struct gs_beacon {
    uint32_t slot; /* fence slot; 0: none */
    uint64_t last; /* value that was asked for last */
};

struct gs_beacons {
    pthread_mutex_t lock;
    uint32_t fresh; /* as many were never used */
    uint32_t first; /* of the queue of those that were given back */
    uint32_t count;
    struct gs_beacon given[VGPU_BEACONS_MAX];
};

/* None is given. */
void gs_beacons_init(struct gs_beacons *beacons);

/* Has *beacon be one, if it is none yet.  False: there is none left.  The caller's lock guards
 * *beacon. */
bool gs_beacon_take(struct gs_session *s, struct gs_beacon *beacon);

/* Ends *beacon, which may be none. */
void gs_beacon_give(struct gs_session *s, struct gs_beacon *beacon);

/* Whether it has come to this value.  What was done before is seen then. */
bool gs_beacon_shows(struct gs_session *s, uint32_t slot, uint64_t value);

/*
 * When a query that found nothing done asks the worker the next time: after an eighth of the time
 * it has been so, 1 ms at first.  So a fault is noticed, and whatever kept a beacon from shining.
 */
struct gs_patience {
    uint64_t since_ns; /* 0: not asked yet */
    uint64_t until_ns;
    uint64_t ticks; /* of the processor, when the clock was read last */
};

/* Starts it anew. */
static inline void gs_patience_reset(struct gs_patience *patience)
{
    patience->since_ns = 0;
}

/* True when it is time to ask; the time is put off then. */
bool gs_patience_is_over(struct gs_patience *patience);

#endif
