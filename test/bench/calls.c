/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-bench-calls: calls that only send, each CALLS times in bursts that are waited for outside,
 * for instructions.py to count what they cost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "test/programs/driver_api.h"

#include "empty_ptx.h"

#define BURST  100u
#define BURSTS 10u
#define BYTES  64u

struct things {
    CUstream stream;
    CUfunction noop;
    CUevent event;
    CUgraphExec exec;
    CUdeviceptr device[2];
    void *pinned;
    unsigned char pageable[BYTES];
};

#define CHECK(call) check(drv.call, #call)
static void check(CUresult cu, const char *text)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "vgpu-bench-calls: %s = %d\n", text, (int)cu);
        exit(1);
    }
}

static void launch(struct things *t)
{
    CHECK(cuLaunchKernel(t->noop, 1, 1, 1, 1, 1, 1, 0, t->stream, NULL, NULL));
}

static void launch_config(struct things *t)
{
    const CUlaunchConfig config = {.gridDimX = 1,
                                   .gridDimY = 1,
                                   .gridDimZ = 1,
                                   .blockDimX = 1,
                                   .blockDimY = 1,
                                   .blockDimZ = 1,
                                   .hStream = t->stream};

    CHECK(cuLaunchKernelEx(&config, t->noop, NULL, NULL));
}

static void record(struct things *t)
{
    CHECK(cuEventRecord(t->event, t->stream));
}

static void wait_event(struct things *t)
{
    CHECK(cuStreamWaitEvent(t->stream, t->event, 0));
}

static void copy_pageable(struct things *t)
{
    CHECK(cuMemcpyHtoDAsync_v2(t->device[0], t->pageable, BYTES, t->stream));
}

static void copy_any(struct things *t)
{
    CHECK(cuMemcpyAsync(t->device[0], (CUdeviceptr)(uintptr_t)t->pinned, BYTES, t->stream));
}

static void copy_device(struct things *t)
{
    CHECK(cuMemcpyDtoDAsync_v2(t->device[0], t->device[1], BYTES, t->stream));
}

static void fill(struct things *t)
{
    CHECK(cuMemsetD8Async(t->device[0], 1, BYTES, t->stream));
}

static void run_graph(struct things *t)
{
    CHECK(cuGraphLaunch(t->exec, t->stream));
}

static void query(struct things *t)
{
    CHECK(cuEventQuery(t->event));
}

static void query_stream(struct things *t)
{
    CHECK(cuStreamQuery(t->stream));
}

static void set_up(struct things *t)
{
    CUcontext context;
    CUdevice device;
    CUmodule module;
    CUgraph graph;

    if (driver_api_load()) {
        exit(77);
    }
    CHECK(cuInit(0));
    CHECK(cuDeviceGet(&device, 0));
    CHECK(cuCtxCreate_v2(&context, 0, device));
    CHECK(cuModuleLoadData(&module, empty_ptx));
    CHECK(cuModuleGetFunction(&t->noop, module, "empty"));
    CHECK(cuStreamCreate(&t->stream, CU_STREAM_NON_BLOCKING));
    CHECK(cuEventCreate(&t->event, CU_EVENT_DISABLE_TIMING));
    CHECK(cuMemAlloc_v2(&t->device[0], BYTES));
    CHECK(cuMemAlloc_v2(&t->device[1], BYTES));
    CHECK(cuMemAllocHost_v2(&t->pinned, BYTES));
    CHECK(cuStreamBeginCapture_v2(t->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    CHECK(cuMemsetD8Async(t->device[0], 1, BYTES, t->stream));
    CHECK(cuStreamEndCapture(t->stream, &graph));
    CHECK(cuGraphInstantiateWithFlags(&t->exec, graph, 0));
    CHECK(cuGraphLaunch(t->exec, t->stream)); /* the first of each is answered */
    launch(t);
    CHECK(cuStreamSynchronize(t->stream));
}

int main(void)
{
    static void (*const calls[])(struct things *) = {
        record,      wait_event, launch,    launch_config, copy_pageable, fill,
        copy_device, copy_any,   run_graph, query,         query_stream};
    static struct things t;

    set_up(&t);
    for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (unsigned int n = 0; n < BURSTS * BURST; n++) {
            calls[i](&t);
            if (n % BURST == BURST - 1) {
                CHECK(cuStreamSynchronize(t.stream));
            }
        }
    }
    return 0;
}
