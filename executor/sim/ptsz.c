/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptsz.h"

/*
 * The per-thread-default-stream forms: the same calls, with the NULL stream
 * read as the calling thread's own.
 */

static CUstream own(CUstream stream)
{
    return stream == NULL ? CU_STREAM_PER_THREAD : stream;
}

CUresult cuLaunchKernel_ptsz(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                             unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY,
                             unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream,
                             void **kernelParams, void **extra)
{
    return cuLaunchKernel(f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ,
                          sharedMemBytes, own(hStream), kernelParams, extra);
}

CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
                               void **extra)
{
    CUlaunchConfig own_config;

    if (config == NULL) {
        return cuLaunchKernelEx(config, f, kernelParams, extra);
    }
    own_config = *config;
    own_config.hStream = own(config->hStream);
    return cuLaunchKernelEx(&own_config, f, kernelParams, extra);
}

CUresult cuLaunchHostFunc_ptsz(CUstream hStream, CUhostFn fn, void *userData)
{
    return cuLaunchHostFunc(own(hStream), fn, userData);
}

CUresult cuLaunchCooperativeKernel_ptsz(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
                                        unsigned int gridDimZ, unsigned int blockDimX,
                                        unsigned int blockDimY, unsigned int blockDimZ,
                                        unsigned int sharedMemBytes, CUstream hStream,
                                        void **kernelParams)
{
    return cuLaunchCooperativeKernel(f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY,
                                     blockDimZ, sharedMemBytes, own(hStream), kernelParams);
}

CUresult cuMemcpyAsync_ptsz(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream)
{
    return cuMemcpyAsync(dst, src, ByteCount, own(hStream));
}

CUresult cuMemcpyHtoDAsync_v2_ptsz(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
                                   CUstream hStream)
{
    return cuMemcpyHtoDAsync(dstDevice, srcHost, ByteCount, own(hStream));
}

CUresult cuMemcpyDtoHAsync_v2_ptsz(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
                                   CUstream hStream)
{
    return cuMemcpyDtoHAsync(dstHost, srcDevice, ByteCount, own(hStream));
}

CUresult cuMemcpyDtoDAsync_v2_ptsz(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
                                   CUstream hStream)
{
    return cuMemcpyDtoDAsync(dstDevice, srcDevice, ByteCount, own(hStream));
}

CUresult cuMemsetD8Async_ptsz(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream)
{
    return cuMemsetD8Async(dstDevice, uc, N, own(hStream));
}

CUresult cuMemsetD16Async_ptsz(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream)
{
    return cuMemsetD16Async(dstDevice, us, N, own(hStream));
}

CUresult cuMemsetD32Async_ptsz(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream)
{
    return cuMemsetD32Async(dstDevice, ui, N, own(hStream));
}

CUresult cuStreamGetPriority_ptsz(CUstream hStream, int *priority)
{
    return cuStreamGetPriority(own(hStream), priority);
}

CUresult cuStreamGetFlags_ptsz(CUstream hStream, unsigned int *flags)
{
    return cuStreamGetFlags(own(hStream), flags);
}

CUresult cuStreamGetId_ptsz(CUstream hStream, unsigned long long *streamId)
{
    return cuStreamGetId(own(hStream), streamId);
}

CUresult cuStreamGetCtx_ptsz(CUstream hStream, CUcontext *pctx)
{
    return cuStreamGetCtx(own(hStream), pctx);
}

CUresult cuStreamWaitEvent_ptsz(CUstream hStream, CUevent hEvent, unsigned int Flags)
{
    return cuStreamWaitEvent(own(hStream), hEvent, Flags);
}

CUresult cuStreamQuery_ptsz(CUstream hStream)
{
    return cuStreamQuery(own(hStream));
}

CUresult cuStreamSynchronize_ptsz(CUstream hStream)
{
    return cuStreamSynchronize(own(hStream));
}

CUresult cuStreamWriteValue64_v2_ptsz(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                                      unsigned int flags)
{
    return cuStreamWriteValue64(own(stream), addr, value, flags);
}

