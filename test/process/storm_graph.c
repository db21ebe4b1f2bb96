/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: graphs that are captured or built, and what they own. */

#include "test/process/storm.h"

static void begin(struct storm_actor *a, CUstream stream)
{
    if (a->place != NULL) {
        pthread_rwlock_rdlock(&a->place->capturing);
    }
    STORM(cuStreamBeginCapture_v2(stream, storm_pick(a, 2) ? CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
                                                           : CU_STREAM_CAPTURE_MODE_RELAXED));
}

static CUgraph end(struct storm_actor *a, CUstream stream)
{
    CUgraph graph = NULL;

    STORM(cuStreamEndCapture(stream, &graph));
    if (a->place != NULL) {
        pthread_rwlock_unlock(&a->place->capturing);
    }
    return graph;
}

static void count_call(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

/* What a graph does: adds `value` to each word and calls a function. */
struct work {
    CUdeviceptr p;
    unsigned int words;
    unsigned int value;
    atomic_uint *calls;
};

/* The function runs beside the kernel. */
static CUgraph captured(struct storm_actor *a, CUstream stream, const struct work *work)
{
    CUstream beside = storm_private_stream(a);
    CUevent forked = NULL, joined = NULL;
    CUgraph graph = NULL;

    STORM(cuEventCreate(&forked, CU_EVENT_DISABLE_TIMING));
    STORM(cuEventCreate(&joined, CU_EVENT_DISABLE_TIMING));
    begin(a, stream);
    STORM(cuEventRecord(forked, stream));
    STORM(cuStreamWaitEvent(beside, forked, 0));
    STORM(cuLaunchHostFunc(beside, count_call, work->calls));
    storm_launch(a, STORM_ADD, stream, work->p, work->words, work->value);
    STORM(cuEventRecord(joined, beside));
    STORM(cuStreamWaitEvent(stream, joined, 0));
    graph = end(a, stream);
    STORM(cuEventDestroy_v2(forked));
    STORM(cuEventDestroy_v2(joined));
    STORM(cuStreamDestroy_v2(beside));
    return graph;
}

/* Launches up to `most` times; returns how often. */
static unsigned int launch(struct storm_actor *a, CUgraphExec exec, CUstream stream,
                           unsigned int most)
{
    unsigned int times = storm_pick(a, most + 1);

    for (unsigned int i = 0; i < times; i++) {
        STORM(cuGraphLaunch(exec, stream));
    }
    return times;
}

static CUgraphExec instantiate(struct storm_actor *a, CUgraph graph)
{
    CUgraphExec exec = NULL;
    CUgraph clone = NULL;

    if (storm_pick(a, 2) == 0) {
        STORM(cuGraphClone(&clone, graph));
        STORM(cuGraphInstantiateWithFlags(&exec, clone, 0));
        STORM(cuGraphDestroy(clone));
    } else {
        STORM(cuGraphInstantiateWithFlags(&exec, graph, 0));
    }
    return exec;
}

/* Another value, by a capture that has the same shape; returns the sum of what all launches add. */
static unsigned int update(struct storm_actor *a, CUgraphExec exec, struct work *work,
                           CUstream stream)
{
    CUgraphExecUpdateResultInfo info;
    unsigned int times = 0;
    CUgraph graph = NULL;

    work->value += 3;
    graph = captured(a, stream, work);
    STORM(cuGraphExecUpdate_v2(exec, graph, &info));
    STORM(cuGraphDestroy(graph));
    times = launch(a, exec, stream, 2);
    atomic_fetch_sub(work->calls, times);
    return times * work->value;
}

static void capture(struct storm_actor *a)
{
    atomic_uint calls = 0;
    struct work work = {.words = storm_words(a), .value = 1 + storm_pick(a, 9), .calls = &calls};
    CUstream stream = storm_private_stream(a);
    unsigned int times = 0, sum = 0;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;

    STORM(cuMemAlloc_v2(&work.p, work.words * 4ul));
    STORM(cuMemsetD32Async(work.p, 0, work.words, stream));
    graph = captured(a, stream, &work);
    exec = instantiate(a, graph);
    STORM(cuGraphDestroy(graph));
    times = launch(a, exec, stream, 3);
    sum = times * work.value;
    if (storm_pick(a, 2) == 0) {
        sum += update(a, exec, &work, stream);
    }
    if (storm_pick(a, 2) == 0) {
        STORM(cuGraphExecDestroy(exec));
        exec = NULL;
    }
    storm_verify(a, stream, work.p, work.words, sum);
    STORM_EXPECT(atomic_load(&calls) == times);
    if (exec != NULL) {
        STORM(cuGraphExecDestroy(exec));
    }
    STORM(cuStreamDestroy_v2(stream));
    STORM(cuMemFree_v2(work.p));
}

/* Given up: what was captured is never run. */
static void dropped(struct storm_actor *a)
{
    CUstream stream = storm_private_stream(a);
    CUdeviceptr p = 0;

    begin(a, stream);
    STORM(cuMemAllocAsync(&p, 4096, stream));
    storm_launch(a, STORM_STORE, stream, p, 64, 4);
    STORM(cuMemFreeAsync(p, stream));
    STORM(cuGraphDestroy(end(a, stream)));
    STORM(cuStreamDestroy_v2(stream));
}

/* ---- graphs that are built, with memory of their own ------------------------- */

static CUdeviceptr add_alloc(struct storm_actor *a, CUgraph graph, CUgraphNode *node)
{
    CUDA_MEM_ALLOC_NODE_PARAMS params = {.bytesize = STORM_BYTES};

    params.poolProps.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
    params.poolProps.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    params.poolProps.location.id = a->device;
    STORM(cuGraphAddMemAllocNode(node, graph, NULL, 0, &params));
    return params.dptr;
}

static void add_fill(struct storm_actor *a, CUgraph graph, CUgraphNode *node, CUdeviceptr p,
                     unsigned int value)
{
    const CUDA_MEMSET_NODE_PARAMS params = {.dst = p,
                                            .pitch = STORM_BYTES,
                                            .value = value,
                                            .elementSize = 4,
                                            .width = STORM_WORDS,
                                            .height = 1};
    CUgraphNode before = *node;

    STORM(cuGraphAddMemsetNode(node, graph, &before, 1, &params, a->ctx));
}

static void add_copy(struct storm_actor *a, CUgraph graph, CUgraphNode *node, CUdeviceptr to,
                     CUdeviceptr from)
{
    const CUDA_MEMCPY3D params = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                                  .srcDevice = from,
                                  .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                                  .dstDevice = to,
                                  .WidthInBytes = STORM_BYTES,
                                  .Height = 1,
                                  .Depth = 1};
    CUgraphNode before = *node;

    STORM(cuGraphAddMemcpyNode(node, graph, &before, 1, &params, a->ctx));
}

