/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

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

static CUresult copy(enum direction direction, uint64_t dst, uint64_t src, size_t bytes,
                     CUstream handle, bool wait)
{
    struct gs_copy job = {
        .dst.address = dst, .src.address = src, .width = bytes, .height = 1, .depth = 1};
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &job.stream);

    if (cu != CUDA_SUCCESS || bytes == 0) {
        return cu;
    }
    job.session = call.session;
    job.dst.place = gs_place_of(job.session, &job.dst.address, bytes, true);
    job.src.place = gs_place_of(job.session, &job.src.address, bytes, false);
    if (dst == 0 || src == 0 || job.dst.place == GS_PLACE_BEYOND ||
        job.src.place == GS_PLACE_BEYOND || !allowed(direction, job.dst.place, job.src.place)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (job.dst.place == GS_PLACE_OTHER_DEVICE || job.src.place == GS_PLACE_OTHER_DEVICE) {
        return CUDA_ERROR_NOT_SUPPORTED; /* workers do not reach each other */
    }
    return gs_copy_run(&job, wait);
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
