/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

/* Copies from and to arrays of one dimension: one row of a box. */

static CUDA_MEMCPY3D row(size_t bytes)
{
    return (CUDA_MEMCPY3D){.WidthInBytes = bytes, .Height = 1, .Depth = 1};
}

static void from_array(CUDA_MEMCPY3D *box, CUarray array, size_t offset)
{
    box->srcMemoryType = CU_MEMORYTYPE_ARRAY;
    box->srcArray = array;
    box->srcXInBytes = offset;
}

static void to_array(CUDA_MEMCPY3D *box, CUarray array, size_t offset)
{
    box->dstMemoryType = CU_MEMORYTYPE_ARRAY;
    box->dstArray = array;
    box->dstXInBytes = offset;
}

static void from_memory(CUDA_MEMCPY3D *box, CUmemorytype type, CUdeviceptr address)
{
    box->srcMemoryType = type;
    box->srcDevice = address;
    box->srcHost = (const void *)(uintptr_t)address;
}

static void to_memory(CUDA_MEMCPY3D *box, CUmemorytype type, CUdeviceptr address)
{
    box->dstMemoryType = type;
    box->dstDevice = address;
    box->dstHost = (void *)(uintptr_t)address;
}

CUresult gs_cuMemcpyAtoA_v2(CUarray dstArray, size_t dstOffset, CUarray srcArray, size_t srcOffset,
                            size_t ByteCount, CUstream implicit)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_array(&box, srcArray, srcOffset);
    to_array(&box, dstArray, dstOffset);
    return gs_cuMemcpy3D_v2(&box, implicit);
}

CUresult gs_cuMemcpyAtoD_v2(CUdeviceptr dstDevice, CUarray srcArray, size_t srcOffset,
                            size_t ByteCount, CUstream implicit)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_array(&box, srcArray, srcOffset);
    to_memory(&box, CU_MEMORYTYPE_DEVICE, dstDevice);
    return gs_cuMemcpy3D_v2(&box, implicit);
}

CUresult gs_cuMemcpyDtoA_v2(CUarray dstArray, size_t dstOffset, CUdeviceptr srcDevice,
                            size_t ByteCount, CUstream implicit)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_memory(&box, CU_MEMORYTYPE_DEVICE, srcDevice);
    to_array(&box, dstArray, dstOffset);
    return gs_cuMemcpy3D_v2(&box, implicit);
}

CUresult gs_cuMemcpyAtoH_v2(void *dstHost, CUarray srcArray, size_t srcOffset, size_t ByteCount,
                            CUstream implicit)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_array(&box, srcArray, srcOffset);
    to_memory(&box, CU_MEMORYTYPE_HOST, (CUdeviceptr)(uintptr_t)dstHost);
    return gs_cuMemcpy3D_v2(&box, implicit);
}

CUresult gs_cuMemcpyHtoA_v2(CUarray dstArray, size_t dstOffset, const void *srcHost,
                            size_t ByteCount, CUstream implicit)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_memory(&box, CU_MEMORYTYPE_HOST, (CUdeviceptr)(uintptr_t)srcHost);
    to_array(&box, dstArray, dstOffset);
    return gs_cuMemcpy3D_v2(&box, implicit);
}

CUresult gs_cuMemcpyAtoHAsync_v2(void *dstHost, CUarray srcArray, size_t srcOffset,
                                 size_t ByteCount, CUstream hStream)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_array(&box, srcArray, srcOffset);
    to_memory(&box, CU_MEMORYTYPE_HOST, (CUdeviceptr)(uintptr_t)dstHost);
    return gs_cuMemcpy3DAsync_v2(&box, hStream);
}

CUresult gs_cuMemcpyHtoAAsync_v2(CUarray dstArray, size_t dstOffset, const void *srcHost,
                                 size_t ByteCount, CUstream hStream)
{
    CUDA_MEMCPY3D box = row(ByteCount);

    from_memory(&box, CU_MEMORYTYPE_HOST, (CUdeviceptr)(uintptr_t)srcHost);
    to_array(&box, dstArray, dstOffset);
    return gs_cuMemcpy3DAsync_v2(&box, hStream);
}
