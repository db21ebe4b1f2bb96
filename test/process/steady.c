/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes the calls that frameworks make in every step, one kind after the other: twice to warm up,
 * then TIMES times between cuProfilerStart() and cuProfilerStop(), at which the guest library
 * writes its counters down.  Says each kind's name on a line of its own.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_ptx.h"
#include "test/programs/driver_api.h"

#define TIMES 8
#define WARM  2
#define BYTES 4096u

static CUcontext context;
static CUdevice device;
static CUstream stream, other;
static CUlibrary library;
static CUkernel kernel;
static CUmodule module;
static CUfunction noop, store;
static CUevent event, timed, timed_end;
static CUdeviceptr memory;
static CUgraph graph;
static CUgraphExec exec;
static CUgraphNode node;
static void *pinned;
static char pageable[BYTES];
static unsigned int turn; /* how often the present kind was called */

static void must(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(2);
    }
}

#define MUST(call) must(drv.call, #call)

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(2);
    }
}

/* ---- contexts and functions ------------------------------------------------- */

static void contexts(void)
{
    unsigned int version = 0, flags = 0;
    CUcontext now = NULL;

    MUST(cuCtxGetApiVersion(context, &version));
    MUST(cuCtxGetCurrent(&now));
    MUST(cuCtxSetCurrent(context));
    MUST(cuCtxGetFlags(&flags));
    MUST(cuCtxGetDevice(&device));
}

static void limits(void)
{
    size_t value = 0;

    MUST(cuCtxGetLimit(&value, CU_LIMIT_STACK_SIZE));
    MUST(cuCtxGetLimit(&value, CU_LIMIT_PRINTF_FIFO_SIZE));
}

static void set_limit(void)
{
    size_t set = turn % 2 == 0 ? 2048 : 4096;
    size_t value = 0;

    MUST(cuCtxSetLimit(CU_LIMIT_STACK_SIZE, set));
    MUST(cuCtxGetLimit(&value, CU_LIMIT_STACK_SIZE));
    expect(value == set, "the stack limit is not what was set");
}

static void function_attributes(void)
{
    int value = 0;

    MUST(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, noop));
    MUST(cuFuncSetAttribute(noop, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                            turn % 2 == 0 ? 60000 : 50000));
    MUST(cuFuncSetAttribute(noop, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 100));
    MUST(cuFuncSetAttribute(noop, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
}

static void function_cache(void)
{
    MUST(cuFuncSetCacheConfig(noop, CU_FUNC_CACHE_PREFER_SHARED));
    MUST(cuKernelSetCacheConfig(kernel, CU_FUNC_CACHE_PREFER_SHARED, device));
}

static void kernels(void)
{
    CUfunction function = NULL;
    CUkernel found = NULL;
    int value = 0;

    MUST(cuLibraryGetKernel(&found, library, "noop"));
    MUST(cuKernelGetFunction(&function, found));
    MUST(cuKernelGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, found, device));
    MUST(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                              turn % 2 == 0 ? 60000 : 50000, found, device));
    MUST(cuModuleGetFunction(&function, module, "store"));
}

static void globals(void)
{
    CUdeviceptr at = 0;
    size_t bytes = 0;

    MUST(cuLibraryGetGlobal(&at, &bytes, library, "counter"));
    MUST(cuModuleGetGlobal_v2(&at, &bytes, module, "counter"));
}

/* ---- occupancy -------------------------------------------------------------- */

/* All block sizes, as the toolkit's header asks for them. */
static void occupancy(void)
{
    int blocks = 0, size = 0;
    size_t bytes = 0;

    for (int threads = 1024; threads > 0; threads -= 32) {
        MUST(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, store, threads, 1024));
    }
    MUST(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&blocks, noop, 96, 0, 1));
    MUST(cuOccupancyMaxPotentialBlockSize(&blocks, &size, noop, NULL, 0, 0));
    MUST(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, noop, 1, 128));
}