static void end_object(void *arg)
{
    atomic_fetch_sub((atomic_int *)arg, 1);
}

/* An object that the graph owns, and its executables with it. */
static void own(struct storm_actor *a, CUgraph graph)
{
    CUuserObject object = NULL;

    atomic_fetch_add(&storm.objects, 1);
    STORM(cuUserObjectCreate(&object, &storm.objects, end_object, 1,
                             CU_USER_OBJECT_NO_DESTRUCTOR_SYNC));
    if (storm_pick(a, 2) == 0) {
        STORM(cuUserObjectRetain(object, 1));
        STORM(cuUserObjectRelease(object, 1));
    }
    STORM(cuGraphRetainUserObject(graph, object, 1, CU_GRAPH_USER_OBJECT_MOVE));
}

static CUgraphExec build(struct storm_actor *a, CUdeviceptr to, unsigned int value)
{
    CUgraphNode node = NULL, last = NULL;
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;

    STORM(cuGraphCreate(&graph, 0));
    p = add_alloc(a, graph, &node);
    add_fill(a, graph, &node, p, value);
    add_copy(a, graph, &node, to, p);
    STORM(cuGraphAddMemFreeNode(&last, graph, &node, 1, p));
    if (storm_pick(a, 2) == 0) {
        own(a, graph);
    }
    STORM(cuGraphInstantiateWithFlags(&exec, graph, 0));
    STORM(cuGraphDestroy(graph));
    return exec;
}

static void with_memory(struct storm_actor *a)
{
    struct storm_lane lane = storm_enter(a);
    unsigned int value = storm_value(a);
    CUgraphExec exec = NULL;
    CUdeviceptr to = 0;

    STORM(cuMemAlloc_v2(&to, STORM_BYTES));
    exec = build(a, to, value);
    if (storm_pick(a, 2) == 0) {
        STORM(cuGraphUpload(exec, lane.stream));
    }
    STORM(cuGraphLaunch(exec, lane.stream));
    (void)launch(a, exec, lane.stream, 2);
    storm_verify(a, lane.stream, to, STORM_WORDS, value);
    STORM(cuGraphExecDestroy(exec));
    if (storm_pick(a, 4) == 0) {
        STORM(cuDeviceGraphMemTrim(a->device));
    }
    storm_leave(a, lane);
    STORM(cuMemFree_v2(to));
}

/* One executable of many threads, which launch it one at a time. */
static void shared_exec(struct storm_actor *a)
{
    struct storm_lane lane = {0};

    if (a->place == NULL) {
        return;
    }
    lane = storm_enter(a);
    pthread_mutex_lock(&a->place->exec_lock);
    atomic_fetch_add(&a->place->counted, launch(a, a->place->exec, lane.stream, 3));
    pthread_mutex_unlock(&a->place->exec_lock);
    storm_leave(a, lane);
}

const struct storm_scene storm_graph_scenes[] = {
    {"capture", capture, 6},
    {"dropped", dropped, 2},
    {"with_memory", with_memory, 4},
    {"shared_exec", shared_exec, 3},
    {0},
};
