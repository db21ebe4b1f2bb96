/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_DRIVER_API_H
#define VGPU_TEST_DRIVER_API_H

/*
 * The CUDA Driver API as a structure of function pointers, found at run time
 * in libcuda.so.1 (or in the file that VGPU_TEST_LIBCUDA names).  One binary
 * therefore runs natively, on the simulator and through the guest library.
 * Fields carry the exported names: drv.cuMemAlloc_v2(&p, 16).
 */

#include "proto/cuda_abi.h"
#include "cuda_api.h"

/* The header names the newest version; here every name means the symbol. */
#undef cuCtxCreate
#undef cuCtxDestroy
#undef cuCtxPopCurrent
#undef cuCtxPushCurrent
#undef cuDeviceGetUuid
#undef cuDevicePrimaryCtxRelease
#undef cuDevicePrimaryCtxReset
#undef cuDevicePrimaryCtxSetFlags
#undef cuDeviceTotalMem
#undef cuEventDestroy
#undef cuEventElapsedTime
#undef cuGetProcAddress
#undef cuLinkAddData
#undef cuLinkAddFile
#undef cuLinkCreate
#undef cuMemAlloc
#undef cuMemAllocHost
#undef cuMemFree
#undef cuMemGetAddressRange
#undef cuMemGetInfo
#undef cuMemHostGetDevicePointer
#undef cuMemHostRegister
#undef cuMemAllocPitch
#undef cuArrayCreate
#undef cuArray3DCreate
#undef cuArrayGetDescriptor
#undef cuArray3DGetDescriptor
#undef cuMemcpyAtoA
#undef cuMemcpyAtoD
#undef cuMemcpyDtoA
#undef cuMemcpyAtoH
#undef cuMemcpyHtoA
#undef cuMemcpyAtoHAsync
#undef cuMemcpyHtoAAsync
#undef cuMemcpy2D
#undef cuMemcpy2DAsync
#undef cuMemcpy2DUnaligned
#undef cuMemcpy3D
#undef cuMemcpy3DAsync
#undef cuMemsetD2D16
#undef cuMemsetD2D32
#undef cuMemsetD2D8
#undef cuMemcpyDtoD
#undef cuMemcpyDtoDAsync
#undef cuMemcpyDtoH
#undef cuMemcpyDtoHAsync
#undef cuMemcpyHtoD
#undef cuMemcpyHtoDAsync
#undef cuMemsetD16
#undef cuMemsetD32
#undef cuMemsetD8
#undef cuModuleGetGlobal
#undef cuStreamBatchMemOp
#undef cuStreamDestroy
#undef cuStreamWaitValue32
#undef cuStreamWaitValue64
#undef cuStreamWriteValue32
#undef cuStreamWriteValue64

