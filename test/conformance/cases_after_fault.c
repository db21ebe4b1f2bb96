/* SPDX-License-Identifier: Apache-2.0 */

/* Calls after a kernel's illegal access, one a case: each is the first that could forget it. */
#include "test/conformance/after_fault.h"

static char nothing[] = ".version 7.0\n.target sm_70\n.address_size 64\n";

AFTER(cuMemAllocPitch_v2, cuMemAllocPitch_v2(out, (size_t *)&after_out[1], 256, 4, 4))
AFTER(cuMemAllocAsync, cuMemAllocAsync(out, 4096, after.stream))
AFTER(cuMemHostAlloc, cuMemHostAlloc(out, 4096, 0))
AFTER(cuMemcpyHtoD_v2, cuMemcpyHtoD_v2(after.memory, after_out, 8))
AFTER(cuMemcpyDtoD_v2, cuMemcpyDtoD_v2(after.memory, after.memory + 64, 8))
AFTER(cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync_v2(after.memory, after.host, 8, after.stream))
AFTER(cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync_v2(after.host, after.memory, 8, after.stream))
AFTER(cuMemsetD8_v2, cuMemsetD8_v2(after.memory, 0, 8))
AFTER(cuMemsetD16_v2, cuMemsetD16_v2(after.memory, 0, 8))
AFTER(cuMemsetD32_v2, cuMemsetD32_v2(after.memory, 0, 8))
AFTER(cuMemsetD8Async, cuMemsetD8Async(after.memory, 0, 8, after.stream))
AFTER(cuEventRecord, cuEventRecord(after.event, after.stream))
AFTER(cuEventQuery, cuEventQuery(after.event))
AFTER(cuStreamWaitEvent, cuStreamWaitEvent(after.stream, after.event, 0))
AFTER(cuStreamCreateWithPriority, cuStreamCreateWithPriority(out, 0, 0))
AFTER(cuModuleGetFunction, cuModuleGetFunction(out, after.module, "noop"))
AFTER(cuModuleGetGlobal_v2, cuModuleGetGlobal_v2(out, NULL, after.module, "counter"))
AFTER(cuModuleLoadDataEx, cuModuleLoadDataEx(out, conf_ptx(), 0, NULL, NULL))
AFTER(cuLaunchKernelEx,
      cuLaunchKernelEx(&(CUlaunchConfig){1, 1, 1, 1, 1, 1, 0, after.stream, NULL, 0},
                       after.function, NULL, NULL))
AFTER(cuLaunchCooperativeKernel,
      cuLaunchCooperativeKernel(after.function, 1, 1, 1, 1, 1, 1, 0, after.stream, NULL))
AFTER(cuCtxSetLimit, cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048))
AFTER(cuLinkCreate_v2, cuLinkCreate_v2(0, NULL, NULL, out))

/* Contexts */
AFTER_SOMEHOW(cuCtxGetLimit, cuCtxGetLimit(out, CU_LIMIT_STACK_SIZE))
AFTER_ALL(cuCtxGetCacheConfig, cuCtxGetCacheConfig(out))
AFTER_ALL(cuCtxSetCacheConfig, cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1))
AFTER_STILL(cuCtxGetFlags, cuCtxGetFlags(out))
AFTER_STILL(cuCtxGetApiVersion, cuCtxGetApiVersion(after.context, out))
AFTER_STILL(cuCtxGetId, cuCtxGetId(after.context, out))
AFTER_STILL(cuCtxGetDevice, cuCtxGetDevice(out))
AFTER_STILL(cuCtxGetCurrent, cuCtxGetCurrent(out))
AFTER_STILL(cuCtxSetCurrent, cuCtxSetCurrent(after.context))
AFTER_STILL(cuCtxPushCurrent_v2, cuCtxPushCurrent_v2(after.context))
AFTER_ALL(cuCtxGetStreamPriorityRange, cuCtxGetStreamPriorityRange(out, NULL))
AFTER_ALL(cuCtxCreate_v2, cuCtxCreate_v2(out, 0, 0))
AFTER_STILL(cuDeviceGetAttribute, cuDeviceGetAttribute(out, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0))
AFTER_STILL(cuDeviceTotalMem_v2, cuDeviceTotalMem_v2(out, 0))
AFTER_ALL(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain(out, 0))
AFTER_STILL(cuDevicePrimaryCtxGetState, cuDevicePrimaryCtxGetState(0, out, (int *)&after_out[1]))
AFTER_STILL(cuDevicePrimaryCtxReset_v2, cuDevicePrimaryCtxReset_v2(0))

