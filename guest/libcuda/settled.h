/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_SETTLED_H
#define GS_SETTLED_H

/*
 * What of a session's work is known to be done, so that calls which wait for all of it need not ask
 * when nothing is left.  Counts per stream index stand against `sent` of the session; work of a
 * stream is done in order, so one number an index says it.  Any thread, no lock.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_session;

struct gs_settled {
    _Atomic uint32_t high;                   /* no index at or above it has been used */
    _Atomic uint64_t done[VGPU_STREAMS_MAX]; /* by stream index */
};

/* Nothing was sent yet. */
void gs_settled_init(struct gs_settled *settled);

/* A stream of this index exists from now on. */
void gs_settled_use(struct gs_session *s, uint32_t index);

/* The first `sent` operations of an index are done. */
void gs_settled_up_to(struct gs_session *s, uint32_t index, uint64_t sent);

/* True when all that this thread knows to be sent is done. */
bool gs_settled_all(struct gs_session *s);

/* Waits until all that was sent is done, destroyed streams' work included; a sticky error. */
CUresult gs_synchronize(struct gs_session *s);

/* The same, and asks nobody when nothing is left. */
CUresult gs_settle(struct gs_session *s);

#endif
