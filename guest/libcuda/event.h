/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_EVENT_H
#define GS_EVENT_H

/* Events. */

#include <stdatomic.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct gs_context;
struct gs_session;

struct gs_event {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    unsigned int flags;
    _Atomic uint64_t records; /* times recorded */
    _Atomic uint64_t done;    /* the record that is known to have happened */
};

/* The live event of a handle whose session has not ended: 400, or the sticky error. */
CUresult gs_event_find(CUevent handle, struct gs_event **event);

/* Waits until the last record has happened; an event without one has. */
CUresult gs_event_wait(struct gs_event *event);

CUresult gs_event_destroy(struct gs_event *event);

#endif