/* Streams and events */
AFTER_ALL(cuStreamGetFlags, cuStreamGetFlags(after.stream, out))
AFTER_ALL(cuStreamGetPriority, cuStreamGetPriority(after.stream, out))
AFTER_ALL(cuStreamGetCtx, cuStreamGetCtx(after.stream, out))
AFTER_ALL(cuStreamGetId, cuStreamGetId(after.stream, out))
AFTER_ALL(cuStreamIsCapturing, cuStreamIsCapturing(after.stream, out))
AFTER_ALL(cuStreamGetCaptureInfo_v2,
          cuStreamGetCaptureInfo_v2(after.stream, out, NULL, NULL, NULL, NULL))
AFTER_ALL(cuStreamBeginCapture_v2,
          cuStreamBeginCapture_v2(after.stream, CU_STREAM_CAPTURE_MODE_RELAXED))
AFTER_ALL(cuStreamEndCapture, cuStreamEndCapture(after.stream, out))
AFTER_STILL(cuThreadExchangeStreamCaptureMode, cuThreadExchangeStreamCaptureMode(out))
AFTER_ALL(cuStreamGetAttribute,
          cuStreamGetAttribute(after.stream, CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY, out))
AFTER_ALL(cuStreamCopyAttributes, cuStreamCopyAttributes(after.stream, after.stream))
AFTER_ALL(cuStreamWaitValue32_v2, cuStreamWaitValue32_v2(after.stream, after.memory, 0, 0))
AFTER_ALL(cuStreamWriteValue32_v2, cuStreamWriteValue32_v2(after.stream, after.memory, 0, 0))
AFTER_SOMEHOW(cuStreamDestroy_v2, cuStreamDestroy_v2(after.stream))
AFTER_ALL(cuEventElapsedTime, cuEventElapsedTime(out, after.event, after.event))
AFTER_ALL(cuEventRecordWithFlags, cuEventRecordWithFlags(after.event, after.stream, 0))
AFTER_SOMEHOW(cuEventDestroy_v2, cuEventDestroy_v2(after.event))

/* Modules, libraries, functions */
AFTER_SOMEHOW(cuFuncGetAttribute,
              cuFuncGetAttribute(out, CU_FUNC_ATTRIBUTE_NUM_REGS, after.function))
AFTER_ALL(cuFuncSetAttribute,
          cuFuncSetAttribute(after.function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1024))
AFTER_SOMEHOW(cuFuncSetCacheConfig, cuFuncSetCacheConfig(after.function, CU_FUNC_CACHE_PREFER_L1))
AFTER_ALL(cuFuncGetModule, cuFuncGetModule(out, after.function))
AFTER_STILL(cuModuleGetLoadingMode, cuModuleGetLoadingMode(out))
AFTER_SOMEHOW(cuModuleUnload, cuModuleUnload(after.module))
AFTER_SOMEHOW(cuLibraryLoadData, cuLibraryLoadData(out, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0))
AFTER_STILL(cuLibraryGetKernel, cuLibraryGetKernel(out, after.library, "noop"))
AFTER_ALL(cuLibraryGetModule, cuLibraryGetModule(out, after.library))
AFTER_ALL(cuLibraryGetGlobal, cuLibraryGetGlobal(out, NULL, after.library, "counter"))
AFTER_STILL(cuLibraryUnload, cuLibraryUnload(after.library))
AFTER_ALL(cuKernelGetFunction, cuKernelGetFunction(out, after.library_kernel))
AFTER_STILL(cuKernelGetAttribute,
            cuKernelGetAttribute(out, CU_FUNC_ATTRIBUTE_NUM_REGS, after.library_kernel, 0))
AFTER_STILL(cuKernelSetAttribute,
            cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1024,
                                 after.library_kernel, 0))
AFTER_STILL(cuKernelSetCacheConfig,
            cuKernelSetCacheConfig(after.library_kernel, CU_FUNC_CACHE_PREFER_L1, 0))
AFTER_SOMEHOW(cuLinkAddData_v2, cuLinkAddData_v2(after.link, CU_JIT_INPUT_PTX, nothing,
                                                 sizeof(nothing), "x", 0, NULL, NULL))
AFTER_SOMEHOW(cuLinkComplete, cuLinkComplete(after.link, out, NULL))
AFTER_STILL(cuLinkDestroy, cuLinkDestroy(after.link))
AFTER_ALL(cuOccupancyMaxActiveBlocksPerMultiprocessor,
          cuOccupancyMaxActiveBlocksPerMultiprocessor(out, after.function, 32, 0))
AFTER_ALL(cuOccupancyAvailableDynamicSMemPerBlock,
          cuOccupancyAvailableDynamicSMemPerBlock(out, after.function, 1, 32))
AFTER_ALL(cuOccupancyMaxPotentialBlockSize,
          cuOccupancyMaxPotentialBlockSize(out, (int *)&after_out[1], after.function, NULL, 0, 0))
