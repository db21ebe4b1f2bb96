/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_SETTLED_H
#define GS_SETTLED_H

/*
 * What of a session's work is known to be done, so that calls which wait for all of it need not ask
 * when nothing is left.  Counts per stream index stand against `sent` of the session; work of a
 * stream is done in order, so one number an index says it.  Any thread.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/cuda_abi.h"
#include "proto/limits.h"

struct gs_session;

/*
 * A stream that ends with work left leaves an orphan: waiting for the next stream of its index says
 * nothing about it, only waiting for everything does.
 */
struct gs_orphan {
    uint64_t from; /* of the index's operations: known to be done */
    uint64_t to;   /* sent when the stream ended */
    uint64_t number;
};

/* Whether work of one stream waits for work of others, so that its end says something of theirs. */
enum gs_joins {
    GS_JOINS_NONE,
    GS_JOINS_LEGACY, /* as every blocking stream, once the legacy stream has been used */
    GS_JOINS_EVENTS, /* it waited for an event, or it is the legacy stream */
};

struct gs_settled {
    _Atomic uint32_t high;                   /* no index at or above it has been used */
    _Atomic uint64_t done[VGPU_STREAMS_MAX]; /* by stream index */
    _Atomic uint64_t orphans;                /* made */
    _Atomic uint64_t orphans_done;
    _Atomic uint8_t joins[VGPU_STREAMS_MAX]; /* enum gs_joins, by stream index */
    _Atomic uint64_t news;                   /* times that a stream which joins got further */
    _Atomic uint64_t own_news[VGPU_STREAMS_MAX];
    _Atomic uint64_t legacy; /* sent to all streams when the legacy stream was last waited for */
    pthread_mutex_t lock;
    struct gs_orphan last[VGPU_STREAMS_MAX]; /* by stream index, under the lock */
};

/* Nothing was sent yet. */
void gs_settled_init(struct gs_settled *settled);

/* A stream of this index exists from now on. */
void gs_settled_use(struct gs_session *s, uint32_t index, bool blocking);

/* It waits for an event from now on. */
void gs_settled_join(struct gs_session *s, uint32_t index);

/*
 * A number that changes when it was learned of other streams, or from host functions, that work is
 * done which may have waited for this stream's: what was not ready before may be now.
 */
uint64_t gs_settled_news(struct gs_session *s, uint32_t index);

/* The stream of this index is no more. */
void gs_settled_end(struct gs_session *s, uint32_t index);

/* The first `sent` operations of an index are done, or those that the living stream had of them. */
void gs_settled_up_to(struct gs_session *s, uint32_t index, uint64_t sent);

/* True when the first `sent` operations of an index are known to be done. */
bool gs_settled_by(struct gs_session *s, uint32_t index, uint64_t sent);

/* How much was sent to all streams, for a wait for the legacy stream that begins now; and that such
 * a wait is over: until more is sent, nothing is left that the legacy stream waits for. */
uint64_t gs_settled_sent(struct gs_session *s);
void gs_settled_legacy(struct gs_session *s, uint64_t sent);

/* True when all that this thread knows to be sent is done. */
bool gs_settled_all(struct gs_session *s);

/* Waits until all that was sent is done, destroyed streams' work included; a sticky error. */
CUresult gs_synchronize(struct gs_session *s);

/* The same, and asks nobody when nothing is left. */
CUresult gs_settle(struct gs_session *s);

#endif
