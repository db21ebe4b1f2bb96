/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/deferred.h"
#include "guest/libcuda/event.h"
#include "guest/libcuda/pool.h"
#include "guest/libcuda/stream.h"

CUresult gs_cuStreamCreateWithPriority(CUstream *phStream, unsigned int flags, int priority)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu;

    if (phStream == NULL || (flags & ~(unsigned int)CU_STREAM_NON_BLOCKING) != 0) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = gs_enter(&call);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = gs_stream_new(call.session, call.context, flags, priority, &stream);
    if (cu == CUDA_SUCCESS) {
        *phStream = gs_stream_handle(stream);
    }
    return cu;
}

CUresult gs_cuStreamCreate(CUstream *phStream, unsigned int Flags)
{
    return gs_cuStreamCreateWithPriority(phStream, Flags, 0);
}

CUresult gs_cuStreamDestroy_v2(CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu;

    if ((uintptr_t)hStream <= (uintptr_t)CU_STREAM_PER_THREAD) {
        return CUDA_ERROR_INVALID_HANDLE; /* before cuInit too, as native */
    }
    cu = gs_stream_enter(hStream, &call, &stream);
    return cu == CUDA_SUCCESS ? gs_stream_destroy(stream) : cu;
}

CUresult gs_cuStreamGetPriority(CUstream hStream, int *priority)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && priority == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *priority = stream->priority;
    }
    return cu;
}

CUresult gs_cuStreamGetFlags(CUstream hStream, unsigned int *flags)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && flags == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && gs_stream_captures(stream)) {
        return gs_capture_refuse(stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    }
    if (cu == CUDA_SUCCESS) {
        *flags = stream->flags;
    }
    return cu;
}

CUresult gs_cuStreamGetId(CUstream hStream, unsigned long long *streamId)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && streamId == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *streamId = stream->id;
    }
    return cu;
}

CUresult gs_cuStreamGetCtx(CUstream hStream, CUcontext *pctx)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && pctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pctx = gs_context_handle(stream->context);
    }
    return cu;
}

CUresult gs_cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags)
{
    struct vgpu_args_cuStreamWaitEvent args = {.flags = Flags};
    struct gs_stream *stream;
    struct gs_event *event;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_event_find(hEvent, &event);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (Flags > CU_EVENT_WAIT_EXTERNAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (gs_capture_concerns(stream, event)) {
        return gs_capture_wait(stream, event, Flags == CU_EVENT_WAIT_EXTERNAL);
    }
    if (Flags != CU_EVENT_WAIT_DEFAULT) {
        return CUDA_ERROR_ILLEGAL_STATE; /* EXTERNAL is for captures */
    }
    if (event->session != stream->session) {
        /* Two workers: no device waits for the other's event, so this thread does. */
        return gs_event_wait(event);
    }
    cu = gs_stream_room(stream);
    if (cu == CUDA_SUCCESS) {
        args.stream = stream->wire;
        args.event = event->wire;
        gs_settled_join(stream->session, vgpu_handle_index_of(stream->wire));
        gs_stream_sends(stream, 1);
        cu = gs_stream_sent(gs_send_cuStreamWaitEvent(stream->session, &args));
    }
    return cu;
}

CUresult gs_cuStreamQuery(CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_asked(stream);
    }
    return cu == CUDA_SUCCESS ? gs_stream_query(stream) : cu;
}

CUresult gs_cuStreamSynchronize(CUstream hStream)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_asked(stream);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_deferred_wait(stream);
    }
    if (cu == CUDA_SUCCESS) {
        gs_pools_synced(stream->session);
    }
    return cu;
}
