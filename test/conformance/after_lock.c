/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-first-call: each operation as the FIRST CUDA work of a fresh process.
 *
 *   main --fork--> driver, context, operation 1 --> its codes
 *        --fork--> driver, context, operation 2 --> its codes
 *
 * What a driver opens, maps or starts at first use fails in a locked worker
 * and not in an unlocked one: run it against both and compare the output.
 */
#include "test/conformance/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/conformance/runner.h"

#define BYTES (4u << 20)
/* Exit status when every operation was skipped; ctest's for a test that could not run. */
#define NO_DRIVER 77

static unsigned char pageable[BYTES];

CONF_POSITIVE(first, module_load_ptx)
{
    CUmodule m = NULL;

    conf_context();
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
}

CONF_POSITIVE(first, module_load_options)
{
    CUmodule m = NULL;
    CUjit_option option = CU_JIT_OPTIMIZATION_LEVEL;
    void *value = (void *)(size_t)1;

    conf_context();
    CONF_OK(cuModuleLoadDataEx(&m, conf_ptx(), 1, &option, &value));
}

CONF_POSITIVE(first, module_load_refused)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, ".version 7.0\n.target sm_75\nnonsense\n"),
                CUDA_ERROR_INVALID_PTX);
}

CONF_POSITIVE(first, module_unload)
{
    CUmodule m = NULL;

    conf_context();
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
    CONF_OK(cuModuleUnload(m));
}

CONF_POSITIVE(first, launch)
{
    CUmodule m = NULL;
    CUfunction f = NULL;

    conf_context();
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, launch_with_local_memory)
{
    CUdeviceptr p = 0;
    unsigned int in[18] = {0}, last = 0;
    void *params[] = {&p, in, &last};

    conf_context();
    p = conf_memory(sizeof(in));
    CONF_OK(cuLaunchKernel(conf_kernel("struct_param"), 64, 1, 1, 32, 1, 1, 0, NULL, params, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, alloc_small)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuMemAlloc_v2(&p, 16));
    CONF_OK(cuMemFree_v2(p));
}

CONF_POSITIVE(first, alloc_large)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuMemAlloc_v2(&p, 256u << 20));
    CONF_OK(cuMemFree_v2(p));
}

CONF_POSITIVE(first, mem_get_info)
{
    size_t a = 0, b = 0;

    conf_context();
    CONF_OK(cuMemGetInfo_v2(&a, &b));
}

CONF_POSITIVE(first, host_alloc)
{
    void *p = NULL;

    conf_context();
    CONF_OK(cuMemHostAlloc(&p, BYTES, CU_MEMHOSTALLOC_DEVICEMAP));
    CONF_OK(cuMemFreeHost(p));
}

CONF_POSITIVE(first, memset_all)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(BYTES);
    CONF_OK(cuMemsetD8_v2(p, 1, BYTES));
    CONF_OK(cuMemsetD16_v2(p + 2, 1, 1000));
    CONF_OK(cuMemsetD32Async(p + 4, 1, 1000, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, copy_pageable)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(BYTES);
    CONF_OK(cuMemcpyHtoD_v2(p, pageable, BYTES));
    CONF_OK(cuMemcpyDtoH_v2(pageable, p, BYTES));
}

CONF_POSITIVE(first, copy_pageable_async)
{
    CUdeviceptr p = 0;

    conf_context();
    p = conf_memory(BYTES);
    CONF_OK(cuMemcpyHtoDAsync_v2(p, pageable, BYTES, NULL));
    CONF_OK(cuMemcpyDtoHAsync_v2(pageable, p, BYTES, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, copy_pinned)
{
    CUdeviceptr p = 0;
    void *host = NULL;

    conf_context();
    p = conf_memory(BYTES);
    CONF_OK(cuMemAllocHost_v2(&host, BYTES));
    CONF_OK(cuMemcpyHtoDAsync_v2(p, host, BYTES, NULL));
    CONF_OK(cuMemcpyDtoHAsync_v2(host, p, BYTES, NULL));
    CONF_OK(cuStreamSynchronize(NULL));
}

CONF_POSITIVE(first, copy_device)
{
    CUdeviceptr p = 0, q = 0;

    conf_context();
    p = conf_memory(BYTES);
    q = conf_memory(BYTES);
    CONF_OK(cuMemcpyDtoD_v2(p, q, BYTES));
    CONF_OK(cuMemcpyDtoDAsync_v2(q, p, BYTES, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, streams)
{
    CUstream a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuStreamCreateWithPriority(&b, 0, -1));
    CONF_OK(cuStreamQuery(a));
    CONF_OK(cuStreamSynchronize(b));
    CONF_OK(cuStreamDestroy_v2(a));
    CONF_OK(cuStreamDestroy_v2(b));
}

CONF_POSITIVE(first, many_streams)
{
    CUstream s = NULL;
    int refused = 0;

    conf_context();
    for (int i = 0; i < 200; i++) {
        refused += drv.cuStreamCreate(&s, CU_STREAM_NON_BLOCKING) != CUDA_SUCCESS;
    }
    CONF_EXPECT(refused == 0);
    CONF_OK(cuStreamQuery(s));
}

CONF_POSITIVE(first, per_thread_stream)
{
    conf_context();
    CONF_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
}

CONF_POSITIVE(first, events)
{
    CUevent a = NULL, b = NULL;
    float ms = 0.0f;

    conf_context();
    CONF_OK(cuEventCreate(&a, 0));
    CONF_OK(cuEventCreate(&b, CU_EVENT_BLOCKING_SYNC));
    CONF_OK(cuEventRecord(a, NULL));
    CONF_OK(cuEventRecord(b, NULL));
    CONF_OK(cuStreamWaitEvent(NULL, a, 0));
    CONF_OK(cuEventSynchronize(b));
    CONF_OK(cuEventElapsedTime_v2(&ms, a, b));
}

CONF_POSITIVE(first, occupancy)
{
    int n = 0, grid = 0, block = 0;
    size_t bytes = 0;
    CUfunction f;

    conf_context();
    f = conf_kernel("static_shared");
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 256, 0));
    CONF_OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, f, NULL, 0, 0));
    CONF_OK(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, f, 1, 256));
}

