/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_EVENT_H
#define GS_EVENT_H

/* Events, and how a query knows what is done: by a look where it can (beacon.h). */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/libcuda/beacon.h"
#include "guest/libcuda/lock.h"
#include "proto/cuda_abi.h"

struct gs_context;
struct gs_session;
struct gs_stream;

/* The last record of an event. */
struct gs_record {
    uint32_t index; /* of its stream, */
    uint64_t sent;  /* of which it was this operation; 0: it shares an operation with other work */
    uint32_t slot;  /* fence slot that shows it, */
    uint64_t value; /* by this value; 0: none does */
};

struct gs_event {
    struct gs_session *session;
    struct gs_context *context;
    uint64_t wire;
    unsigned int flags;
    _Atomic uint64_t records; /* times recorded */
    _Atomic uint64_t done;    /* the record that is known to have happened */
    _Atomic bool captured;    /* its last record was in a capturing stream: */
    struct gs_mark *mark;     /* owned; guarded by the lock of graphs (capture.h) */

    struct gs_lock lock; /* guards what follows; held while a record or a question is sent */
    struct gs_record last;
    bool asked;                  /* a query found it not ready: its records are announced */
    uint64_t news;               /* gs_settled_news() when it was last known to be not ready */
    struct gs_beacon own;        /* for a record that was not announced */
    struct gs_patience patience; /* of queries of the last record */
};

/* The live event of a handle whose session has not ended: 400, or the sticky error; for what needs
 * no worker: 400. */
CUresult gs_event_find(CUevent handle, struct gs_event **event);
CUresult gs_event_known(CUevent handle, struct gs_event **event);

/* The handle that the program knows. */
CUevent gs_event_handle(const struct gs_event *event);

/* Waits until the last record has happened; an event without one has. */
CUresult gs_event_wait(struct gs_event *event);

/* Ends it here and in the worker, whatever the send brings, which is returned. */
CUresult gs_event_destroy(struct gs_event *event);

/* Frees one whose session has ended. */
void gs_event_free(struct gs_event *event);

/* Records it in a stream of its context that has room. */
CUresult gs_event_record(struct gs_event *event, struct gs_stream *stream);

/* Another operation of a stream has recorded it: one that was sent just now. */
void gs_event_recorded(struct gs_event *event);

/* CUDA_SUCCESS when the last record has happened, 600 when not, or why it never will. */
CUresult gs_event_query(struct gs_event *event);

/* Notes that the last record has happened, if a look tells.  Any thread. */
bool gs_event_look(struct gs_event *event);

#endif
