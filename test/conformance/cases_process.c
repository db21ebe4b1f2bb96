/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs the function in a forked process; true when it left with status 0. */
static bool in_child(void (*run)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        run();
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void calls_of_a_child(void)
{
    CUcontext ctx = NULL;
    CUdeviceptr p = 0;
    size_t a = 0, b = 0;
    int n = 0;

    CONF_RESULT(cuDeviceGetCount(&n), CUDA_ERROR_NOT_INITIALIZED);
    CONF_RESULT(cuCtxGetCurrent(&ctx), CUDA_ERROR_NOT_INITIALIZED);
    CONF_RESULT(cuMemAlloc_v2(&p, 4096), CUDA_ERROR_NOT_INITIALIZED);
    CONF_RESULT(cuMemGetInfo_v2(&a, &b), CUDA_ERROR_NOT_INITIALIZED);
    CONF_RESULT(cuCtxSynchronize(), CUDA_ERROR_NOT_INITIALIZED);
}

static void init_of_a_child(void)
{
    CONF_RESULT(cuInit(0), CUDA_ERROR_NOT_INITIALIZED);
}

static void loading_mode_of_a_child(void)
{
    CUmoduleLoadingMode mode = (CUmoduleLoadingMode)9;

    CONF_RESULT(cuModuleGetLoadingMode(&mode), CUDA_ERROR_NOT_INITIALIZED);
}

static void version_of_a_child(void)
{
    int version = 0;

    CONF_RESULT(cuDriverGetVersion(&version), CUDA_SUCCESS);
}

static void whole_life_of_a_child(void)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuMemAlloc_v2(&p, 4096));
    CONF_OK(cuMemFree_v2(p));
}

CONF_NEGATIVE(cuMemAlloc_v2, forked_child)
{
    conf_context();
    CONF_EXPECT(in_child(calls_of_a_child));
    CONF_OK(cuCtxSynchronize());
}

/* Its parent's capture forbids the child nothing. */
CONF_NEGATIVE(cuMemAlloc_v2, forked_child_during_a_capture)
{
    CUstream stream = NULL;
    CUgraph graph = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuStreamBeginCapture_v2(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
    CONF_EXPECT(in_child(calls_of_a_child));
    CONF_OK(cuStreamEndCapture(stream, &graph));
    CONF_OK(cuGraphDestroy(graph));
}

CONF_NEGATIVE(cuInit, forked_child)
{
    conf_context();
    CONF_EXPECT(in_child(init_of_a_child));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuModuleGetLoadingMode, forked_child)
{
    conf_context();
    CONF_EXPECT(in_child(loading_mode_of_a_child));
}

CONF_POSITIVE(cuDriverGetVersion, forked_child)
{
    conf_context();
    CONF_EXPECT(in_child(version_of_a_child));
}

CONF_POSITIVE(cuInit, child_forked_before_init)
{
    CONF_EXPECT(in_child(whole_life_of_a_child));
    whole_life_of_a_child();
}

CONF_POSITIVE(cuMemAlloc_v2, parent_works_after_fork)
{
    CUdeviceptr p = 0;
    unsigned int word = 0;

    conf_context();
    p = conf_memory(4096);
    CONF_EXPECT(in_child(version_of_a_child));
    CONF_OK(cuMemsetD32_v2(p, 12, 16));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

/* At the end of a program: what was in use must answer, never crash. */
static CUdeviceptr late_memory;

static void free_late(void)
{
    CUresult cu = drv.cuMemFree_v2(late_memory);

    CONF_EXPECT(cu == CUDA_SUCCESS || cu == CUDA_ERROR_DEINITIALIZED);
}

CONF_POSITIVE(cuMemFree_v2, at_exit_registered_after_init)
{
    conf_context();
    late_memory = conf_memory(4096);
    atexit(free_late);
}

CONF_POSITIVE(cuMemFree_v2, at_exit_registered_before_init)
{
    atexit(free_late);
    conf_context();
    late_memory = conf_memory(4096);
}

static void synchronize_late(void)
{
    CUresult cu = drv.cuCtxSynchronize();
    CUcontext ctx = NULL;

    CONF_EXPECT(cu == CUDA_SUCCESS || cu == CUDA_ERROR_DEINITIALIZED);
    cu = drv.cuCtxGetCurrent(&ctx);
    CONF_EXPECT(cu == CUDA_SUCCESS || cu == CUDA_ERROR_DEINITIALIZED);
}

CONF_POSITIVE(cuCtxSynchronize, at_exit_with_work_left)
{
    CUdeviceptr p = 0;
    unsigned int value = 1;
    void *params[] = {&p, &value};

    conf_context();
    atexit(synchronize_late);
    p = conf_memory(1 << 20);
    for (int i = 0; i < 10; i++) {
        conf_launch(conf_kernel("add"), 16, 1024, NULL, params);
    }
}

/* A destructor of the program runs after its exit handlers. */
static bool late_destructor;

__attribute__((destructor)) static void in_destructor(void)
{
    CUresult cu;
    int n = 0;

    if (!late_destructor) {
        return;
    }
    cu = drv.cuDeviceGetCount(&n);
    CONF_EXPECT(cu == CUDA_SUCCESS || cu == CUDA_ERROR_DEINITIALIZED);
    cu = drv.cuDevicePrimaryCtxRelease_v2(0);
    CONF_EXPECT(cu == CUDA_SUCCESS || cu == CUDA_ERROR_DEINITIALIZED);
}

CONF_POSITIVE(cuDevicePrimaryCtxRelease_v2, in_a_static_destructor)
{
    CUdevice dev = conf_device();
    CUcontext ctx = NULL;

    CONF_SETUP(cuDevicePrimaryCtxRetain(&ctx, dev));
    CONF_SETUP(cuCtxSetCurrent(ctx));
    late_destructor = true;
}

CONF_POSITIVE(cuInit, exit_without_any_cleaning)
{
    CUstream s = NULL;
    CUevent e = NULL;
    void *host = NULL;

    conf_context();
    conf_memory(1 << 20);
    conf_module();
    CONF_OK(cuStreamCreate(&s, 0));
    CONF_OK(cuEventCreate(&e, 0));
    CONF_OK(cuMemAllocHost_v2(&host, 1 << 20));
}
