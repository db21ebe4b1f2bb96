/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/stream.h"

/* Which ends may be pageable: what the name of the call says. */
enum direction {
    HOST_TO_DEVICE,
    DEVICE_TO_HOST,
    DEVICE_TO_DEVICE,
    ANY,
};

static bool allowed(enum direction direction, enum gs_place dst, enum gs_place src)
{
    bool dst_host = dst == GS_PLACE_PAGEABLE;
    bool src_host = src == GS_PLACE_PAGEABLE;

    switch (direction) {
    case HOST_TO_DEVICE:
        return !dst_host;
    case DEVICE_TO_HOST:
        return !src_host;
    case DEVICE_TO_DEVICE:
        return !dst_host && !src_host;
    case ANY:
    default:
        return true;
    }
}

static CUresult copy_on_host(const struct gs_copy *copy)
{
    CUresult cu = gs_stream_wait(copy->stream);

    if (cu == CUDA_SUCCESS) {
        memmove((void *)(uintptr_t)copy->dst, (const void *)(uintptr_t)copy->src, copy->bytes);
    }
    return cu;
}

static CUresult run(const struct gs_copy *copy, enum gs_place dst, enum gs_place src, bool wait)
{
    CUresult cu;

    if (dst == GS_PLACE_PAGEABLE && src != GS_PLACE_DEVICE) {
        return copy_on_host(copy);
    }
    if (src == GS_PLACE_PAGEABLE && dst == GS_PLACE_PINNED) {
        return copy_on_host(copy);
    }
    if (dst == GS_PLACE_PAGEABLE) {
        return gs_copy_to_pageable(copy);
    }
    if (src == GS_PLACE_PAGEABLE) {
        return gs_copy_from_pageable(copy);
    }
    cu = gs_copy_direct(copy, dst, src);
    /* Between device addresses native does not wait either. */
    if (cu == CUDA_SUCCESS && wait && !(dst == GS_PLACE_DEVICE && src == GS_PLACE_DEVICE)) {
        cu = gs_stream_wait(copy->stream);
    }
    return cu;
}

static CUresult copy(enum direction direction, uint64_t dst, uint64_t src, size_t bytes,
                     CUstream handle, bool wait)
{
    struct gs_copy job = {.dst = dst, .src = src, .bytes = bytes};
    enum gs_place dst_place;
    enum gs_place src_place;
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &job.stream);

    if (cu != CUDA_SUCCESS || bytes == 0) {
        return cu;
    }
    job.session = call.session;
    dst_place = gs_place_of(job.session, dst, bytes);
    src_place = gs_place_of(job.session, src, bytes);
    if (dst == 0 || src == 0 || dst_place == GS_PLACE_BEYOND || src_place == GS_PLACE_BEYOND ||
        !allowed(direction, dst_place, src_place)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (dst_place == GS_PLACE_OTHER_DEVICE || src_place == GS_PLACE_OTHER_DEVICE) {
        return CUDA_ERROR_NOT_SUPPORTED; /* workers do not reach each other */
    }
    return run(&job, dst_place, src_place, wait);
}

CUresult gs_cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream implicit)
{
    return copy(ANY, dst, src, ByteCount, implicit, true);
}

CUresult gs_cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream)
{
    return copy(ANY, dst, src, ByteCount, hStream, false);
}

CUresult gs_cuMemcpyHtoD_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
                            CUstream implicit)
{
    return copy(HOST_TO_DEVICE, dstDevice, (uintptr_t)srcHost, ByteCount, implicit, true);
}

CUresult gs_cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
                                 CUstream hStream)
{
    return copy(HOST_TO_DEVICE, dstDevice, (uintptr_t)srcHost, ByteCount, hStream, false);
}

CUresult gs_cuMemcpyDtoH_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
                            CUstream implicit)
{
    return copy(DEVICE_TO_HOST, (uintptr_t)dstHost, srcDevice, ByteCount, implicit, true);
}

CUresult gs_cuMemcpyDtoHAsync_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
                                 CUstream hStream)
{
    return copy(DEVICE_TO_HOST, (uintptr_t)dstHost, srcDevice, ByteCount, hStream, false);
}

CUresult gs_cuMemcpyDtoD_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
                            CUstream implicit)
{
    return copy(DEVICE_TO_DEVICE, dstDevice, srcDevice, ByteCount, implicit, true);
}

CUresult gs_cuMemcpyDtoDAsync_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
                                 CUstream hStream)
{
    return copy(DEVICE_TO_DEVICE, dstDevice, srcDevice, ByteCount, hStream, false);
}
