/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_FENCE_H
#define EX_WORKER_FENCE_H

/*
 * What guest threads wait for or ask for that is no mark of a stream: events, and streams that
 * must not be written to.  They are polled; when one has passed, the worker writes the fence slot.
 * The dispatcher's alone.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/channel.h"

struct ex_session;
struct ex_event_ref;

/* A guest thread waits for one thing at a time, and a beacon tells of one; room for a second one is
 * slack. */
#define EX_FENCES_MAX (2u * VGPU_FENCES_MAX)

struct ex_wait {
    struct ex_event_ref *event; /* owned reference, or NULL: */
    uint64_t stream;            /* handle of the stream that is queried */
    uint32_t lane;              /* fence slot: a lane's, or a beacon */
    uint64_t value;
};

struct ex_fences {
    struct ex_wait *waits; /* owned, grows to EX_FENCES_MAX */
    uint32_t count;
    uint32_t capacity;
};

/* Looks at every wait; true when one has passed.  Does not return on a sticky error. */
bool ex_fences_poll(struct ex_session *x);

/* True while a guest thread may be waiting for something that only polling finds out. */
bool ex_fences_pending(const struct ex_session *x);

#endif
