/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_EVENT_H
#define EX_WORKER_EVENT_H

/*
 * The guest's events.  A wait is for the record that was there when it began, so a driver
 * event that someone waits for is not recorded again: the guest's event gets another
 * one.  The dispatcher's alone.
 */

#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;
struct ex_stream;

struct ex_event_ref {
    CUevent cu;
    uint32_t count; /* the guest's event, waits and nodes of graphs */
    uint32_t nodes; /* of them, nodes: what these mean is the last record, whichever it is */
};

/* Counts one more user of what the event of this handle holds now; NULL for a bad handle. */
struct ex_event_ref *ex_event_hold(struct ex_session *x, uint64_t handle);

/* The same for a node of a graph, and its end. */
struct ex_event_ref *ex_event_hold_node(struct ex_session *x, uint64_t handle);
void ex_event_release_node(struct ex_session *x, struct ex_event_ref *ref);

/* The driver event to record the guest's event with.  CUDA_ERROR_INVALID_HANDLE, or why a new one
 * cannot be made. */
CUresult ex_event_for_record(struct ex_session *x, uint64_t handle, CUevent *event);

/* Records it in a stream, which is looked up and counts the operation. */
CUresult ex_event_record(struct ex_session *x, uint64_t handle, uint64_t stream, uint32_t flags,
                         struct ex_stream **s);

/*
 * What the node of a graph that records an event has to name before a run: *ref
 * is what it names, a node's reference, which may be exchanged.  An event that is gone is
 * left as it is.  After a record the event means this reference.
 */
CUresult ex_event_settle_record(struct ex_session *x, uint64_t handle, struct ex_event_ref **ref);

/* Counts one user less; the last one destroys the driver's event. */
void ex_event_release(struct ex_session *x, struct ex_event_ref *ref);

#endif