static CUlaunchConfig cluster_of(CUlaunchAttribute *attribute, unsigned int blocks)
{
    *attribute = (CUlaunchAttribute){.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                                     .value = {.clusterDim = {blocks, 1, 1}}};
    return (CUlaunchConfig){.gridDimX = 8,
                            .gridDimY = 1,
                            .gridDimZ = 1,
                            .blockDimX = 64,
                            .blockDimY = 1,
                            .blockDimZ = 1,
                            .hStream = stream,
                            .attrs = attribute,
                            .numAttrs = 1};
}

static void clusters(void)
{
    CUlaunchAttribute attribute;
    CUlaunchConfig config;
    int count = 0;

    for (unsigned int blocks = 1; blocks <= 8; blocks *= 2) {
        config = cluster_of(&attribute, blocks);
        MUST(cuOccupancyMaxActiveClusters(&count, noop, &config));
        MUST(cuOccupancyMaxPotentialClusterSize(&count, (CUfunction)kernel, &config));
    }
}

/* A setting that goes back and forth is told; what was asked under each is known. */
static void division(void)
{
    int blocks = 0;

    MUST(cuFuncSetAttribute(store, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                            turn % 2 == 0 ? 0 : 100));
    MUST(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, store, 128, 1024));
}

static void portable(void)
{
    static int sizes[2];
    CUlaunchAttribute attribute;
    CUlaunchConfig config = cluster_of(&attribute, 1);
    unsigned int large = turn % 2;
    int size = 0;

    MUST(
        cuFuncSetAttribute(store, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, (int)large));
    MUST(cuOccupancyMaxPotentialClusterSize(&size, store, &config));
    expect(turn < 2 || size == sizes[large], "a cluster's size is not what it was");
    sizes[large] = size;
    expect(large == 0 || sizes[0] < sizes[1], "a larger cluster's size is that of a portable one");
}

/* ---- launches --------------------------------------------------------------- */

static void launch(CUfunction function, unsigned int blocks, unsigned int x, unsigned int y)
{
    unsigned int value = 7;
    void *params[] = {&memory, &value};

    MUST(cuLaunchKernel(function, blocks, 1, 1, x, y, 1, 0, stream, params, NULL));
}

/* Reductions have a shape of block for each shape of tensor. */
static void launches(void)
{
    for (unsigned int x = 1; x <= 4; x++) {
        for (unsigned int y = 1; y <= 4; y++) {
            launch(noop, 4, 32 * x, y);
        }
    }
    launch(store, 1, 32, 1);
    launch((CUfunction)kernel, 1, 64, 1);
}

static void launches_with_attributes(void)
{
    CUlaunchAttribute attribute;
    CUlaunchConfig config;

    for (unsigned int blocks = 1; blocks <= 8; blocks *= 2) {
        config = cluster_of(&attribute, blocks);
        MUST(cuLaunchKernelEx(&config, noop, NULL, NULL));
    }
    MUST(cuLaunchCooperativeKernel(noop, 2, 1, 1, 64, 1, 1, 0, stream, NULL));
}

static void tensor_maps(void)
{
    static CUtensorMap map;
    const cuuint64_t dims[2] = {32, 16}, strides[1] = {128};
    const cuuint32_t box[2] = {32, 8}, steps[2] = {1, 1};

    for (unsigned int i = 0; i < 100; i++) {
        MUST(cuTensorMapEncodeTiled(&map, CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 2,
                                    (void *)(uintptr_t)(memory + (CUdeviceptr)(i % 8) * 256), dims,
                                    strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                    CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,
                                    CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
        MUST(cuTensorMapReplaceAddress(&map, (void *)(uintptr_t)memory));
    }
}

/* ---- memory ----------------------------------------------------------------- */

static void pointers(void)
{
    CUpointer_attribute which[2] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL};
    unsigned int type = 0;
    int ordinal = 0;
    void *values[2] = {&type, &ordinal};
    CUdeviceptr base = 0;
    size_t bytes = 0;

    MUST(cuPointerGetAttributes(2, which, values, memory));
    MUST(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)pinned));
    MUST(cuMemGetAddressRange_v2(&base, &bytes, memory));
    MUST(cuMemHostGetDevicePointer_v2(&base, pinned, 0));
}

