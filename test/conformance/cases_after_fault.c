/* SPDX-License-Identifier: Apache-2.0 */

/* Calls after a kernel's illegal access, one a case: each is the first that could forget it. */
#include "test/conformance/conf.h"

static CUdeviceptr memory;
static CUfunction function;
static CUmodule module;
static CUstream stream;
static CUevent event;
static void *host;
static unsigned long long words[32];

static void fault(void)
{
    CUdeviceptr where = 0x100;
    void *params[] = {&where};
    CUfunction bad;

    conf_context();
    bad = conf_kernel("bad_store");
    function = conf_kernel("noop");
    memory = conf_memory(4096);
    CONF_SETUP(cuModuleLoadData(&module, conf_ptx()));
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&event, 0));
    CONF_SETUP(cuMemAllocHost_v2(&host, 4096));
    conf_launch(bad, 1, 1, stream, params);
    CONF_RESULT(cuStreamSynchronize(stream), CUDA_ERROR_ILLEGAL_ADDRESS);
}

#define AFTER(symbol, call)                                                                        \
    CONF_NEGATIVE(symbol, remembers_the_fault)                                                     \
    {                                                                                              \
        fault();                                                                                   \
        CONF_RESULT(call, CUDA_ERROR_ILLEGAL_ADDRESS);                                             \
        CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);                               \
    }

/* Where native may let an object go all the same: recorded. */
#define AFTER_SOMEHOW(symbol, call)                                                                \
    CONF_NEGATIVE(symbol, after_a_kernel_fault)                                                    \
    {                                                                                              \
        fault();                                                                                   \
        CONF_CALL(call);                                                                           \
        CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);                               \
    }

AFTER(cuMemAllocPitch_v2, cuMemAllocPitch_v2((CUdeviceptr *)words, (size_t *)&words[1], 256, 4, 4))
AFTER(cuMemAllocAsync, cuMemAllocAsync((CUdeviceptr *)words, 4096, stream))
AFTER(cuMemHostAlloc, cuMemHostAlloc((void **)words, 4096, 0))
AFTER(cuMemcpyHtoD_v2, cuMemcpyHtoD_v2(memory, words, 8))
AFTER(cuMemcpyDtoD_v2, cuMemcpyDtoD_v2(memory, memory + 64, 8))
AFTER(cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync_v2(memory, host, 8, stream))
AFTER(cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync_v2(host, memory, 8, stream))
AFTER(cuMemsetD8_v2, cuMemsetD8_v2(memory, 0, 8))
AFTER(cuMemsetD16_v2, cuMemsetD16_v2(memory, 0, 8))
AFTER(cuMemsetD32_v2, cuMemsetD32_v2(memory, 0, 8))
AFTER(cuMemsetD8Async, cuMemsetD8Async(memory, 0, 8, stream))
AFTER(cuEventRecord, cuEventRecord(event, stream))
AFTER(cuEventQuery, cuEventQuery(event))
AFTER(cuStreamWaitEvent, cuStreamWaitEvent(stream, event, 0))
AFTER(cuStreamCreateWithPriority, cuStreamCreateWithPriority((CUstream *)words, 0, 0))
AFTER(cuModuleGetFunction, cuModuleGetFunction((CUfunction *)words, module, "noop"))
AFTER(cuModuleGetGlobal_v2, cuModuleGetGlobal_v2((CUdeviceptr *)words, NULL, module, "counter"))
AFTER(cuModuleLoadDataEx, cuModuleLoadDataEx((CUmodule *)words, conf_ptx(), 0, NULL, NULL))
AFTER(cuLaunchKernelEx, cuLaunchKernelEx(&(CUlaunchConfig){1, 1, 1, 1, 1, 1, 0, stream, NULL, 0},
                                         function, NULL, NULL))
AFTER(cuLaunchCooperativeKernel,
      cuLaunchCooperativeKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL))
AFTER(cuCtxSetLimit, cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 2048))
AFTER(cuLinkCreate_v2, cuLinkCreate_v2(0, NULL, NULL, (CUlinkState *)words))
AFTER_SOMEHOW(cuCtxGetLimit, cuCtxGetLimit((size_t *)words, CU_LIMIT_STACK_SIZE))
AFTER_SOMEHOW(cuFuncGetAttribute,
              cuFuncGetAttribute((int *)words, CU_FUNC_ATTRIBUTE_NUM_REGS, function))
AFTER_SOMEHOW(cuFuncSetCacheConfig, cuFuncSetCacheConfig(function, CU_FUNC_CACHE_PREFER_L1))
AFTER_SOMEHOW(cuMemGetAddressRange_v2, cuMemGetAddressRange_v2((CUdeviceptr *)words, NULL, memory))
AFTER_SOMEHOW(cuStreamDestroy_v2, cuStreamDestroy_v2(stream))
AFTER_SOMEHOW(cuEventDestroy_v2, cuEventDestroy_v2(event))
AFTER_SOMEHOW(cuModuleUnload, cuModuleUnload(module))
AFTER_SOMEHOW(cuMemFreeHost, cuMemFreeHost(host))
