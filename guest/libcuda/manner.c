/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/manner.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/event.h"

static enum gs_manner of_context(const struct gs_context *context)
{
    switch (atomic_load_explicit(&context->flags, memory_order_relaxed) & CU_CTX_SCHED_MASK) {
    case CU_CTX_SCHED_BLOCKING_SYNC:
        return GS_SLEEP;
    case CU_CTX_SCHED_YIELD:
        return GS_YIELD;
    default:
        /* Automatic is to spin unless there are more contexts than processors. */
        return GS_SPIN;
    }
}

enum gs_manner gs_manner_of_stream(const struct gs_stream *stream)
{
    switch (atomic_load_explicit(&stream->sync_policy, memory_order_relaxed)) {
    case CU_SYNC_POLICY_BLOCKING_SYNC:
        return GS_SLEEP;
    case CU_SYNC_POLICY_YIELD:
        return GS_YIELD;
    case CU_SYNC_POLICY_SPIN:
        return GS_SPIN;
    default:
        return of_context(stream->context);
    }
}

enum gs_manner gs_manner_of_event(const struct gs_event *event)
{
    return (event->flags & CU_EVENT_BLOCKING_SYNC) != 0 ? GS_SLEEP : of_context(event->context);
}
