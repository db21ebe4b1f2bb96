/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Handles after their end.  Natively they are addresses of memory that was freed, and a use may
 * crash; here each is told, and the context goes on.
 */
#include "test/conformance/conf.h"

#include <string.h>

static CUcontext context;
static CUstream stream;
static CUevent event;
static CUevent good_event;
static CUmodule module;
static CUfunction function;
static CUlibrary library;
static CUkernel kernel;
static CUlinkState link_state;
static CUmemoryPool pool;
static CUdeviceptr memory;
static unsigned long long words[32];

static const CUmemPoolProps pool_props = {
    .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
    .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = 0},
};

static void does_nothing(void *arg)
{
    (void)arg;
}

/* One of each, ended; the context that they were in stays, but for `context`, a second one. */
static void end_everything(void)
{
    CUcontext out = NULL;

    conf_context();
    memory = conf_memory(4096);
    CONF_SETUP(cuCtxCreate_v2(&context, 0, 0));
    CONF_SETUP(cuCtxPopCurrent_v2(&out));
    CONF_SETUP(cuCtxDestroy_v2(context));
    CONF_SETUP(cuStreamCreate(&stream, 0));
    CONF_SETUP(cuStreamDestroy_v2(stream));
    CONF_SETUP(cuEventCreate(&good_event, 0));
    CONF_SETUP(cuEventCreate(&event, 0));
    CONF_SETUP(cuEventDestroy_v2(event));
    CONF_SETUP(cuModuleLoadData(&module, conf_ptx()));
    CONF_SETUP(cuModuleGetFunction(&function, module, "noop"));
    CONF_SETUP(cuModuleUnload(module));
    CONF_SETUP(cuLibraryLoadData(&library, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_SETUP(cuLibraryGetKernel(&kernel, library, "noop"));
    CONF_SETUP(cuLibraryUnload(library));
    CONF_SETUP(cuLinkCreate_v2(0, NULL, NULL, &link_state));
    CONF_SETUP(cuLinkDestroy(link_state));
    CONF_SETUP(cuMemPoolCreate(&pool, &pool_props));
    CONF_SETUP(cuMemPoolDestroy(pool));
}

static void stays_usable(void)
{
    CUfunction f = conf_kernel("noop");

    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemFree_v2(memory));
}

#define ENDED(symbol, name, call)                                                                  \
    CONF_OURS(symbol, name)                                                                        \
    {                                                                                              \
        CUresult cu;                                                                               \
                                                                                                   \
        end_everything();                                                                          \
        cu = drv.call;                                                                             \
        CONF_EXPECT(cu == CUDA_ERROR_INVALID_HANDLE || cu == CUDA_ERROR_INVALID_VALUE ||           \
                    cu == CUDA_ERROR_INVALID_CONTEXT || cu == CUDA_ERROR_CONTEXT_IS_DESTROYED);    \
        CONF_VALUE(cu);                                                                            \
        stays_usable();                                                                            \
    }

ENDED(cuCtxDestroy_v2, ended_context, cuCtxDestroy_v2(context))
ENDED(cuCtxGetApiVersion, ended_context, cuCtxGetApiVersion(context, (unsigned int *)words))
ENDED(cuCtxGetId, ended_context, cuCtxGetId(context, words))
ENDED(cuCtxSynchronize_v2, ended_context, cuCtxSynchronize_v2(context))
ENDED(cuStreamSynchronize, ended_stream, cuStreamSynchronize(stream))
ENDED(cuStreamQuery, ended_stream, cuStreamQuery(stream))
ENDED(cuStreamDestroy_v2, ended_stream, cuStreamDestroy_v2(stream))
ENDED(cuStreamGetFlags, ended_stream, cuStreamGetFlags(stream, (unsigned int *)words))
ENDED(cuStreamGetPriority, ended_stream, cuStreamGetPriority(stream, (int *)words))
ENDED(cuStreamGetId, ended_stream, cuStreamGetId(stream, words))
ENDED(cuStreamGetCtx, ended_stream, cuStreamGetCtx(stream, (CUcontext *)words))
ENDED(cuStreamWaitEvent, ended_stream, cuStreamWaitEvent(stream, good_event, 0))
ENDED(cuStreamWaitEvent, ended_event, cuStreamWaitEvent(NULL, event, 0))
ENDED(cuEventRecord, ended_stream, cuEventRecord(good_event, stream))
ENDED(cuEventRecord, ended_event, cuEventRecord(event, NULL))
ENDED(cuEventQuery, ended_event, cuEventQuery(event))
ENDED(cuEventSynchronize, ended_event, cuEventSynchronize(event))
ENDED(cuEventDestroy_v2, ended_event, cuEventDestroy_v2(event))
ENDED(cuEventElapsedTime, ended_start, cuEventElapsedTime((float *)words, event, good_event))
ENDED(cuEventElapsedTime, ended_end, cuEventElapsedTime((float *)words, good_event, event))
ENDED(cuModuleUnload, ended_module, cuModuleUnload(module))
ENDED(cuModuleGetFunction, ended_module, cuModuleGetFunction((CUfunction *)words, module, "noop"))
ENDED(cuModuleGetGlobal_v2, ended_module,
      cuModuleGetGlobal_v2((CUdeviceptr *)words, NULL, module, "counter"))
ENDED(cuModuleGetFunctionCount, ended_module,
      cuModuleGetFunctionCount((unsigned int *)words, module))
ENDED(cuLaunchKernel, function_of_an_ended_module,
      cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL))
