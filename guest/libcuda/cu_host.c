/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/host_call.h"
#include "guest/libcuda/stream.h"

CUresult gs_host_call_send(struct gs_stream *stream, const struct gs_host_function *function)
{
    struct vgpu_args_cuLaunchHostFunc args = {.stream = stream->wire};
    struct gs_session *s = stream->session;
    CUresult cu = gs_stream_room(stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_host_call_new(s, function, false, &args.token);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_host_call_expect(s, args.token);
    gs_stream_sends(stream, 1);
    cu = gs_stream_sent(gs_send_cuLaunchHostFunc(s, &args));
    if (cu != CUDA_SUCCESS) {
        gs_host_call_unexpect(s, args.token);
    }
    return cu;
}

CUresult gs_cuLaunchHostFunc(CUstream hStream, CUhostFn fn, void *userData)
{
    struct gs_host_function function = {.fn = fn, .data = userData};
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(hStream, &call, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (fn == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (gs_stream_captures(stream)) {
        struct gs_node_params params = {.type = CU_GRAPH_NODE_TYPE_HOST,
                                        .host = {.fn = fn, .userData = userData}};

        return gs_capture_add(stream, &params);
    }
    return gs_host_call_send(stream, &function);
}

CUresult gs_cuStreamAddCallback(CUstream hStream, CUstreamCallback callback, void *userData,
                                unsigned int flags)
{
    struct gs_host_function function = {.callback = callback, .data = userData};
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu;

    if (callback == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = gs_stream_enter(hStream, &call, &stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (gs_stream_captures(stream)) {
        return gs_capture_refuse(stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    }
    function.stream = hStream;
    return gs_host_call_send(stream, &function);
}
