/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/sim.h"

#include <string.h>

#include "executor/sim/age.h"
#include "executor/sim/alias.h"
#include "executor/sim/ptsz.h"

typedef void (*any_fn)(void);

/* Name without a suffix, the first version that has it, both forms of it. */
struct row {
    const char *name;
    int since;
    any_fn legacy;
    any_fn per_thread;
};

#define ROW(name, since, per_thread)                                                               \
    {                                                                                              \
#name, since, (any_fn)(name), (any_fn)(per_thread)                                         \
    }

/* A call whose forms change with the version; older ones stand first. */
#define FORM(name, since, form)                                                                    \
    {                                                                                              \
#name, since, (any_fn)(form), (any_fn)(form)                                               \
    }

static const struct row rows[] = {
    /* clang-format off */
    ROW(cuGetErrorString, 2000, cuGetErrorString),
    ROW(cuGetErrorName, 2000, cuGetErrorName),
    ROW(cuInit, 2000, cuInit),
    ROW(cuDriverGetVersion, 2000, cuDriverGetVersion),
    ROW(cuDeviceGet, 2000, cuDeviceGet),
    ROW(cuDeviceGetCount, 2000, cuDeviceGetCount),
    ROW(cuDeviceGetName, 2000, cuDeviceGetName),
    FORM(cuDeviceGetUuid, 9020, cuDeviceGetUuid_v2),
    FORM(cuDeviceTotalMem, 2000, cuDeviceTotalMem),
    FORM(cuDeviceTotalMem, 3020, cuDeviceTotalMem_v2),
    ROW(cuDeviceGetAttribute, 2000, cuDeviceGetAttribute),
    ROW(cuDeviceGetProperties, 2000, cuDeviceGetProperties),
    ROW(cuDeviceComputeCapability, 2000, cuDeviceComputeCapability),
    ROW(cuDeviceGetPCIBusId, 2000, cuDeviceGetPCIBusId),
    ROW(cuDeviceGetByPCIBusId, 2000, cuDeviceGetByPCIBusId),
    ROW(cuDeviceCanAccessPeer, 2000, cuDeviceCanAccessPeer),
    ROW(cuDevicePrimaryCtxRetain, 7000, cuDevicePrimaryCtxRetain),
    FORM(cuDevicePrimaryCtxRelease, 7000, cuDevicePrimaryCtxRelease),
    FORM(cuDevicePrimaryCtxRelease, 11000, cuDevicePrimaryCtxRelease_v2),
    FORM(cuDevicePrimaryCtxReset, 7000, cuDevicePrimaryCtxReset),
    FORM(cuDevicePrimaryCtxReset, 11000, cuDevicePrimaryCtxReset_v2),
    FORM(cuDevicePrimaryCtxSetFlags, 7000, cuDevicePrimaryCtxSetFlags),
    FORM(cuDevicePrimaryCtxSetFlags, 11000, cuDevicePrimaryCtxSetFlags_v2),
    ROW(cuDevicePrimaryCtxGetState, 7000, cuDevicePrimaryCtxGetState),
    FORM(cuCtxCreate, 3020, cuCtxCreate_v2),
    FORM(cuCtxCreate, 11040, cuCtxCreate_v3),
    FORM(cuCtxCreate, 12050, cuCtxCreate_v4),
    FORM(cuCtxDestroy, 2000, cuCtxDestroy_v2),
    FORM(cuCtxPushCurrent, 2000, cuCtxPushCurrent_v2),
    FORM(cuCtxPopCurrent, 2000, cuCtxPopCurrent_v2),
    ROW(cuCtxSetCurrent, 2000, cuCtxSetCurrent),
    ROW(cuCtxGetCurrent, 2000, cuCtxGetCurrent),
    FORM(cuCtxGetDevice, 2000, cuCtxGetDevice),
    FORM(cuCtxGetDevice, 13000, cuCtxGetDevice_v2),
    ROW(cuCtxGetFlags, 2000, cuCtxGetFlags),
    ROW(cuCtxSetFlags, 12010, cuCtxSetFlags),
    ROW(cuProfilerStart, 4000, cuProfilerStart),
    ROW(cuProfilerStop, 4000, cuProfilerStop),
    ROW(cuCtxGetId, 12000, cuCtxGetId),
    FORM(cuCtxSynchronize, 2000, cuCtxSynchronize),
    FORM(cuCtxSynchronize, 13000, cuCtxSynchronize_v2),
    ROW(cuCtxSetLimit, 2000, cuCtxSetLimit),
    ROW(cuCtxGetLimit, 2000, cuCtxGetLimit),
    ROW(cuCtxGetCacheConfig, 2000, cuCtxGetCacheConfig),
    ROW(cuCtxSetCacheConfig, 2000, cuCtxSetCacheConfig),
    ROW(cuCtxGetApiVersion, 2000, cuCtxGetApiVersion),
    ROW(cuCtxGetStreamPriorityRange, 2000, cuCtxGetStreamPriorityRange),
    ROW(cuModuleLoad, 2000, cuModuleLoad),
    ROW(cuModuleLoadData, 2000, cuModuleLoadData),
    ROW(cuModuleLoadDataEx, 2000, cuModuleLoadDataEx),
    ROW(cuModuleLoadFatBinary, 2000, cuModuleLoadFatBinary),
    ROW(cuModuleUnload, 2000, cuModuleUnload),
    ROW(cuModuleGetLoadingMode, 11070, cuModuleGetLoadingMode),
    ROW(cuModuleGetFunction, 2000, cuModuleGetFunction),
    ROW(cuModuleGetGlobal, 2000, cuModuleGetGlobal),
    ROW(cuModuleGetFunctionCount, 12040, cuModuleGetFunctionCount),
    ROW(cuModuleEnumerateFunctions, 12040, cuModuleEnumerateFunctions),
    ROW(cuFuncGetAttribute, 2000, cuFuncGetAttribute),
    ROW(cuFuncSetAttribute, 2000, cuFuncSetAttribute),
    ROW(cuFuncSetCacheConfig, 2000, cuFuncSetCacheConfig),
    ROW(cuFuncGetModule, 11000, cuFuncGetModule),
    ROW(cuFuncGetName, 12030, cuFuncGetName),
    ROW(cuFuncGetParamInfo, 12040, cuFuncGetParamInfo),
    ROW(cuLaunchKernel, 2000, cuLaunchKernel_ptsz),
    ROW(cuLaunchKernelEx, 11060, cuLaunchKernelEx_ptsz),
    ROW(cuLaunchHostFunc, 10000, cuLaunchHostFunc_ptsz),
    ROW(cuLaunchCooperativeKernel, 9000, cuLaunchCooperativeKernel_ptsz),
    ROW(cuMemGetInfo, 2000, cuMemGetInfo),
    ROW(cuMemAlloc, 2000, cuMemAlloc),
    ROW(cuMemAllocPitch, 2000, cuMemAllocPitch),
    ROW(cuMemFree, 2000, cuMemFree),
    ROW(cuMemGetAddressRange, 2000, cuMemGetAddressRange),
    ROW(cuMemAllocHost, 2000, cuMemAllocHost),
    ROW(cuMemFreeHost, 2000, cuMemFreeHost),
    ROW(cuMemHostAlloc, 2000, cuMemHostAlloc),
    ROW(cuMemHostGetDevicePointer, 2000, cuMemHostGetDevicePointer),
    ROW(cuMemHostGetFlags, 2000, cuMemHostGetFlags),
    FORM(cuMemHostRegister, 2000, cuMemHostRegister_v2),
    ROW(cuMemHostUnregister, 2000, cuMemHostUnregister),
    ROW(cuPointerGetAttribute, 2000, cuPointerGetAttribute),
    ROW(cuPointerGetAttributes, 7000, cuPointerGetAttributes),
    ROW(cuMemcpy, 2000, cuMemcpy_ptds),
    ROW(cuMemcpyHtoD, 2000, cuMemcpyHtoD_v2_ptds),
    ROW(cuMemcpyDtoH, 2000, cuMemcpyDtoH_v2_ptds),
    ROW(cuMemcpyDtoD, 2000, cuMemcpyDtoD_v2_ptds),
    ROW(cuMemcpyAsync, 2000, cuMemcpyAsync_ptsz),
    ROW(cuMemcpyHtoDAsync, 2000, cuMemcpyHtoDAsync_v2_ptsz),
    ROW(cuMemcpyDtoHAsync, 2000, cuMemcpyDtoHAsync_v2_ptsz),
    ROW(cuMemcpyDtoDAsync, 2000, cuMemcpyDtoDAsync_v2_ptsz),
    ROW(cuMemsetD8, 2000, cuMemsetD8_v2_ptds),
    ROW(cuMemsetD16, 2000, cuMemsetD16_v2_ptds),
    ROW(cuMemsetD32, 2000, cuMemsetD32_v2_ptds),
    ROW(cuMemsetD8Async, 2000, cuMemsetD8Async_ptsz),
    ROW(cuMemsetD16Async, 2000, cuMemsetD16Async_ptsz),
    ROW(cuMemsetD32Async, 2000, cuMemsetD32Async_ptsz),
    ROW(cuArrayCreate, 2000, cuArrayCreate),
    ROW(cuArray3DCreate, 2000, cuArray3DCreate),
    ROW(cuArrayGetDescriptor, 2000, cuArrayGetDescriptor),
    ROW(cuArray3DGetDescriptor, 2000, cuArray3DGetDescriptor),
    ROW(cuArrayDestroy, 2000, cuArrayDestroy),
    ROW(cuMipmappedArrayCreate, 5000, cuMipmappedArrayCreate),
    ROW(cuMipmappedArrayGetLevel, 5000, cuMipmappedArrayGetLevel),
    ROW(cuMipmappedArrayDestroy, 5000, cuMipmappedArrayDestroy),
    ROW(cuTexObjectCreate, 5000, cuTexObjectCreate),
    ROW(cuTexObjectDestroy, 5000, cuTexObjectDestroy),
    ROW(cuTexObjectGetResourceDesc, 5000, cuTexObjectGetResourceDesc),
    ROW(cuTexObjectGetTextureDesc, 5000, cuTexObjectGetTextureDesc),
    ROW(cuTexObjectGetResourceViewDesc, 5000, cuTexObjectGetResourceViewDesc),
    ROW(cuSurfObjectCreate, 5000, cuSurfObjectCreate),
    ROW(cuSurfObjectDestroy, 5000, cuSurfObjectDestroy),
    ROW(cuSurfObjectGetResourceDesc, 5000, cuSurfObjectGetResourceDesc),
    ROW(cuMemcpy2D, 2000, cuMemcpy2D_v2_ptds),
    ROW(cuMemcpy2DUnaligned, 2000, cuMemcpy2DUnaligned_v2_ptds),
    ROW(cuMemcpy2DAsync, 2000, cuMemcpy2DAsync_v2_ptsz),
    ROW(cuMemcpy3D, 2000, cuMemcpy3D_v2_ptds),
    ROW(cuMemcpy3DAsync, 2000, cuMemcpy3DAsync_v2_ptsz),
    ROW(cuStreamCreate, 2000, cuStreamCreate),
    ROW(cuStreamCreateWithPriority, 2000, cuStreamCreateWithPriority),
    FORM(cuStreamDestroy, 2000, cuStreamDestroy_v2),
    ROW(cuStreamGetPriority, 2000, cuStreamGetPriority_ptsz),
    ROW(cuStreamGetFlags, 2000, cuStreamGetFlags_ptsz),
    ROW(cuStreamGetId, 12000, cuStreamGetId_ptsz),
    ROW(cuStreamGetCtx, 9020, cuStreamGetCtx_ptsz),
    ROW(cuStreamWaitEvent, 2000, cuStreamWaitEvent_ptsz),
    ROW(cuStreamQuery, 2000, cuStreamQuery_ptsz),
    ROW(cuStreamSynchronize, 2000, cuStreamSynchronize_ptsz),
    ROW(cuStreamWriteValue64, 11070, cuStreamWriteValue64_v2_ptsz),
    ROW(cuStreamWaitValue64, 11070, cuStreamWaitValue64_v2_ptsz),
    ROW(cuStreamWaitValue32, 11070, cuStreamWaitValue32_v2_ptsz),
    ROW(cuStreamWriteValue32, 11070, cuStreamWriteValue32_v2_ptsz),
    ROW(cuThreadExchangeStreamCaptureMode, 10010, cuThreadExchangeStreamCaptureMode),
    ROW(cuStreamIsCapturing, 10000, cuStreamIsCapturing_ptsz),
    ROW(cuEventCreate, 2000, cuEventCreate),
    ROW(cuEventRecord, 2000, cuEventRecord_ptsz),
    ROW(cuEventRecordWithFlags, 11010, cuEventRecordWithFlags_ptsz),
    ROW(cuEventQuery, 2000, cuEventQuery),
    ROW(cuEventSynchronize, 2000, cuEventSynchronize),
    FORM(cuEventDestroy, 2000, cuEventDestroy_v2),
    FORM(cuEventElapsedTime, 2000, cuEventElapsedTime),
    FORM(cuEventElapsedTime, 12080, cuEventElapsedTime_v2),
    ROW(cuOccupancyMaxActiveBlocksPerMultiprocessor, 2000,
        cuOccupancyMaxActiveBlocksPerMultiprocessor),
    ROW(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, 2000,
        cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags),
    ROW(cuOccupancyMaxPotentialBlockSize, 2000, cuOccupancyMaxPotentialBlockSize),
    ROW(cuOccupancyMaxPotentialBlockSizeWithFlags, 2000, cuOccupancyMaxPotentialBlockSizeWithFlags),
    ROW(cuOccupancyAvailableDynamicSMemPerBlock, 10020, cuOccupancyAvailableDynamicSMemPerBlock),
    ROW(cuOccupancyMaxActiveClusters, 11070, cuOccupancyMaxActiveClusters),
    ROW(cuOccupancyMaxPotentialClusterSize, 11070, cuOccupancyMaxPotentialClusterSize),
    ROW(cuMemAddressReserve, 10020, cuMemAddressReserve),
    ROW(cuMemAddressFree, 2000, cuMemAddressFree),
    ROW(cuMemCreate, 2000, cuMemCreate),
    ROW(cuMemRelease, 2000, cuMemRelease),
    ROW(cuMemMap, 2000, cuMemMap),
    ROW(cuMemUnmap, 2000, cuMemUnmap),
    ROW(cuMemSetAccess, 2000, cuMemSetAccess),
    ROW(cuMemGetAllocationGranularity, 2000, cuMemGetAllocationGranularity),
    ROW(cuMemAllocAsync, 11020, cuMemAllocAsync_ptsz),
    ROW(cuMemFreeAsync, 11020, cuMemFreeAsync_ptsz),
    ROW(cuTensorMapEncodeTiled, 12000, cuTensorMapEncodeTiled),
    ROW(cuTensorMapEncodeIm2col, 12000, cuTensorMapEncodeIm2col),
    ROW(cuTensorMapEncodeIm2colWide, 12080, cuTensorMapEncodeIm2colWide),
    ROW(cuTensorMapReplaceAddress, 12000, cuTensorMapReplaceAddress),
    ROW(cuLinkCreate, 2000, cuLinkCreate),
    ROW(cuLinkAddData, 2000, cuLinkAddData),
    ROW(cuLinkComplete, 2000, cuLinkComplete),
    ROW(cuLinkDestroy, 2000, cuLinkDestroy),
    ROW(cuGraphCreate, 10000, cuGraphCreate),
    ROW(cuGraphDestroy, 10000, cuGraphDestroy),
    FORM(cuGraphAddKernelNode, 12000, cuGraphAddKernelNode_v2),
    ROW(cuGraphKernelNodeSetAttribute, 11000, cuGraphKernelNodeSetAttribute),
    ROW(cuGraphAddMemcpyNode, 10000, cuGraphAddMemcpyNode),
    ROW(cuGraphAddMemsetNode, 10000, cuGraphAddMemsetNode),
    ROW(cuGraphAddHostNode, 10000, cuGraphAddHostNode),
    ROW(cuGraphAddEmptyNode, 10000, cuGraphAddEmptyNode),
    ROW(cuGraphAddEventRecordNode, 11010, cuGraphAddEventRecordNode),
    ROW(cuGraphAddEventWaitNode, 11010, cuGraphAddEventWaitNode),
    ROW(cuGraphAddBatchMemOpNode, 11070, cuGraphAddBatchMemOpNode),
    ROW(cuGraphInstantiateWithFlags, 11040, cuGraphInstantiateWithFlags),
    ROW(cuGraphExecDestroy, 10000, cuGraphExecDestroy),
    ROW(cuGraphLaunch, 10000, cuGraphLaunch_ptsz),
    ROW(cuGraphUpload, 11010, cuGraphUpload_ptsz),
    FORM(cuGraphExecKernelNodeSetParams, 12000, cuGraphExecKernelNodeSetParams_v2),
    ROW(cuGraphExecMemcpyNodeSetParams, 10020, cuGraphExecMemcpyNodeSetParams),
    ROW(cuGraphExecMemsetNodeSetParams, 10020, cuGraphExecMemsetNodeSetParams),
    ROW(cuGraphExecHostNodeSetParams, 10020, cuGraphExecHostNodeSetParams),
    ROW(cuGraphExecEventRecordNodeSetEvent, 11010, cuGraphExecEventRecordNodeSetEvent),
    ROW(cuGraphExecEventWaitNodeSetEvent, 11010, cuGraphExecEventWaitNodeSetEvent),
    ROW(cuGraphExecBatchMemOpNodeSetParams, 11070, cuGraphExecBatchMemOpNodeSetParams),
    ROW(cuGraphNodeSetEnabled, 11060, cuGraphNodeSetEnabled),
    FORM(cuGetProcAddress, 11030, cuGetProcAddress),
    FORM(cuGetProcAddress, 12000, cuGetProcAddress_v2),
    ROW(cuGetExportTable, 2000, cuGetExportTable),
    /* clang-format on */
};