CUresult cuStreamWaitValue64_v2_ptsz(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                                     unsigned int flags)
{
    return cuStreamWaitValue64(own(stream), addr, value, flags);
}

CUresult cuStreamWaitValue32_v2_ptsz(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                                     unsigned int flags)
{
    return cuStreamWaitValue32(own(stream), addr, value, flags);
}

CUresult cuStreamWriteValue32_v2_ptsz(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                                      unsigned int flags)
{
    return cuStreamWriteValue32(own(stream), addr, value, flags);
}

CUresult cuStreamIsCapturing_ptsz(CUstream hStream, CUstreamCaptureStatus *captureStatus)
{
    return cuStreamIsCapturing(own(hStream), captureStatus);
}

CUresult cuEventRecord_ptsz(CUevent hEvent, CUstream hStream)
{
    return cuEventRecord(hEvent, own(hStream));
}

CUresult cuEventRecordWithFlags_ptsz(CUevent hEvent, CUstream hStream, unsigned int flags)
{
    return cuEventRecordWithFlags(hEvent, own(hStream), flags);
}

CUresult cuMemAllocAsync_ptsz(CUdeviceptr *dptr, size_t bytesize, CUstream hStream)
{
    return cuMemAllocAsync(dptr, bytesize, own(hStream));
}

CUresult cuMemFreeAsync_ptsz(CUdeviceptr dptr, CUstream hStream)
{
    return cuMemFreeAsync(dptr, own(hStream));
}

CUresult cuMemcpy_ptds(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount)
{
    CUresult cu = cuMemcpyAsync(dst, src, ByteCount, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemcpyHtoD_v2_ptds(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount)
{
    CUresult cu = cuMemcpyHtoDAsync(dstDevice, srcHost, ByteCount, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemcpyDtoH_v2_ptds(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount)
{
    CUresult cu = cuMemcpyDtoHAsync(dstHost, srcDevice, ByteCount, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemcpyDtoD_v2_ptds(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount)
{
    CUresult cu = cuMemcpyDtoDAsync(dstDevice, srcDevice, ByteCount, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemsetD8_v2_ptds(CUdeviceptr dstDevice, unsigned char uc, size_t N)
{
    CUresult cu = cuMemsetD8Async(dstDevice, uc, N, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemsetD16_v2_ptds(CUdeviceptr dstDevice, unsigned short us, size_t N)
{
    CUresult cu = cuMemsetD16Async(dstDevice, us, N, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemsetD32_v2_ptds(CUdeviceptr dstDevice, unsigned int ui, size_t N)
{
    CUresult cu = cuMemsetD32Async(dstDevice, ui, N, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemcpy2DAsync_v2_ptsz(const CUDA_MEMCPY2D *pCopy, CUstream hStream)
{
    return cuMemcpy2DAsync(pCopy, own(hStream));
}

CUresult cuMemcpy3DAsync_v2_ptsz(const CUDA_MEMCPY3D *pCopy, CUstream hStream)
{
    return cuMemcpy3DAsync(pCopy, own(hStream));
}

CUresult cuMemcpy2D_v2_ptds(const CUDA_MEMCPY2D *pCopy)
{
    CUresult cu = cuMemcpy2DAsync(pCopy, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuMemcpy2DUnaligned_v2_ptds(const CUDA_MEMCPY2D *pCopy)
{
    return cuMemcpy2D_v2_ptds(pCopy);
}

CUresult cuMemcpy3D_v2_ptds(const CUDA_MEMCPY3D *pCopy)
{
    CUresult cu = cuMemcpy3DAsync(pCopy, CU_STREAM_PER_THREAD);

    return cu == CUDA_SUCCESS ? cuStreamSynchronize(CU_STREAM_PER_THREAD) : cu;
}

CUresult cuGraphLaunch_ptsz(CUgraphExec hGraphExec, CUstream hStream)
{
    return cuGraphLaunch(hGraphExec, own(hStream));
}

CUresult cuGraphUpload_ptsz(CUgraphExec hGraphExec, CUstream hStream)
{
    return cuGraphUpload(hGraphExec, own(hStream));
}
