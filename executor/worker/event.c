/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/event.h"

#include <stdlib.h>

#include "executor/worker/session.h"

struct ex_event {
    struct ex_event_ref *ref; /* owned reference */
    uint32_t flags;
};

/* Flags that mean something here; events of other processes do not. */
#define FLAGS_KNOWN (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING)

static CUresult ref_new(struct ex_session *x, uint32_t flags, struct ex_event_ref **ref)
{
    struct ex_event_ref *made = calloc(1, sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = x->driver->cuEventCreate(&made->cu, flags);
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    made->count = 1;
    *ref = made;
    return CUDA_SUCCESS;
}

struct ex_event_ref *ex_event_hold(struct ex_session *x, uint64_t handle)
{
    struct ex_event *event = vgpu_handles_get(x->events, handle);

    if (event == NULL) {
        return NULL;
    }
    event->ref->count++;
    return event->ref;
}

struct ex_event_ref *ex_event_hold_node(struct ex_session *x, uint64_t handle)
{
    struct ex_event_ref *ref = ex_event_hold(x, handle);

    if (ref != NULL) {
        ref->nodes++;
    }
    return ref;
}

void ex_event_release_node(struct ex_session *x, struct ex_event_ref *ref)
{
    ref->nodes--;
    ex_event_release(x, ref);
}

void ex_event_release(struct ex_session *x, struct ex_event_ref *ref)
{
    if (--ref->count == 0) {
        (void)x->driver->cuEventDestroy(ref->cu);
        free(ref);
    }
}

CUresult ex_get_event(struct ex_session *x, uint64_t handle, CUevent *event)
{
    struct ex_event *found = vgpu_handles_get(x->events, handle);

    if (found == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *event = found->ref->cu;
    return CUDA_SUCCESS;
}

CUresult ex_do_cuEventCreate(struct ex_session *session, const struct vgpu_args_cuEventCreate *args,
                             struct vgpu_ret_cuEventCreate *ret)
{
    struct ex_event *event;
    CUresult cu;

    (void)ret;
    if ((args->flags & ~(uint32_t)FLAGS_KNOWN) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    event = calloc(1, sizeof(*event));
    if (event == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    event->flags = args->flags;
    cu = ref_new(session, args->flags, &event->ref);
    if (cu != CUDA_SUCCESS) {
        free(event);
        return cu;
    }
    if (vgpu_handles_accept(session->events, args->event, event) < 0) {
        ex_event_release(session, event->ref);
        free(event);
        return CUDA_ERROR_INVALID_HANDLE;
    }
    return CUDA_SUCCESS;
}

CUresult ex_do_cuEventDestroy_v2(struct ex_session *session,
                                 const struct vgpu_args_cuEventDestroy_v2 *args,
                                 struct vgpu_ret_cuEventDestroy_v2 *ret)
{
    struct ex_event *event = vgpu_handles_take(session->events, args->event);

    (void)ret;
    if (event == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    ex_event_release(session, event->ref);
    free(event);
    return CUDA_SUCCESS;
}

/* Gives the event another driver event when someone still waits for the last record. */
static CUresult renew(struct ex_session *x, struct ex_event *event)
{
    struct ex_event_ref *fresh = NULL;
    CUresult cu;

    if (event->ref->count - event->ref->nodes == 1) {
        return CUDA_SUCCESS;
    }
    cu = ref_new(x, event->flags, &fresh);
    if (cu == CUDA_SUCCESS) {
        ex_event_release(x, event->ref);
        event->ref = fresh;
    }
    return cu;
}

CUresult ex_event_for_record(struct ex_session *x, uint64_t handle, CUevent *event)
{
    struct ex_event *found = vgpu_handles_get(x->events, handle);
    CUresult cu = CUDA_ERROR_INVALID_HANDLE;

    if (found != NULL) {
        cu = renew(x, found);
    }
    if (cu == CUDA_SUCCESS) {
        *event = found->ref->cu;
    }
    return cu;
}

CUresult ex_event_record(struct ex_session *x, uint64_t handle, uint64_t stream, uint32_t flags,
                         struct ex_stream **s)
{
    CUevent event = NULL;
    CUresult cu = ex_stream_enter(x, stream, s);

    if (cu == CUDA_SUCCESS) {
        cu = ex_event_for_record(x, handle, &event);
    }
    if (cu == CUDA_SUCCESS) {
        cu = x->driver->cuEventRecordWithFlags(event, (*s)->cu, flags);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(x, *s);
    }
    return cu;
}

/* Beside nodes, and the event itself, somebody waits for an earlier record. */
static bool is_awaited(const struct ex_event *event, const struct ex_event_ref *ref)
{
    return ref->count - ref->nodes > (event->ref == ref ? 1u : 0u);
}

/* The event names what a node names. */
static void follow(struct ex_session *x, struct ex_event *event, struct ex_event_ref *ref)
{
    ref->count++;
    ex_event_release(x, event->ref);
    event->ref = ref;
}

CUresult ex_event_settle_record(struct ex_session *x, uint64_t handle, struct ex_event_ref **ref)
{
    struct ex_event *event = vgpu_handles_get(x->events, handle);
    struct ex_event_ref *fresh = NULL;
    CUresult cu;

    if (event == NULL) {
        return CUDA_SUCCESS;
    }
    if (is_awaited(event, *ref)) {
        cu = ref_new(x, event->flags, &fresh); /* the node's own use of it */
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        fresh->nodes = 1;
        ex_event_release_node(x, *ref);
        *ref = fresh;
    }
    if (event->ref != *ref) {
        follow(x, event, *ref);
    }
    return CUDA_SUCCESS;
}

CUresult ex_do_cuEventRecordWithFlags(struct ex_session *session,
                                      const struct vgpu_args_cuEventRecordWithFlags *args,
                                      struct vgpu_ret_cuEventRecordWithFlags *ret)
{
    struct ex_stream *s = NULL;

    (void)ret;
    return ex_event_record(session, args->event, args->stream, args->flags, &s);
}