int sim_since(uintptr_t address)
{
    int since = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (((uintptr_t)rows[i].legacy == address || (uintptr_t)rows[i].per_thread == address) &&
            (since == 0 || rows[i].since < since)) {
            since = rows[i].since;
        }
    }
    return since;
}

/* The newest form that the version has, or the oldest that it lacks and the driver has. */
static const struct row *find(const char *name, int version)
{
    const struct row *best = NULL;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].since > sim.version) {
            continue;
        }
        if (strcmp(rows[i].name, name) == 0 && (best == NULL || rows[i].since <= version)) {
            best = &rows[i];
        }
    }
    return best;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
                             CUdriverProcAddressQueryResult *symbolStatus)
{
    CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
    const struct row *row;
    any_fn fn = NULL;

    if (symbol == NULL || pfn == NULL || cudaVersion > sim.version ||
        flags > CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    row = find(symbol, cudaVersion);
    if (row == NULL) {
        status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    } else if (cudaVersion < row->since) {
        status = CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
    } else {
        fn = flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM ? row->per_thread : row->legacy;
    }
    memcpy(pfn, &fn, sizeof(fn));
    if (symbolStatus != NULL) {
        *symbolStatus = status;
    }
    return CUDA_SUCCESS;
}

CUresult cuGetExportTable(const void **ppExportTable, const CUuuid *pExportTableId)
{
    if (ppExportTable != NULL && pExportTableId != NULL) {
        *ppExportTable = NULL; /* none is known here */
    }
    return CUDA_ERROR_INVALID_VALUE;
}
