/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "common/overflow.h"
#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/stream.h"

/* Fills of rectangles, and what the three widths share. */
struct fill {
    uint64_t dst;
    uint64_t pitch;
    uint32_t value;
    uint32_t element; /* bytes */
    uint64_t width;   /* elements */
    uint64_t height;
};

/* The bytes from the first to behind the last; false when rows overlap or lie off their grid. */
static bool measure(const struct fill *fill, uint64_t *span)
{
    uint64_t row;

    if (fill->dst == 0 || fill->dst % fill->element != 0 ||
        !vgpu_u64_mul(fill->width, fill->element, &row)) {
        return false;
    }
    if (fill->height > 1 && (fill->pitch < row || fill->pitch % fill->element != 0)) {
        return false;
    }
    return vgpu_u64_mul(fill->height - 1, fill->pitch, span) && vgpu_u64_add(*span, row, span);
}

static CUresult send(const struct fill *fill, struct gs_stream *stream)
{
    struct vgpu_args_vgpuFill2D args = {
        .dst = fill->dst,
        .pitch = fill->height > 1 ? fill->pitch : fill->width * fill->element,
        .width = fill->width,
        .height = fill->height,
        .stream = stream->wire,
        .value = fill->value,
        .element = fill->element,
    };
    CUresult cu = gs_stream_room(stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_stream_sends(stream, 1);
    return gs_stream_sent(gs_send_vgpuFill2D(stream->session, &args));
}

static CUresult capture(const struct fill *fill, struct gs_stream *stream, bool wait)
{
    CUDA_MEMSET_NODE_PARAMS node = {.dst = fill->dst,
                                    .pitch = fill->pitch,
                                    .value = fill->value,
                                    .elementSize = fill->element,
                                    .width = fill->width,
                                    .height = fill->height};

    return wait ? gs_capture_refuse(stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)
                : gs_capture_fill(stream, &node);
}

/* `wait`: the call has no stream.  It then waits where the host can see the memory, as the fills
 * of one dimension do. */
static CUresult run(struct fill *fill, CUstream handle, bool wait)
{
    struct gs_stream *stream;
    struct gs_call call;
    enum gs_place place;
    uint64_t span;
    CUresult cu = gs_stream_enter(handle, &call, &stream);

    if (cu != CUDA_SUCCESS || fill->width == 0 || fill->height == 0) {
        return cu;
    }
    if (!measure(fill, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    place = gs_place_of(call.session, &fill->dst, span, true);
    if (place == GS_PLACE_OTHER_DEVICE) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (place != GS_PLACE_DEVICE && place != GS_PLACE_PINNED) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (gs_stream_captures(stream)) {
        return capture(fill, stream, wait);
    }
    cu = send(fill, stream);
    return cu == CUDA_SUCCESS && wait && place == GS_PLACE_PINNED ? gs_stream_wait(stream) : cu;
}

CUresult gs_cuMemsetD2D8_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width,
                            size_t Height, CUstream implicit)
{
    struct fill fill = {dstDevice, dstPitch, uc, 1, Width, Height};

    return run(&fill, implicit, true);
}

CUresult gs_cuMemsetD2D16_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
                             size_t Width, size_t Height, CUstream implicit)
{
    struct fill fill = {dstDevice, dstPitch, us, 2, Width, Height};

    return run(&fill, implicit, true);
}

CUresult gs_cuMemsetD2D32_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width,
                             size_t Height, CUstream implicit)
{
    struct fill fill = {dstDevice, dstPitch, ui, 4, Width, Height};

    return run(&fill, implicit, true);
}

CUresult gs_cuMemsetD2D8Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc,
                              size_t Width, size_t Height, CUstream hStream)
{
    struct fill fill = {dstDevice, dstPitch, uc, 1, Width, Height};

    return run(&fill, hStream, false);
}

CUresult gs_cuMemsetD2D16Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
                               size_t Width, size_t Height, CUstream hStream)
{
    struct fill fill = {dstDevice, dstPitch, us, 2, Width, Height};

    return run(&fill, hStream, false);
}

CUresult gs_cuMemsetD2D32Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui,
                               size_t Width, size_t Height, CUstream hStream)
{
    struct fill fill = {dstDevice, dstPitch, ui, 4, Width, Height};

    return run(&fill, hStream, false);
}