CONF_POSITIVE(first, limits)
{
    size_t v = 0;

    conf_context();
    CONF_OK(cuCtxGetLimit(&v, CU_LIMIT_STACK_SIZE));
    CONF_OK(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, 4096));
    CONF_OK(cuCtxSetLimit(CU_LIMIT_PRINTF_FIFO_SIZE, 2u << 20));
    CONF_OK(cuCtxSetLimit(CU_LIMIT_MALLOC_HEAP_SIZE, 16u << 20));
}

CONF_POSITIVE(first, cache_config)
{
    conf_context();
    CONF_OK(cuCtxSetCacheConfig(CU_FUNC_CACHE_PREFER_L1));
    CONF_OK(cuFuncSetCacheConfig(conf_kernel("noop"), CU_FUNC_CACHE_PREFER_SHARED));
}

CONF_POSITIVE(first, function_attributes)
{
    int v = 0;
    CUfunction f;

    conf_context();
    f = conf_kernel("reverse");
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, f));
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536));
}

CONF_POSITIVE(first, pointer_attributes)
{
    CUdeviceptr p = 0;
    unsigned int type = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_OK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p));
}

CONF_POSITIVE(first, second_context)
{
    CUcontext other = NULL;

    conf_context();
    CONF_OK(cuCtxCreate_v2(&other, 0, 0));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuCtxDestroy_v2(other));
}

CONF_POSITIVE(first, primary_context_reset)
{
    CUdevice dev = conf_device();
    CUcontext ctx = NULL;

    CONF_OK(cuDevicePrimaryCtxRetain(&ctx, dev));
    CONF_OK(cuCtxSetCurrent(ctx));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuDevicePrimaryCtxReset_v2(dev));
    CONF_OK(cuDevicePrimaryCtxRetain(&ctx, dev));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(first, fault)
{
    CUdeviceptr p = 0x100;
    void *params[] = {&p};

    conf_context();
    conf_launch(conf_kernel("bad_store"), 1, 1, NULL, params);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

/* One line an operation: its name, then every code in the order of calls. */
static void print_codes(const struct conf_outcome *o)
{
    const char *at = o->transcript ? o->transcript : "";

    printf("%s:", o->test->name);
    while ((at = strstr(at, " = ")) != NULL) {
        printf(" %d", atoi(at + 3));
        at += 3;
    }
    if (o->verdict != CONF_PASS) {
        printf(" (%s: %s)", conf_verdict_name(o->verdict), o->why);
    }
    printf("\n");
    fflush(stdout);
}

static int usage(void)
{
    fputs("usage: vgpu-first-call [PATTERN]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : NULL;
    size_t count = 0;
    const struct conf_case **cases;
    struct conf_outcome *outcomes;
    int status = 0, skipped = 0;

    if (argc > 2 || (pattern && pattern[0] == '-')) {
        return usage();
    }
    cases = conf_cases(pattern, NULL, &count);
    outcomes = calloc(count + 1, sizeof(*outcomes));
    if (!cases || !outcomes || !count || conf_run(cases, count, 1, 0, outcomes, print_codes)) {
        fprintf(stderr, "vgpu-first-call: cannot run\n");
        return 2;
    }
    for (size_t i = 0; i < count; i++) {
        status |= outcomes[i].verdict == CONF_FAIL;
        skipped += outcomes[i].verdict == CONF_SKIP;
    }
    conf_outcomes_free(outcomes, count);
    free(cases);
    return (size_t)skipped == count ? NO_DRIVER : status;
}