/* clang-format off */
#define DRIVER_API_CALLS(X) \
    X(cuInit) \
    X(cuDriverGetVersion) \
    X(cuGetErrorString) \
    X(cuGetErrorName) \
    X(cuDeviceGet) \
    X(cuDeviceGetCount) \
    X(cuDeviceGetName) \
    X(cuDeviceGetUuid_v2) \
    X(cuDeviceTotalMem_v2) \
    X(cuDeviceGetAttribute) \
    X(cuDeviceGetProperties) \
    X(cuDeviceComputeCapability) \
    X(cuDeviceGetPCIBusId) \
    X(cuDeviceGetByPCIBusId) \
    X(cuDeviceCanAccessPeer) \
    X(cuDevicePrimaryCtxRetain) \
    X(cuDevicePrimaryCtxRelease_v2) \
    X(cuDevicePrimaryCtxReset_v2) \
    X(cuDevicePrimaryCtxSetFlags_v2) \
    X(cuDevicePrimaryCtxGetState) \
    X(cuCtxCreate_v4) \
    X(cuCtxDestroy_v2) \
    X(cuCtxPushCurrent_v2) \
    X(cuCtxPopCurrent_v2) \
    X(cuCtxSetCurrent) \
    X(cuCtxGetCurrent) \
    X(cuCtxGetDevice) \
    X(cuCtxGetFlags) \
    X(cuCtxGetId) \
    X(cuCtxGetApiVersion) \
    X(cuCtxSynchronize) \
    X(cuCtxSetLimit) \
    X(cuCtxGetLimit) \
    X(cuCtxGetCacheConfig) \
    X(cuCtxSetCacheConfig) \
    X(cuCtxGetStreamPriorityRange) \
    X(cuModuleLoad) \
    X(cuModuleLoadData) \
    X(cuModuleLoadDataEx) \
    X(cuModuleLoadFatBinary) \
    X(cuModuleUnload) \
    X(cuModuleGetLoadingMode) \
    X(cuModuleGetFunction) \
    X(cuModuleGetGlobal_v2) \
    X(cuFuncGetAttribute) \
    X(cuFuncSetAttribute) \
    X(cuFuncSetCacheConfig) \
    X(cuFuncGetModule) \
    X(cuFuncGetName) \
    X(cuFuncGetParamInfo) \
    X(cuFuncIsLoaded) \
    X(cuFuncLoad) \
    X(cuModuleGetFunctionCount) \
    X(cuModuleEnumerateFunctions) \
    X(cuLibraryLoadData) \
    X(cuLibraryLoadFromFile) \
    X(cuLibraryUnload) \
    X(cuLibraryGetKernel) \
    X(cuLibraryGetKernelCount) \
    X(cuLibraryEnumerateKernels) \
    X(cuLibraryGetModule) \
    X(cuLibraryGetGlobal) \
    X(cuLibraryGetManaged) \
    X(cuLibraryGetUnifiedFunction) \
    X(cuKernelGetFunction) \
    X(cuKernelGetLibrary) \
    X(cuKernelGetAttribute) \
    X(cuKernelSetAttribute) \
    X(cuKernelSetCacheConfig) \
    X(cuKernelGetName) \
    X(cuKernelGetParamInfo) \
    X(cuLaunchKernel) \
    X(cuTensorMapEncodeTiled) \
    X(cuTensorMapEncodeIm2col) \
    X(cuTensorMapEncodeIm2colWide) \
    X(cuTensorMapReplaceAddress) \
    X(cuLinkCreate_v2) \
    X(cuLinkCreate) \
    X(cuLinkAddData_v2) \
    X(cuLinkAddFile_v2) \
    X(cuLinkComplete) \
    X(cuLinkDestroy) \
    X(cuLogsCurrent) \
    X(cuLogsDumpToFile) \
    X(cuLogsDumpToMemory) \
    X(cuLogsRegisterCallback) \
    X(cuLogsUnregisterCallback) \
    X(cuLaunchKernelEx) \
    X(cuLaunchCooperativeKernel) \
    X(cuFuncSetBlockShape) \
    X(cuFuncSetSharedSize) \
    X(cuFuncSetSharedMemConfig) \
    X(cuParamSetSize) \
    X(cuParamSeti) \
    X(cuParamSetf) \
    X(cuParamSetv) \
    X(cuLaunch) \
    X(cuLaunchGrid) \
    X(cuLaunchGridAsync) \
    X(cuOccupancyMaxActiveClusters) \
    X(cuOccupancyMaxPotentialClusterSize) \
    X(cuMemGetInfo_v2) \
    X(cuMemAlloc_v2) \
    X(cuMemFree_v2) \
    X(cuMemGetAddressRange_v2) \
    X(cuMemAllocHost_v2) \
    X(cuMemFreeHost) \
    X(cuMemHostAlloc) \
    X(cuMemHostGetDevicePointer_v2) \
    X(cuMemHostGetFlags) \
    X(cuPointerGetAttribute) \
    X(cuPointerGetAttributes) \
    X(cuMemcpy) \
    X(cuMemcpyHtoD_v2) \
    X(cuMemcpyDtoH_v2) \
    X(cuMemcpyDtoD_v2) \
    X(cuMemcpyAsync) \
    X(cuMemcpyHtoDAsync_v2) \
    X(cuMemcpyDtoHAsync_v2) \
    X(cuMemcpyDtoDAsync_v2) \
    X(cuMemAddressReserve) \
    X(cuMemAddressFree) \
    X(cuMemCreate) \
    X(cuMemRelease) \
    X(cuMemMap) \
    X(cuMemUnmap) \
    X(cuMemSetAccess) \
    X(cuMemGetAccess) \
    X(cuMemGetAllocationGranularity) \
    X(cuMemGetAllocationPropertiesFromHandle) \
    X(cuMemRetainAllocationHandle) \
    X(cuMemAllocAsync) \
    X(cuMemAllocFromPoolAsync) \
    X(cuMemFreeAsync) \
    X(cuMemPoolCreate) \
    X(cuMemPoolDestroy) \
    X(cuMemPoolTrimTo) \
    X(cuMemPoolSetAttribute) \
    X(cuMemPoolGetAttribute) \
    X(cuMemPoolSetAccess) \
    X(cuMemPoolGetAccess) \
    X(cuDeviceGetDefaultMemPool) \
    X(cuDeviceGetMemPool) \
    X(cuDeviceSetMemPool) \
    X(cuMemGetDefaultMemPool) \
    X(cuMemGetMemPool) \
    X(cuMemSetMemPool) \
    X(cuMemHostRegister_v2) \
    X(cuMemHostUnregister) \
    X(cuMemAllocPitch_v2) \
    X(cuArrayCreate_v2) \
    X(cuArray3DCreate_v2) \
    X(cuArrayDestroy) \
    X(cuArrayGetDescriptor_v2) \
    X(cuArray3DGetDescriptor_v2) \
    X(cuArrayGetMemoryRequirements) \
    X(cuArrayGetSparseProperties) \
    X(cuArrayGetPlane) \
    X(cuMipmappedArrayCreate) \
    X(cuMipmappedArrayDestroy) \
    X(cuMipmappedArrayGetLevel) \
    X(cuMipmappedArrayGetMemoryRequirements) \
    X(cuMipmappedArrayGetSparseProperties) \
    X(cuTexObjectCreate) \
    X(cuTexObjectDestroy) \
    X(cuTexObjectGetResourceDesc) \
    X(cuTexObjectGetTextureDesc) \
    X(cuTexObjectGetResourceViewDesc) \
    X(cuSurfObjectCreate) \
    X(cuSurfObjectDestroy) \
    X(cuSurfObjectGetResourceDesc) \
    X(cuDeviceGetTexture1DLinearMaxWidth) \
    X(cuMemcpyAtoA_v2) \
    X(cuMemcpyAtoD_v2) \
    X(cuMemcpyDtoA_v2) \
    X(cuMemcpyAtoH_v2) \
    X(cuMemcpyHtoA_v2) \
    X(cuMemcpyAtoHAsync_v2) \
    X(cuMemcpyHtoAAsync_v2) \
    X(cuMemcpy2D_v2) \
    X(cuMemcpy2DUnaligned_v2) \
    X(cuMemcpy2DAsync_v2) \
    X(cuMemcpy3D_v2) \
    X(cuMemcpy3DAsync_v2) \
    X(cuMemsetD2D8_v2) \
    X(cuMemsetD2D8Async) \
    X(cuMemsetD2D16_v2) \
    X(cuMemsetD2D16Async) \
    X(cuMemsetD2D32_v2) \
    X(cuMemsetD2D32Async) \
    X(cuMemsetD8_v2) \
    X(cuMemsetD16_v2) \
    X(cuMemsetD32_v2) \
    X(cuMemsetD8Async) \
    X(cuMemsetD16Async) \
    X(cuMemsetD32Async) \
    X(cuStreamCreate) \
    X(cuStreamCreateWithPriority) \
    X(cuStreamDestroy_v2) \
    X(cuStreamGetPriority) \
    X(cuStreamGetFlags) \
    X(cuStreamGetId) \
    X(cuStreamGetCtx) \
    X(cuStreamWaitEvent) \
    X(cuStreamQuery) \
    X(cuStreamSynchronize) \
    X(cuEventCreate) \
    X(cuEventRecord) \
    X(cuEventRecordWithFlags) \
    X(cuEventQuery) \
    X(cuEventSynchronize) \
    X(cuEventDestroy_v2) \
    X(cuEventElapsedTime_v2) \
    X(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
    X(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags) \
    X(cuOccupancyMaxPotentialBlockSize) \
    X(cuOccupancyMaxPotentialBlockSizeWithFlags) \
    X(cuOccupancyAvailableDynamicSMemPerBlock) \
    X(cuGetProcAddress_v2) \
    X(cuGetExportTable) \
    X(cuDeviceGetUuid) \
    X(cuEventElapsedTime) \
    X(cuCtxCreate_v2) \
    X(cuGetProcAddress) \
    X(cuCtxCreate_v3) \
    X(cuCtxDestroy) \
    X(cuCtxGetDevice_v2) \
    X(cuCtxPopCurrent) \
    X(cuCtxPushCurrent) \
    X(cuCtxSetFlags) \
    X(cuCtxSynchronize_v2) \
    X(cuDevicePrimaryCtxRelease) \
    X(cuDevicePrimaryCtxReset) \
    X(cuDevicePrimaryCtxSetFlags) \
    X(cuDeviceTotalMem) \
    X(cuEventDestroy) \
    X(cuStreamDestroy) \
    X(cuLaunchHostFunc) \
    X(cuStreamAddCallback) \
    X(cuStreamBatchMemOp_v2) \
    X(cuStreamCopyAttributes) \
    X(cuStreamGetAttribute) \
    X(cuStreamGetCtx_v2) \
    X(cuStreamGetDevice) \
    X(cuStreamSetAttribute) \
    X(cuStreamWaitValue32_v2) \
    X(cuStreamWaitValue64_v2) \
    X(cuStreamWriteValue32_v2) \
    X(cuStreamWriteValue64_v2) \
    X(cuStreamIsCapturing) \
    X(cuThreadExchangeStreamCaptureMode)
/* clang-format on */

struct driver_api {
#define DRIVER_API_FIELD(name) __typeof__(name) *name;
    DRIVER_API_CALLS(DRIVER_API_FIELD)
#undef DRIVER_API_FIELD
};

/* Filled by driver_api_load(); before it every field is NULL. */
extern struct driver_api drv;

/*
 * Loads the library and fills drv.  A call that the library does not export
 * answers CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND.  Returns 0, or -ENOENT
 * with one line on standard error.  Call once, before any thread is made.
 */
int driver_api_load(void);

/* Address of an exported symbol, or NULL.  After driver_api_load(). */
void *driver_api_symbol(const char *name);

/* Path of the library that the loader chose; "?" where it cannot say. */
const char *driver_api_path(void);

#endif