ENDED(cuLaunchKernel, ended_stream,
      cuLaunchKernel(conf_kernel("noop"), 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL))
ENDED(cuLaunchKernel, kernel_of_an_ended_library,
      cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL))
ENDED(cuFuncGetAttribute, function_of_an_ended_module,
      cuFuncGetAttribute((int *)words, CU_FUNC_ATTRIBUTE_NUM_REGS, function))
ENDED(cuFuncSetCacheConfig, function_of_an_ended_module,
      cuFuncSetCacheConfig(function, CU_FUNC_CACHE_PREFER_L1))
ENDED(cuFuncGetModule, function_of_an_ended_module, cuFuncGetModule((CUmodule *)words, function))
ENDED(cuOccupancyMaxActiveBlocksPerMultiprocessor, function_of_an_ended_module,
      cuOccupancyMaxActiveBlocksPerMultiprocessor((int *)words, function, 32, 0))
ENDED(cuLibraryUnload, ended_library, cuLibraryUnload(library))
ENDED(cuLibraryGetKernel, ended_library, cuLibraryGetKernel((CUkernel *)words, library, "noop"))
ENDED(cuLibraryGetModule, ended_library, cuLibraryGetModule((CUmodule *)words, library))
ENDED(cuKernelGetFunction, kernel_of_an_ended_library,
      cuKernelGetFunction((CUfunction *)words, kernel))
ENDED(cuKernelGetAttribute, kernel_of_an_ended_library,
      cuKernelGetAttribute((int *)words, CU_FUNC_ATTRIBUTE_NUM_REGS, kernel, 0))
ENDED(cuLinkAddData_v2, ended_state,
      cuLinkAddData_v2(link_state, CU_JIT_INPUT_PTX, words, 8, "none", 0, NULL, NULL))
ENDED(cuLinkComplete, ended_state, cuLinkComplete(link_state, (void **)words, (size_t *)&words[1]))
ENDED(cuLinkDestroy, ended_state, cuLinkDestroy(link_state))
ENDED(cuMemPoolDestroy, ended_pool, cuMemPoolDestroy(pool))
ENDED(cuMemPoolTrimTo, ended_pool, cuMemPoolTrimTo(pool, 0))
ENDED(cuMemPoolGetAttribute, ended_pool,
      cuMemPoolGetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, words))
ENDED(cuMemAllocFromPoolAsync, ended_pool,
      cuMemAllocFromPoolAsync((CUdeviceptr *)words, 4096, pool, NULL))
ENDED(cuDeviceSetMemPool, ended_pool, cuDeviceSetMemPool(0, pool))
ENDED(cuMemcpyHtoDAsync_v2, ended_stream, cuMemcpyHtoDAsync_v2(memory, words, 8, stream))
ENDED(cuMemcpyDtoHAsync_v2, ended_stream, cuMemcpyDtoHAsync_v2(words, memory, 8, stream))
ENDED(cuMemsetD8Async, ended_stream, cuMemsetD8Async(memory, 0, 8, stream))
ENDED(cuMemAllocAsync, ended_stream, cuMemAllocAsync((CUdeviceptr *)words, 4096, stream))
ENDED(cuLaunchHostFunc, ended_stream, cuLaunchHostFunc(stream, does_nothing, NULL))

/* It may become current, but nothing works in it. */
static void nothing_works(CUresult cu)
{
    CUresult later = cu == CUDA_SUCCESS ? drv.cuMemAlloc_v2((CUdeviceptr *)words, 4096) : cu;

    CONF_EXPECT(later == CUDA_ERROR_CONTEXT_IS_DESTROYED || later == CUDA_ERROR_INVALID_CONTEXT);
}

CONF_OURS(cuCtxSetCurrent, ended_context)
{
    end_everything();
    nothing_works(drv.cuCtxSetCurrent(context));
}

CONF_OURS(cuCtxPushCurrent_v2, ended_context)
{
    end_everything();
    nothing_works(drv.cuCtxPushCurrent_v2(context));
}
