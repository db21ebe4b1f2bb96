/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Does one thing over and over: vgpu-process-growth KIND ROUNDS.  After the rounds it says so and
 * waits for a line, then does as many again: whoever looks sees what has grown in between.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_ptx.h"
#include "test/programs/driver_api.h"

struct kind {
    const char *name;
    void (*round)(void);
};

static CUcontext context;
static CUstream stream;
static CUfunction noop;
static CUevent event;
static CUdeviceptr memory;

static void must(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(2);
    }
}

#define MUST(call) must(drv.call, #call)

static void prepare(void)
{
    CUdevice device;
    CUmodule module = NULL;

    if (driver_api_load() != 0) {
        exit(2);
    }
    MUST(cuInit(0));
    MUST(cuDeviceGet(&device, 0));
    MUST(cuCtxCreate_v2(&context, 0, device));
    MUST(cuModuleLoadData(&module, kernels_ptx));
    MUST(cuModuleGetFunction(&noop, module, "noop"));
    MUST(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    MUST(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    MUST(cuMemAlloc_v2(&memory, 4096));
}

static void launch_in(CUstream where)
{
    MUST(cuLaunchKernel(noop, 1, 1, 1, 1, 1, 1, 0, where, NULL, NULL));
}

static void launch(void)
{
    launch_in(stream);
}

static void new_event(void)
{
    CUevent fresh = NULL;

    MUST(cuEventCreate(&fresh, CU_EVENT_DISABLE_TIMING));
    launch();
    MUST(cuEventRecord(fresh, stream));
    while (drv.cuEventQuery(fresh) == CUDA_ERROR_NOT_READY) {
    }
    MUST(cuEventDestroy_v2(fresh));
}

static void old_event(void)
{
    launch();
    MUST(cuEventRecord(event, stream));
    (void)drv.cuEventQuery(event);
    MUST(cuStreamWaitEvent(stream, event, 0));
    (void)drv.cuStreamQuery(stream);
}

static void new_stream(void)
{
    CUstream fresh = NULL;

    MUST(cuStreamCreate(&fresh, CU_STREAM_NON_BLOCKING));
    launch_in(fresh);
    (void)drv.cuStreamQuery(fresh);
    MUST(cuStreamDestroy_v2(fresh));
}

static void capture(CUgraph *graph)
{
    MUST(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    launch();
    MUST(cuMemsetD8Async(memory, 1, 4096, stream));
    MUST(cuEventRecord(event, stream));
    MUST(cuStreamWaitEvent(stream, event, 0));
    MUST(cuStreamEndCapture(stream, graph));
}

static void new_capture(void)
{
    CUgraph graph = NULL;

    capture(&graph);
    MUST(cuGraphDestroy(graph));
}

static void nothing(void *arg)
{
    (void)arg;
}

static void new_graph(void)
{
    const CUDA_HOST_NODE_PARAMS host = {.fn = nothing};
    CUgraphExec exec = NULL;
    CUgraphNode node = NULL;
    CUgraph graph = NULL;

    capture(&graph);
    MUST(cuGraphAddHostNode(&node, graph, NULL, 0, &host));
    MUST(cuGraphInstantiateWithFlags(&exec, graph, 0));
    MUST(cuGraphDestroy(graph));
    MUST(cuGraphLaunch(exec, stream));
    MUST(cuGraphExecDestroy(exec));
    MUST(cuStreamSynchronize(stream));
}

static void old_graph(void)
{
    static CUgraphExec exec;
    static CUgraph graph;

    if (exec == NULL) {
        capture(&graph);
        MUST(cuGraphInstantiateWithFlags(&exec, graph, 0));
    }
    MUST(cuGraphLaunch(exec, stream));
}

static void host_function(void)
{
    MUST(cuLaunchHostFunc(stream, nothing, NULL));
}

static void new_memory(void)
{
    CUdeviceptr ordered = 0;
    CUdeviceptr plain = 0;

    MUST(cuMemAlloc_v2(&plain, 100000));
    MUST(cuMemAllocAsync(&ordered, 100000, stream));
    launch();
    MUST(cuMemFreeAsync(ordered, stream));
    MUST(cuMemFree_v2(plain));
}

static void new_array(void)
{
    const CUDA_ARRAY_DESCRIPTOR shape = {
        .Width = 64, .Height = 64, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
    CUDA_RESOURCE_DESC res = {.resType = CU_RESOURCE_TYPE_ARRAY};
    const CUDA_TEXTURE_DESC how = {.flags = 0};
    CUtexObject texture = 0;
    CUarray array = NULL;

    MUST(cuArrayCreate_v2(&array, &shape));
    res.res.array.hArray = array;
    MUST(cuTexObjectCreate(&texture, &res, &how, NULL));
    MUST(cuTexObjectDestroy(texture));
    MUST(cuArrayDestroy(array));
}

static void registered(void)
{
    static _Alignas(4096) char pages[8192];

    MUST(cuMemHostRegister_v2(pages, sizeof(pages), 0));
    MUST(cuMemHostUnregister(pages));
}

static const struct kind kinds[] = {
    {"launch", launch},         {"new_event", new_event},     {"old_event", old_event},
    {"new_stream", new_stream}, {"new_capture", new_capture}, {"new_graph", new_graph},
    {"old_graph", old_graph},   {"host", host_function},      {"new_memory", new_memory},
    {"new_array", new_array},   {"registered", registered},
};

static void repeat(const struct kind *kind, unsigned long rounds, const char *word)
{
    while (rounds-- > 0) {
        kind->round();
    }
    MUST(cuCtxSynchronize());
    printf("%s\n", word);
    (void)fflush(stdout);
    (void)getchar();
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    prepare();
    for (size_t i = 0; argc > 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(argv[1], kinds[i].name) == 0) {
            repeat(&kinds[i], rounds, "begun");
            repeat(&kinds[i], rounds, "done");
            return 0;
        }
    }
    return 2;
}