static void allocations(void)
{
    CUdeviceptr plain = 0, ordered = 0;
    void *host = NULL;

    MUST(cuMemAlloc_v2(&plain, 100000));
    MUST(cuMemFree_v2(plain));
    MUST(cuMemAllocAsync(&ordered, 100000, stream));
    MUST(cuMemFreeAsync(ordered, stream));
    MUST(cuMemHostAlloc(&host, 100000, 0));
    MUST(cuMemFreeHost(host));
}

static void free_memory(void)
{
    size_t available = 0, total = 0;

    MUST(cuMemGetInfo_v2(&available, &total));
}

static void fills(void)
{
    MUST(cuMemsetD8Async(memory, 1, BYTES, stream));
    MUST(cuMemsetD32Async(memory, 1, BYTES / 4, stream));
    MUST(cuMemcpyDtoDAsync_v2(memory, memory + BYTES, BYTES, stream));
}

static void pinned_copies(void)
{
    MUST(cuMemcpyHtoDAsync_v2(memory, pinned, BYTES, stream));
    MUST(cuMemcpyDtoHAsync_v2(pinned, memory, BYTES, stream));
}

static void copies_in(void)
{
    MUST(cuMemcpyHtoDAsync_v2(memory, pageable, BYTES, stream));
}

static void copy_out(void)
{
    MUST(cuMemcpyDtoHAsync_v2(pageable, memory, 4, stream));
    MUST(cuStreamSynchronize(stream));
}

/* ---- streams and events ----------------------------------------------------- */

