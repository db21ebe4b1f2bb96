/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/event.h"

#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"

CUresult gs_event_known(CUevent handle, struct gs_event **event)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_EVENT);
    *event = s != NULL ? vgpu_handles_get(s->events, gs_handle_wire(value)) : NULL;
    return *event != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult gs_event_find(CUevent handle, struct gs_event **event)
{
    CUresult cu = gs_event_known(handle, event);

    return cu == CUDA_SUCCESS ? gs_session_error((*event)->session) : cu;
}

CUevent gs_event_handle(const struct gs_event *event)
{
    return (CUevent)(uintptr_t)gs_handle_public(event->session, event->wire);
}

CUresult gs_event_destroy(struct gs_event *event)
{
    struct vgpu_args_cuEventDestroy_v2 args = {.event = event->wire};
    struct gs_session *s = event->session;
    CUresult cu = gs_send_cuEventDestroy_v2(s, &args);

    if (vgpu_handles_take(s->events, event->wire) != NULL) {
        gs_capture_forget(event);
        atomic_store(&s->events_asked, event->asked);
        gs_beacon_give(s, &event->own);
        gs_event_free(event);
    }
    return cu;
}

void gs_event_free(struct gs_event *event)
{
    free(event->mark);
    free(event);
}

/* An event follows the last one that ended: programs that ask make new ones to ask for. */
static struct gs_event *new_event(const struct gs_call *call, unsigned int flags)
{
    struct gs_event *event = calloc(1, sizeof(*event));

    if (event != NULL) {
        event->session = call->session;
        event->context = call->context;
        event->flags = flags;
        event->asked = atomic_load(&call->session->events_asked);
    }
    return event;
}

static CUresult make_event(const struct gs_call *call, unsigned int flags, CUevent *handle)
{
    struct gs_event *event = new_event(call, flags);
    struct vgpu_args_cuEventCreate args = {.flags = flags};
    CUresult cu;

    if (event == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (vgpu_handles_mint(call->session->events, event, &event->wire) != 0) {
        gs_event_free(event);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    args.event = event->wire;
    cu = gs_send_cuEventCreate(call->session, &args);
    if (cu != CUDA_SUCCESS) {
        (void)vgpu_handles_take(call->session->events, event->wire);
        gs_event_free(event);
        return cu;
    }
    *handle = gs_event_handle(event);
    return CUDA_SUCCESS;
}

CUresult gs_cuEventCreate(CUevent *phEvent, unsigned int Flags)
{
    const unsigned int known =
        CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (phEvent == NULL || (Flags & ~known) != 0 ||
        ((Flags & CU_EVENT_INTERPROCESS) != 0 && (Flags & CU_EVENT_DISABLE_TIMING) == 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((Flags & CU_EVENT_INTERPROCESS) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED; /* nothing could open it elsewhere */
    }
    return make_event(&call, Flags, phEvent);
}

static CUresult send_record(struct gs_event *event, struct gs_stream *stream)
{
    CUresult cu = gs_stream_room(stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_capture_forget(event);
    return gs_event_record(event, stream);
}

CUresult gs_cuEventRecordWithFlags(CUevent hEvent, CUstream hStream, unsigned int flags)
{
    struct gs_stream *stream;
    struct gs_event *event;
    struct gs_call call;
    CUresult cu = gs_event_find(hEvent, &event);

    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_enter(hStream, &call, &stream);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags > CU_EVENT_RECORD_EXTERNAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (event->context != stream->context) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (gs_stream_captures(stream)) {
        return gs_capture_record(stream, event, flags == CU_EVENT_RECORD_EXTERNAL);
    }
    return flags == CU_EVENT_RECORD_DEFAULT ? send_record(event, stream) : CUDA_ERROR_ILLEGAL_STATE;
}

CUresult gs_cuEventRecord(CUevent hEvent, CUstream hStream)
{
    return gs_cuEventRecordWithFlags(hEvent, hStream, CU_EVENT_RECORD_DEFAULT);
}

CUresult gs_cuEventQuery(CUevent hEvent)
{
    struct gs_event *event;
    CUresult cu = gs_event_find(hEvent, &event);

    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_event_asked(event);
    }
    return cu == CUDA_SUCCESS ? gs_event_query(event) : cu;
}

/* These two name a missing event before they look for cuInit, as native. */
static CUresult find_named(CUevent handle, struct gs_event **event)
{
    return handle != NULL ? gs_event_find(handle, event) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult gs_cuEventSynchronize(CUevent hEvent)
{
    struct gs_event *event;
    CUresult cu = find_named(hEvent, &event);

    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_event_asked(event); /* before what the thread's mode forbids: measured */
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_unsafe();
    }
    return cu == CUDA_SUCCESS ? gs_event_wait(event) : cu;
}

CUresult gs_cuEventDestroy_v2(CUevent hEvent)
{
    struct gs_event *event;
    CUresult cu = find_named(hEvent, &event);

    return cu == CUDA_SUCCESS ? gs_event_destroy(event) : cu;
}

static bool has_time(const struct gs_event *event)
{
    return (event->flags & CU_EVENT_DISABLE_TIMING) == 0 && atomic_load(&event->records) > 0;
}

CUresult gs_cuEventElapsedTime_v2(float *ms, CUevent start, CUevent end)
{
    struct vgpu_args_cuEventElapsedTime_v2 args;
    struct vgpu_ret_cuEventElapsedTime_v2 ret;
    struct gs_event *first;
    struct gs_event *second;
    CUresult cu = gs_event_find(start, &first);

    if (cu == CUDA_SUCCESS) {
        cu = gs_event_find(end, &second);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ms == NULL || !has_time(first) || !has_time(second) || first->context != second->context) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    args.start = first->wire;
    args.end = second->wire;
    cu = gs_call_cuEventElapsedTime_v2(first->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        *ms = ret.ms;
    }
    return cu;
}
