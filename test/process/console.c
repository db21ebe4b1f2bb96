/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What kernels print, between what the program prints itself: vgpu-process-console MODE [now].
 * Standard output is a pipe or a file here, so lines stay in its buffer until the end or until
 * somebody writes them in their order; with "now" they are written at once.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console_ptx.h"
#include "test/programs/driver_api.h"

static CUmodule module;

static void need(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "%s = %d\n", what, (int)cu);
        exit(2);
    }
}

#define NEED(call) need(drv.call, #call)

static void launch(const char *name, int value, unsigned int threads, CUstream stream)
{
    CUfunction f = NULL;
    void *params[] = {&value};

    NEED(cuModuleGetFunction(&f, module, name));
    NEED(cuLaunchKernel(f, 1, 1, 1, threads, 1, 1, 0, stream, params, NULL));
}

static CUstream stream;
static CUdeviceptr memory;

/* A kernel that has printed when this returns; asking whether it is done shows nothing. */
static void said(int value)
{
    launch("hello", value, 1, stream);
    while (drv.cuStreamQuery(stream) == CUDA_ERROR_NOT_READY) {
    }
}

static void prepare(void)
{
    NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    NEED(cuMemAlloc_v2(&memory, 4));
}

/* Each kind of wait once; what it waited for is said before the line behind it. */
static void every_wait(void)
{
    CUevent event = NULL;

    prepare();
    NEED(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    launch("hello", 1, 1, stream);
    NEED(cuStreamSynchronize(stream));
    puts("stream");
    launch("hello", 2, 1, stream);
    NEED(cuEventRecord(event, stream));
    NEED(cuEventSynchronize(event));
    puts("event");
    launch("hello", 3, 1, stream);
    NEED(cuCtxSynchronize());
    puts("context");
    launch("hello", 4, 1, NULL);
    NEED(cuStreamSynchronize(NULL));
    puts("legacy stream");
    said(5);
    NEED(cuStreamSynchronize(stream));
    puts("query, then stream");
    launch("hello", 6, 1, stream);
    NEED(cuEventRecord(event, stream));
    while (drv.cuEventQuery(event) == CUDA_ERROR_NOT_READY) {
    }
    NEED(cuEventSynchronize(event));
    puts("query, then event");
}

static void every_copy(void)
{
    int word = 0;

    prepare();
    launch("hello", 1, 1, NULL);
    NEED(cuMemcpyDtoH_v2(&word, memory, 4));
    puts("from the device");
    launch("hello", 2, 1, NULL);
    NEED(cuMemcpyHtoD_v2(memory, &word, 4));
    puts("to the device");
}

/* What prints without being a wait. */
static void other_calls(void)
{
    CUmodule second = NULL;

    prepare();
    said(1);
    NEED(cuModuleLoadData(&second, console_ptx));
    puts("load");
    said(2);
    NEED(cuModuleUnload(second));
    puts("unload");
    said(3);
    launch("hello", 4, 1, stream);
    puts("launch");
    NEED(cuStreamSynchronize(stream));
}

static void say(CUstream of, CUresult status, void *text)
{
    (void)of;
    (void)status;
    puts(text);
}

static void callback(void)
{
    static char text[] = "callback";

    prepare();
    launch("hello", 1, 1, stream);
    NEED(cuStreamAddCallback(stream, say, text, 0));
    NEED(cuStreamSynchronize(stream));
}

/* No document says whether these print. */
static void end_of_memory(void)
{
    prepare();
    said(1);
    NEED(cuMemFree_v2(memory));
    puts("free");
    NEED(cuCtxSynchronize());
}

static void other_stream(void)
{
    CUstream idle = NULL;

    prepare();
    NEED(cuStreamCreate(&idle, CU_STREAM_NON_BLOCKING));
    said(1);
    NEED(cuStreamSynchronize(idle));
    puts("a stream without work");
    NEED(cuCtxSynchronize());
}

/* CUDA_LAUNCH_BLOCKING=1 */
static void launches(void)
{
    prepare();
    launch("hello", 1, 1, stream);
    puts("launch");
    NEED(cuCtxSynchronize());
}

static void many_lines(void)
{
    launch("lines", 4000, 1, NULL);
    NEED(cuCtxSynchronize());
}

static void failed_assertion(void)
{
    launch("hello", 1, 1, NULL);
    NEED(cuCtxSynchronize());
    launch("check", 7, 1, NULL);
    printf("%d\n", (int)drv.cuCtxSynchronize());
    printf("%d\n", (int)drv.cuCtxSynchronize());
}

static void failed_assertion_by_stream(void)
{
    prepare();
    launch("check", 7, 1, stream);
    printf("%d\n", (int)drv.cuStreamSynchronize(stream));
}

static CUcontext context;

static void destroy(void)
{
    launch("hello", 9, 1, NULL);
    NEED(cuCtxDestroy_v2(context));
}

/* Prints for as long as it is left to, and never waits. */
static void flood(void)
{
    for (;;) {
        launch("lines", 1000, 1, NULL);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"waits", every_wait},
    {"copies", every_copy},
    {"calls", other_calls},
    {"callback", callback},
    {"free", end_of_memory},
    {"other-stream", other_stream},
    {"launches", launches},
    {"lines", many_lines},
    {"destroy", destroy},
    {"assert", failed_assertion},
    {"assert-stream", failed_assertion_by_stream},
    {"flood", flood},
};

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    CUdevice device = 0;

    if (argc > 2 && strcmp(argv[2], "now") == 0) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
    }
    if (driver_api_load() != 0) {
        return 2;
    }
    NEED(cuInit(0));
    NEED(cuDeviceGet(&device, 0));
    NEED(cuCtxCreate_v2(&context, 0, device));
    NEED(cuModuleLoadData(&module, console_ptx));
    puts("begin");
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(mode, modes[i].name) == 0) {
            modes[i].run();
        }
    }
    puts("end");
    return 0;
}
