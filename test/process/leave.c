/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-process-leave MODE [threads]: ways to end a program in the middle of its work.
 *
 *   main ── endless kernel in one stream, copies and launches in another ──► leaves by MODE
 *   launcher thread ── launches for ever                    ("threads")
 *   waiter thread   ── waits for the endless kernel          ("threads")
 *
 * The exit status is 7 where the mode can choose one; 3 without libcuda.so.1, 4 when a call of the
 * beginning was refused.
 */
#include "test/programs/driver_api.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernels_ptx.h"

enum { STATUS = 7, NO_LIBRARY = 3, REFUSED = 4 };

static CUcontext context;
static CUstream busy;
static CUfunction kernel;
static bool late_calls;
static bool alone = true;
static const char *self;

static void need(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s answers %d\n", what, (int)cu);
        _exit(REFUSED);
    }
}

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = 20L * 1000 * 1000};

    nanosleep(&pause, NULL);
}

/* Runs after the exit handlers; what the calls answer is open, that they return is not. */
__attribute__((destructor)) static void in_destructor(void)
{
    CUdeviceptr p = 0;

    if (late_calls) {
        (void)drv.cuMemAlloc_v2(&p, 4096);
        (void)drv.cuStreamQuery(busy);
        /* Whoever ends a context answers for the threads that still use it. */
        if (alone) {
            (void)drv.cuDevicePrimaryCtxRelease_v2(0);
        }
    }
}

static void start_work(void)
{
    CUmodule module = NULL;
    CUfunction wait = NULL;
    CUdeviceptr flag = 0;
    void *host = NULL;
    void *params[] = {&flag};
    CUdevice device = 0;

    need(drv.cuInit(0), "cuInit");
    need(drv.cuDeviceGet(&device, 0), "cuDeviceGet");
    need(drv.cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    need(drv.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    need(drv.cuModuleLoadData(&module, kernels_ptx), "cuModuleLoadData");
    need(drv.cuModuleGetFunction(&wait, module, "wait_for_flag"), "cuModuleGetFunction");
    need(drv.cuModuleGetFunction(&kernel, module, "noop"), "cuModuleGetFunction");
    need(drv.cuMemAllocHost_v2(&host, 4096), "cuMemAllocHost");
    need(drv.cuStreamCreate(&busy, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    memset(host, 0, 4096);
    flag = (CUdeviceptr)host;
    need(drv.cuLaunchKernel(wait, 1, 1, 1, 1, 1, 1, 0, busy, params, NULL), "cuLaunchKernel");
}

static void *launches(void *arg)
{
    CUstream stream = NULL;

    (void)arg;
    (void)drv.cuCtxSetCurrent(context);
    (void)drv.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING);
    while (drv.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL) == CUDA_SUCCESS) {
    }
    pause(); /* the library is being torn down around it; the thread must not end the program */
    return NULL;
}

static void *waits(void *arg)
{
    (void)arg;
    (void)drv.cuCtxSetCurrent(context);
    (void)drv.cuStreamSynchronize(busy);
    pause();
    return NULL;
}

static void *exits_later(void *arg)
{
    (void)arg;
    nap();
    exit(STATUS);
}

static void start_thread(void *(*run)(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        _exit(REFUSED);
    }
    pthread_detach(thread);
}

static void leaves_from_inside(void *arg)
{
    (void)arg;
    exit(STATUS);
}

static void in_host_function(void)
{
    CUstream stream = NULL;

    need(drv.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    need(drv.cuLaunchHostFunc(stream, leaves_from_inside, NULL), "cuLaunchHostFunc");
    (void)drv.cuStreamSynchronize(stream);
    pause();
}

static void as_another_program(void)
{
    execl(self, self, "status", (char *)NULL);
}

static void in_a_destructor(void)
{
    late_calls = true;
    exit(STATUS);
}

static void by_exit(void)
{
    exit(STATUS);
}

static void by_quick_exit(void)
{
    quick_exit(STATUS);
}

static void by_underscore(void)
{
    _exit(STATUS);
}

static void by_signal(void)
{
    (void)raise(SIGTERM);
}

/* Waits for the endless kernel, which only the end of the worker ends. */
static void stay(void)
{
    printf("ready\n");
    fflush(stdout);
    printf("ended code=%d\n", (int)drv.cuStreamSynchronize(busy));
    fflush(stdout);
    _exit(STATUS);
}

static void without_main(void)
{
    start_thread(exits_later);
    pthread_exit(NULL);
}

static const struct {
    const char *name;
    void (*leave)(void);
} modes[] = {
    {"exit", by_exit},
    {"_exit", by_underscore},
    {"quick_exit", by_quick_exit},
    {"abort", abort},
    {"signal", by_signal},
    {"host_function", in_host_function},
    {"exec", as_another_program},
    {"destructor", in_a_destructor},
    {"without_main", without_main},
    {"stay", stay},
};

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";

    if (strcmp(mode, "status") == 0) {
        return STATUS;
    }
    self = argv[0];
    if (driver_api_load() != 0) {
        return NO_LIBRARY;
    }
    start_work();
    if (argc > 2 && strcmp(argv[2], "threads") == 0) {
        alone = false;
        start_thread(launches);
        start_thread(waits);
        nap();
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(mode, modes[i].name) == 0) {
            modes[i].leave();
        }
    }
    return strcmp(mode, "return") == 0 ? STATUS : REFUSED;
}
