/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_MANNER_H
#define GS_MANNER_H

/* How a thread waits (enum gs_manner of link.h): what the program asked of a context
 * (CU_CTX_SCHED_MASK), of a stream (CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY) and of an event
 * (CU_EVENT_BLOCKING_SYNC).  Any thread, no lock. */

#include "guest/libcuda/link.h"

struct gs_event;
struct gs_stream;

/* The stream's own policy when it has one, else its context's. */
enum gs_manner gs_manner_of_stream(const struct gs_stream *stream);

/* Sleeps for an event that was made so, else as its context says. */
enum gs_manner gs_manner_of_event(const struct gs_event *event);

#endif
