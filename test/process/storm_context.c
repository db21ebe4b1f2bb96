/* SPDX-License-Identifier: Apache-2.0 */

/* Scenes of storm.c: contexts that come and go while others are in use, children of fork. */

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/process/storm.h"

/* The child of a process with threads may find a sanitizer's allocator locked for ever. */
#if defined(VGPU_ASAN) || defined(VGPU_TSAN)
#define CHILDREN 0u
#else
#define CHILDREN 1u
#endif

/* Contexts end what is left in them. */
static void leave_things(struct storm_actor *a)
{
    struct storm_lane lane = {.stream = storm_private_stream(a)};
    CUevent event = NULL;
    CUdeviceptr p = 0;

    STORM(cuMemAlloc_v2(&p, 4096));
    STORM(cuEventCreate(&event, 0));
    storm_fill(a, lane.stream, p, 128, 9);
    STORM(cuEventRecord(event, lane.stream));
}

static void own_context(struct storm_actor *a)
{
    struct storm_place *place = a->place;
    CUcontext outer = a->ctx, own = NULL, popped = NULL;

    if (place == NULL) {
        return;
    }
    STORM(cuCtxCreate_v4(&own, NULL, 0, a->device));
    a->place = NULL;
    a->ctx = own;
    for (unsigned int i = storm_pick(a, 5); i > 0; i--) {
        storm_play(a);
    }
    if (storm_pick(a, 2) == 0) {
        leave_things(a);
    }
    a->place = place;
    a->ctx = outer;
    if (storm_pick(a, 2) == 0) {
        STORM(cuCtxPopCurrent_v2(&popped));
        STORM_EXPECT(popped == own);
    }
    STORM(cuCtxDestroy_v2(own));
    STORM(cuCtxGetCurrent(&popped));
    STORM_EXPECT(popped == outer);
}

/* A visit to a context that another thread may work in. */
static void elsewhere(struct storm_actor *a)
{
    struct storm_place *place = a->place, *other = NULL;
    CUcontext outer = a->ctx, popped = NULL;
    CUdevice device = a->device;

    if (place == NULL) {
        return;
    }
    other = &storm.places[storm_pick(a, storm.place_count)];
    STORM(cuCtxPushCurrent_v2(other->ctx));
    a->place = other;
    a->ctx = other->ctx;
    a->device = other->device;
    storm_play(a);
    a->place = place;
    a->ctx = outer;
    a->device = device;
    STORM(cuCtxPopCurrent_v2(&popped));
    STORM_EXPECT(popped == other->ctx);
}

static void primary(struct storm_actor *a)
{
    CUcontext ctx = NULL;
    unsigned int flags = 0;
    int active = 0;

    STORM(cuDevicePrimaryCtxRetain(&ctx, a->device));
    STORM_EXPECT(ctx == storm.places[a->device].ctx);
    STORM(cuDevicePrimaryCtxGetState(a->device, &flags, &active));
    STORM_EXPECT(active == 1);
    STORM(cuDevicePrimaryCtxRelease_v2(a->device));
}

static void limits(struct storm_actor *a)
{
    size_t bytes = 0;
    int least = 0, greatest = 0;

    STORM(cuCtxGetLimit(&bytes, CU_LIMIT_STACK_SIZE));
    STORM_EXPECT(bytes > 0);
    STORM(cuCtxGetStreamPriorityRange(&least, &greatest));
    STORM_EXPECT(greatest <= -1);
}

static CUresult call_of_a_child(struct storm_actor *a, unsigned int which)
{
    CUstream stream = NULL;
    CUgraph graph = NULL;
    CUdeviceptr p = 0;
    size_t bytes = 0;

    switch (which) {
    case 0:
        return drv.cuCtxSynchronize();
    case 1:
        return drv.cuStreamCreate(&stream, 0);
    case 2:
        return drv.cuGraphCreate(&graph, 0);
    case 3:
        return drv.cuMemGetInfo_v2(&bytes, &bytes);
    case 4:
        return drv.cuStreamSynchronize(NULL);
    case 5:
        return drv.cuCtxSetCurrent(a->ctx);
    case 6:
        return drv.cuLaunchKernel((CUfunction)storm.kernels[STORM_NOOP], 1, 1, 1, 1, 1, 1, 0, NULL,
                                  NULL, NULL);
    default:
        return drv.cuMemAlloc_v2(&p, 4096);
    }
}

/* It may use nothing of what its parent has. */
static void child(struct storm_actor *a)
{
    unsigned int which = storm_pick(a, 12);
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(call_of_a_child(a, which) == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
    }
    STORM_EXPECT(pid > 0);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    STORM_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

const struct storm_scene storm_context_scenes[] = {
    {"own_context", own_context, 4}, {"elsewhere", elsewhere, 4}, {"primary", primary, 2},
    {"limits", limits, 1},           {"child", child, CHILDREN},  {0},
};
