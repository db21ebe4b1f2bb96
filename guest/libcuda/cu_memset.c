/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/stream.h"

/* What the three widths share: checks, the device's address, the way into the stream. */
static CUresult prepare(uint64_t *dst, size_t count, size_t width, CUstream handle,
                        struct gs_call *call, struct gs_stream **stream)
{
    enum gs_place place;
    CUresult cu = gs_stream_enter(handle, call, stream);

    if (cu != CUDA_SUCCESS || count == 0) {
        return cu;
    }
    if (*dst == 0 || *dst % width != 0 || count > SIZE_MAX / width) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    place = gs_place_of(call->session, dst, count * width, true);
    if (place == GS_PLACE_OTHER_DEVICE) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (place != GS_PLACE_DEVICE && place != GS_PLACE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_stream_captures(*stream) ? CUDA_SUCCESS : gs_stream_room(*stream);
}

static CUresult capture(struct gs_stream *stream, uint64_t dst, uint32_t value, uint32_t width,
                        size_t count)
{
    CUDA_MEMSET_NODE_PARAMS fill = {
        .dst = dst, .value = value, .elementSize = width, .width = count, .height = 1};

    return gs_capture_fill(stream, &fill);
}

CUresult gs_cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream)
{
    struct vgpu_args_cuMemsetD8Async args = {.dst = dstDevice, .value = uc, .count = N};
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = prepare(&args.dst, N, 1, hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && N > 0 && gs_stream_captures(stream)) {
        return capture(stream, args.dst, uc, 1, N);
    }
    if (cu == CUDA_SUCCESS && N > 0) {
        args.stream = stream->wire;
        gs_stream_sends(stream, 1);
        cu = gs_stream_sent(gs_send_cuMemsetD8Async(call.session, &args));
    }
    return cu;
}

CUresult gs_cuMemsetD16Async(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream)
{
    struct vgpu_args_cuMemsetD16Async args = {.dst = dstDevice, .value = us, .count = N};
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = prepare(&args.dst, N, 2, hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && N > 0 && gs_stream_captures(stream)) {
        return capture(stream, args.dst, us, 2, N);
    }
    if (cu == CUDA_SUCCESS && N > 0) {
        args.stream = stream->wire;
        gs_stream_sends(stream, 1);
        cu = gs_stream_sent(gs_send_cuMemsetD16Async(call.session, &args));
    }
    return cu;
}

CUresult gs_cuMemsetD32Async(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream)
{
    struct vgpu_args_cuMemsetD32Async args = {.dst = dstDevice, .value = ui, .count = N};
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = prepare(&args.dst, N, 4, hStream, &call, &stream);

    if (cu == CUDA_SUCCESS && N > 0 && gs_stream_captures(stream)) {
        return capture(stream, args.dst, ui, 4, N);
    }
    if (cu == CUDA_SUCCESS && N > 0) {
        args.stream = stream->wire;
        gs_stream_sends(stream, 1);
        cu = gs_stream_sent(gs_send_cuMemsetD32Async(call.session, &args));
    }
    return cu;
}

/* Without a stream they do not wait either: nothing on the host can see the fill before it reads
 * device memory, which the same stream does later.  Pinned memory the host can see. */
static CUresult settle(CUresult cu, uint64_t dst, size_t bytes, CUstream implicit)
{
    struct gs_stream *stream;
    struct gs_call call;

    if (cu != CUDA_SUCCESS || bytes == 0) {
        return cu;
    }
    cu = gs_stream_enter(implicit, &call, &stream);
    if (cu != CUDA_SUCCESS || gs_place_of(call.session, &dst, bytes, true) != GS_PLACE_PINNED) {
        return cu;
    }
    return gs_stream_wait(stream);
}

CUresult gs_cuMemsetD8_v2(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream implicit)
{
    return settle(gs_cuMemsetD8Async(dstDevice, uc, N, implicit), dstDevice, N, implicit);
}

CUresult gs_cuMemsetD16_v2(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream implicit)
{
    return settle(gs_cuMemsetD16Async(dstDevice, us, N, implicit), dstDevice, 2 * N, implicit);
}

CUresult gs_cuMemsetD32_v2(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream implicit)
{
    return settle(gs_cuMemsetD32Async(dstDevice, ui, N, implicit), dstDevice, 4 * N, implicit);
}
