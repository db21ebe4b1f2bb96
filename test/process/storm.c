/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Threads that make valid calls in a random order on what they share and on what is their own:
 * vgpu-process-storm THREADS ROUNDS SEED [SECONDS [SCENE,SCENE...]].  Each thread plays ROUNDS
 * scenes, or, if SECONDS is not 0, as many as fit into that; the seed says which, and those named
 * are left out.  Every answer is looked at; at the end as much memory is free as at the start. TERM
 * and SEGV end it with the scene that each thread is in.
 *
 *   main ── places (contexts with streams, events, a module, a pool) ──► threads ──► all is ended
 */

#include "test/process/storm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernels_ptx.h"

struct storm storm;
const char *const storm_kernel_names[STORM_KERNELS] = {"store", "add", "atomic_count", "noop"};

static struct storm_actor actors[STORM_THREADS_MAX];
static pthread_t threads[STORM_THREADS_MAX];
static unsigned int thread_count;
static const char *without = "";
static unsigned int rounds;
static double end_s; /* 0: rounds count */

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void storm_must(const struct storm_actor *a, CUresult cu, const char *call)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "seed %llu, thread %u, %s: %s = %d\n", (unsigned long long)storm.seed,
                a->index, a->scene, call, (int)cu);
        _exit(2);
    }
}

void storm_expect(const struct storm_actor *a, bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "seed %llu, thread %u, %s: not so: %s\n", (unsigned long long)storm.seed,
                a->index, a->scene, what);
        _exit(2);
    }
}

static const struct storm_scene *const lists[] = {
    storm_memory_scenes, storm_pool_scenes,    storm_code_scenes, storm_graph_scenes,
    storm_stream_scenes, storm_context_scenes, storm_more_scenes,
};

static unsigned int weights(void)
{
    unsigned int sum = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct storm_scene *scene = lists[i]; scene->name != NULL; scene++) {
            sum += scene->weight;
        }
    }
    return sum;
}

static const struct storm_scene *scene_at(unsigned int at)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct storm_scene *scene = lists[i]; scene->name != NULL; scene++) {
            if (at < scene->weight) {
                return scene;
            }
            at -= scene->weight;
        }
    }
    abort();
}

