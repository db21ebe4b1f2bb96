/* SPDX-License-Identifier: Apache-2.0 */

/* Objects of one context while another is current.  What native answers differs from call to call:
 * it is recorded, so that a comparison shows it. */
#include "test/conformance/conf.h"

static CUcontext mine;
static CUcontext other;
static CUstream stream; /* of the other context, as are the next three */
static CUevent event;
static CUfunction function;
static CUdeviceptr memory;
static unsigned long long words[32];

/* `mine` is current, the objects are in `other`. */
static void make_two(void)
{
    CUcontext out = NULL;
    CUmodule module = NULL;

    mine = conf_context();
    conf_kernel("noop");
    CONF_SETUP(cuCtxCreate_v2(&other, 0, 0));
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuEventCreate(&event, 0));
    CONF_SETUP(cuModuleLoadData(&module, conf_ptx()));
    CONF_SETUP(cuModuleGetFunction(&function, module, "noop"));
    memory = conf_memory(4096);
    CONF_SETUP(cuCtxPopCurrent_v2(&out));
}

static void both_work(void)
{
    CUcontext now = NULL;

    CONF_OK(cuCtxGetCurrent(&now));
    CONF_EXPECT(now == mine);
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuCtxSetCurrent(other));
    CONF_OK(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL));
    CONF_OK(cuStreamSynchronize(stream));
}

/* Natively these work too, where the comparison says so. */
#define WORKING(symbol, name, call)                                                                \
    CONF_POSITIVE(symbol, name)                                                                    \
    {                                                                                              \
        make_two();                                                                                \
        CONF_CALL(call);                                                                           \
        both_work();                                                                               \
    }

#define CROSSING(symbol, name, call)                                                               \
    CONF_NEGATIVE(symbol, name)                                                                    \
    {                                                                                              \
        make_two();                                                                                \
        CONF_CALL(call);                                                                           \
        both_work();                                                                               \
    }

CROSSING(cuLaunchKernel, function_of_another_context,
         cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL))
CROSSING(cuLaunchKernel, stream_of_another_context,
         cuLaunchKernel(conf_kernel("noop"), 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL))
WORKING(cuLaunchKernel, function_and_stream_of_another_context,
        cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL))
CROSSING(cuEventRecord, event_of_another_context, cuEventRecord(event, NULL))
WORKING(cuEventRecord, event_and_stream_of_another_context, cuEventRecord(event, stream))
WORKING(cuStreamWaitEvent, stream_of_another_context, cuStreamWaitEvent(stream, event, 0))
WORKING(cuStreamQuery, stream_of_another_context, cuStreamQuery(stream))
WORKING(cuStreamSynchronize, stream_of_another_context, cuStreamSynchronize(stream))
WORKING(cuEventQuery, event_of_another_context, cuEventQuery(event))
WORKING(cuFuncGetAttribute, function_of_another_context,
        cuFuncGetAttribute((int *)words, CU_FUNC_ATTRIBUTE_NUM_REGS, function))
WORKING(cuFuncSetCacheConfig, function_of_another_context,
        cuFuncSetCacheConfig(function, CU_FUNC_CACHE_PREFER_L1))
WORKING(cuMemcpyDtoH_v2, memory_of_another_context, cuMemcpyDtoH_v2(words, memory, 8))
WORKING(cuMemsetD8Async, stream_of_another_context, cuMemsetD8Async(memory, 0, 8, stream))
WORKING(cuMemGetAddressRange_v2, memory_of_another_context,
        cuMemGetAddressRange_v2((CUdeviceptr *)words, NULL, memory))