static void captures(void)
{
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
    cuuint64_t id = 0;
    CUgraph made = NULL;

    MUST(cuThreadExchangeStreamCaptureMode(&mode));
    MUST(cuThreadExchangeStreamCaptureMode(&mode));
    MUST(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    MUST(cuStreamIsCapturing(stream, &status));
    MUST(cuStreamGetCaptureInfo_v3(stream, &status, &id, NULL, NULL, NULL, NULL));
    launch(store, 1, 32, 1);
    MUST(cuStreamEndCapture(stream, &made));
    MUST(cuGraphDestroy(made));
}

static void events(void)
{
    CUevent made = NULL;

    MUST(cuEventCreate(&made, CU_EVENT_DISABLE_TIMING));
    MUST(cuEventRecordWithFlags(made, stream, 0));
    MUST(cuStreamWaitEvent(other, made, 0));
    MUST(cuEventDestroy_v2(made));
    MUST(cuEventRecord(event, stream));
    MUST(cuStreamWaitEvent(other, event, 0));
}

static void synchronised(void)
{
    launch(store, 1, 32, 1);
    MUST(cuStreamSynchronize(stream));
    MUST(cuStreamSynchronize(stream));
    MUST(cuStreamQuery(stream));
}

static void event_synchronised(void)
{
    launch(store, 1, 32, 1);
    MUST(cuEventRecord(event, stream));
    MUST(cuEventSynchronize(event));
    MUST(cuEventQuery(event));
    MUST(cuStreamQuery(stream));
}

static void elapsed(void)
{
    float ms = 0;

    MUST(cuEventRecord(timed, stream));
    MUST(cuEventRecord(timed_end, stream));
    MUST(cuEventSynchronize(timed_end));
    MUST(cuEventElapsedTime_v2(&ms, timed, timed_end));
}

/* The second has nothing left to wait for. */
static void context_synchronised(void)
{
    launch(store, 1, 32, 1);
    MUST(cuCtxSynchronize());
    MUST(cuCtxSynchronize());
}

/* ---- graphs ----------------------------------------------------------------- */

static void graph_launches(void)
{
    CUDA_KERNEL_NODE_PARAMS_v2 params;
    CUgraphExecUpdateResultInfo told;
    size_t count = 1;

    memset(&params, 0, sizeof(params));
    MUST(cuGraphGetNodes(graph, &node, &count));
    MUST(cuGraphKernelNodeGetParams_v2(node, &params));
    MUST(cuGraphExecKernelNodeSetParams_v2(exec, node, &params));
    MUST(cuGraphExecUpdate_v2(exec, graph, &told));
    MUST(cuGraphLaunch(exec, stream));
}

static void graph_made(void)
{
    CUgraphExec made = NULL;

    MUST(cuGraphInstantiateWithFlags(&made, graph, 0));
    MUST(cuGraphLaunch(made, stream));
    MUST(cuGraphExecDestroy(made));
}

/* A step in the legacy stream: fills, kernels, a number that is copied in, one that is read. */
static void training(void)
{
    float loss = 0;

    MUST(cuMemsetD8Async(memory, 0, BYTES, NULL));
    for (unsigned int x = 32; x <= 1024; x *= 2) {
        MUST(cuLaunchKernel(noop, 4, 1, 1, x, 1, 1, 0, NULL, NULL, NULL));
    }
    MUST(cuMemcpyHtoDAsync_v2(memory, pageable, 4, NULL));
    MUST(cuMemcpyDtoDAsync_v2(memory, memory + BYTES, BYTES, NULL));
    MUST(cuEventRecord(event, NULL));
    MUST(cuStreamWaitEvent(other, event, 0));
    MUST(cuMemcpyDtoHAsync_v2(&loss, memory, sizeof(loss), NULL));
    MUST(cuStreamSynchronize(NULL));
}

/* ---- the list --------------------------------------------------------------- */

static const struct kind {
    const char *name;
    void (*call)(void);
} kinds[] = {
    {"contexts", contexts},
    {"limits", limits},
    {"set_limit", set_limit},
    {"function_attributes", function_attributes},
    {"function_cache", function_cache},
    {"kernels", kernels},
    {"globals", globals},
    {"occupancy", occupancy},
    {"clusters", clusters},
    {"division", division},
    {"portable", portable},
    {"launches", launches},
    {"launches_with_attributes", launches_with_attributes},
    {"tensor_maps", tensor_maps},
    {"pointers", pointers},
    {"allocations", allocations},
    {"free_memory", free_memory},
    {"fills", fills},
    {"pinned_copies", pinned_copies},
    {"copies_in", copies_in},
    {"copy_out", copy_out},
    {"captures", captures},
    {"events", events},
    {"synchronised", synchronised},
    {"event_synchronised", event_synchronised},
    {"elapsed", elapsed},
    {"context_synchronised", context_synchronised},
    {"graph_launches", graph_launches},
    {"graph_made", graph_made},
    {"training", training},
};

static void prepare_graph(void)
{
    MUST(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    launch(store, 1, 32, 1);
    MUST(cuStreamEndCapture(stream, &graph));
    MUST(cuGraphInstantiateWithFlags(&exec, graph, 0));
}

static void prepare(void)
{
    if (driver_api_load() != 0) {
        exit(2);
    }
    MUST(cuInit(0));
    MUST(cuDeviceGet(&device, 0));
    MUST(cuCtxCreate_v2(&context, 0, device));
    MUST(cuModuleLoadData(&module, kernels_ptx));
    MUST(cuModuleGetFunction(&noop, module, "noop"));
    MUST(cuModuleGetFunction(&store, module, "store"));
    MUST(cuLibraryLoadData(&library, kernels_ptx, NULL, NULL, 0, NULL, NULL, 0));
    MUST(cuLibraryGetKernel(&kernel, library, "noop"));
    MUST(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    MUST(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
    MUST(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    MUST(cuEventCreate(&timed, 0));
    MUST(cuEventCreate(&timed_end, 0));
    MUST(cuMemAlloc_v2(&memory, 2ul * BYTES));
    MUST(cuMemHostAlloc(&pinned, BYTES, 0));
    prepare_graph();
}

static void repeat(const struct kind *kind, unsigned int times)
{
    while (times-- > 0) {
        kind->call();
        turn++;
    }
}

/* What is left of other kinds is done before. */
static void measure(const struct kind *kind)
{
    turn = 0;
    repeat(kind, WARM);
    MUST(cuStreamSynchronize(stream));
    MUST(cuStreamSynchronize(other));
    MUST(cuProfilerStart());
    repeat(kind, TIMES);
    MUST(cuProfilerStop());
    MUST(cuCtxSynchronize());
    printf("%s\n", kind->name);
}

int main(void)
{
    prepare();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        measure(&kinds[i]);
    }
    printf("done\n");
    return 0;
}