static bool is_left_out(const struct storm_scene *scene)
{
    size_t len = strlen(scene->name);

    for (const char *at = strstr(without, scene->name); at != NULL;
         at = strstr(at + 1, scene->name)) {
        if ((at == without || at[-1] == ',') && (at[len] == ',' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

void storm_play(struct storm_actor *a)
{
    const struct storm_scene *scene = scene_at(storm_pick(a, weights()));
    const char *outer = a->scene;

    while (is_left_out(scene)) {
        scene = scene_at(storm_pick(a, weights()));
    }
    a->scene = scene->name;
    scene->play(a);
    a->scene = outer;
}

/* ---- places ----------------------------------------------------------------- */

static void make_exec(struct storm_actor *a, struct storm_place *place)
{
    CUgraph graph = NULL;
    CUstream stream = NULL;
    void *params[] = {&place->counter};

    STORM(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    STORM(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    STORM(cuLaunchKernel(place->functions[STORM_COUNT], 1, 1, 1, 1, 1, 1, 0, stream, params, NULL));
    STORM(cuStreamEndCapture(stream, &graph));
    STORM(cuGraphInstantiateWithFlags(&place->exec, graph, 0));
    STORM(cuGraphDestroy(graph));
    STORM(cuStreamDestroy_v2(stream));
}

static void fill_place(struct storm_actor *a, struct storm_place *place)
{
    const CUmemPoolProps props = {
        .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
        .location = {.type = CU_MEM_LOCATION_TYPE_DEVICE, .id = place->device}};

    for (unsigned int i = 0; i < STORM_STREAMS; i++) {
        STORM(cuStreamCreate(&place->streams[i], i == 0 ? 0 : CU_STREAM_NON_BLOCKING));
    }
    for (unsigned int i = 0; i < STORM_EVENTS; i++) {
        STORM(cuEventCreate(&place->events[i], i < 2 ? 0 : CU_EVENT_DISABLE_TIMING));
        STORM(cuEventRecord(place->events[i], place->streams[i % STORM_STREAMS]));
    }
    STORM(cuModuleLoadData(&place->module, kernels_ptx));
    for (unsigned int i = 0; i < STORM_KERNELS; i++) {
        STORM(cuModuleGetFunction(&place->functions[i], place->module, storm_kernel_names[i]));
    }
    STORM(cuMemPoolCreate(&place->pool, &props));
    STORM(cuMemAlloc_v2(&place->counter, 4));
    STORM(cuMemsetD32_v2(place->counter, 0, 1));
    STORM(cuCtxSynchronize());
    make_exec(a, place);
}

/* The first place of each device is its primary context. */
static void make_places(struct storm_actor *a, unsigned int wanted, unsigned int devices)
{
    for (unsigned int i = 0; i < wanted; i++) {
        struct storm_place *place = &storm.places[i];

        pthread_mutex_init(&place->exec_lock, NULL);
        pthread_mutex_init(&place->slots_lock, NULL);
        pthread_rwlock_init(&place->capturing, NULL);
        STORM(cuDeviceGet(&place->device, (int)(i % devices)));
        if (i < devices) {
            STORM(cuDevicePrimaryCtxRetain(&place->ctx, place->device));
            STORM(cuCtxSetCurrent(place->ctx));
        } else {
            STORM(cuCtxCreate_v4(&place->ctx, NULL, 0, place->device));
        }
        fill_place(a, place);
    }
    storm.place_count = wanted;
}

static void check_counter(struct storm_actor *a, struct storm_place *place)
{
    unsigned int counted = 0;

    STORM(cuCtxSynchronize());
    STORM(cuMemcpyDtoH_v2(&counted, place->counter, 4));
    STORM_EXPECT(counted == atomic_load(&place->counted));
}

static void end_place(struct storm_actor *a, struct storm_place *place, bool primary)
{
    STORM(cuCtxSetCurrent(place->ctx));
    check_counter(a, place);
    storm_clear_slots(a, place);
    STORM(cuGraphExecDestroy(place->exec));
    STORM(cuMemFree_v2(place->counter));
    STORM(cuMemPoolDestroy(place->pool));
    STORM(cuModuleUnload(place->module));
    for (unsigned int i = 0; i < STORM_EVENTS; i++) {
        STORM(cuEventDestroy_v2(place->events[i]));
    }
    for (unsigned int i = 0; i < STORM_STREAMS; i++) {
        STORM(cuStreamDestroy_v2(place->streams[i]));
    }
    if (primary) {
        STORM(cuDevicePrimaryCtxRelease_v2(place->device));
    } else {
        STORM(cuCtxDestroy_v2(place->ctx));
    }
}

static void end_places(struct storm_actor *a, unsigned int devices)
{
    CUmemoryPool pool = NULL;

    for (unsigned int i = storm.place_count; i-- > 0;) {
        end_place(a, &storm.places[i], i < devices);
    }
    for (unsigned int i = 0; i < devices; i++) {
        STORM(cuDeviceGetDefaultMemPool(&pool, (CUdevice)i));
        STORM(cuMemPoolTrimTo(pool, 0));
        STORM(cuDeviceGraphMemTrim((CUdevice)i));
    }
}

static void load_library(struct storm_actor *a)
{
    STORM(cuLibraryLoadData(&storm.library, kernels_ptx, NULL, NULL, 0, NULL, NULL, 0));
    for (unsigned int i = 0; i < STORM_KERNELS; i++) {
        STORM(cuLibraryGetKernel(&storm.kernels[i], storm.library, storm_kernel_names[i]));
    }
}

/* ---- threads ---------------------------------------------------------------- */

static void *run(void *arg)
{
    struct storm_actor *a = arg;

    for (unsigned int i = 0; end_s > 0 ? now_s() < end_s : i < rounds; i++) {
        if (i % 8 == 0) {
            a->place = &storm.places[storm_pick(a, storm.place_count)];
            a->device = a->place->device;
            a->ctx = a->place->ctx;
            STORM(cuCtxSetCurrent(a->ctx));
        }
        storm_play(a);
    }
    return NULL;
}

static void run_all(struct storm_actor *main_actor, unsigned int count)
{
    thread_count = count;
    for (unsigned int i = 0; i < count; i++) {
        actors[i].index = i;
        actors[i].scene = "between scenes";
        actors[i].random = (storm.seed + 1) * 0x9e3779b97f4a7c15u + i * 0xbf58476d1ce4e5b9u;
        storm_expect(main_actor, pthread_create(&threads[i], NULL, run, &actors[i]) == 0,
                     "a thread");
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Destructors run when the driver likes, on a thread of its own. */
static void wait_objects(struct storm_actor *a)
{
    for (int i = 0; i < 10000 && atomic_load(&storm.objects) != 0; i++) {
        usleep(1000);
    }
    STORM_EXPECT(atomic_load(&storm.objects) == 0);
}

static void play_all(struct storm_actor *a, unsigned int count)
{
    size_t before = 0, after = 0, total = 0;
    CUcontext keeper = NULL;
    int devices = 0;

    STORM(cuDeviceGetCount(&devices));
    devices = devices < 2 ? devices : 2;
    STORM(cuCtxCreate_v4(&keeper, NULL, 0, 0));
    STORM(cuMemGetInfo_v2(&before, &total));
    load_library(a);
    make_places(a, count < 4 ? 2 : 4, (unsigned int)devices);
    run_all(a, count);
    end_places(a, (unsigned int)devices);
    wait_objects(a);
    STORM(cuCtxSetCurrent(keeper));
    STORM(cuLibraryUnload(storm.library));
    STORM(cuCtxSynchronize());
    STORM(cuMemGetInfo_v2(&after, &total));
    /* Where others use the device, too, as on a card the worker that waits for the next program. */
    STORM_EXPECT(before == after || getenv("VGPU_STORM_SHARED") != NULL);
    STORM(cuCtxDestroy_v2(keeper));
}

/* Numbers and names: snprintf() takes no lock for them. */
static void tell(int number)
{
    char line[128];

    for (unsigned int i = 0; i < thread_count; i++) {
        int len = snprintf(line, sizeof(line), "signal %d, thread %u: %s, call %s\n", number, i,
                           actors[i].scene, actors[i].call != NULL ? actors[i].call : "none");

        (void)!write(STDERR_FILENO, line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
    }
    _exit(3);
}

/* A sanitizer has words of its own. */
static void tell_at(int number)
{
    struct sigaction now;

    if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
        (void)signal(number, tell);
    }
}

int main(int argc, char **argv)
{
    struct storm_actor a = {.index = STORM_THREADS_MAX, .scene = "main"};
    unsigned int count = argc > 3 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;

    if (count == 0 || count > STORM_THREADS_MAX || driver_api_load() != 0) {
        return 2;
    }
    rounds = (unsigned int)strtoul(argv[2], NULL, 10);
    storm.seed = strtoull(argv[3], NULL, 10);
    end_s = argc > 4 && strtod(argv[4], NULL) > 0 ? now_s() + strtod(argv[4], NULL) : 0;
    without = argc > 5 ? argv[5] : "";
    tell_at(SIGTERM);
    tell_at(SIGSEGV);
    storm_must(&a, drv.cuInit(0), "cuInit");
    play_all(&a, count);
    printf("passed\n");
    return 0;
}
