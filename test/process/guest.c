/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-process-guest MODE: the guest programs of the process tests.
 *
 *   session            everything once: context, module, memory, copies, launches,
 *                      stream, event, pinned memory, destruction
 *   bystander          rounds of copy, kernel, copy, compare until standard input ends
 *   hold PATTERN       fills memory, prints "ready" and its handles, waits for the end of
 *                      standard input, compares
 *   fill MIB           takes so much memory and writes all of it
 *   foreign KEY=VALUE  tries handles and addresses of another process
 *
 * Exit status: 0 all well; 1 a call was refused, "refused WHAT code=N then=M" on
 * standard output, M what a later call answers; 2 wrong data, which nothing excuses; 3 no
 * libcuda.so.1.
 */
#include "test/programs/driver_api.h"

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bystander_ptx.h"

#define COUNT 2048u
#define BYTES (COUNT * sizeof(uint32_t))
/* A bystander rests so long between rounds: it watches, it does not load the machine. */
#define REST_MS 3

enum { EXIT_REFUSED = 1, EXIT_WRONG = 2, EXIT_NO_LIBRARY = 3 };

struct guest {
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUfunction kernel;
    CUdeviceptr data;
    uint32_t host[COUNT];
};

static _Noreturn void refused(const char *what, CUresult cu)
{
    CUresult later = drv.cuCtxSynchronize();

    printf("refused %s code=%d then=%d\n", what, (int)cu, (int)later);
    fflush(stdout);
    _exit(EXIT_REFUSED);
}

static _Noreturn __attribute__((format(printf, 1, 2))) void wrong(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    printf("wrong ");
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _exit(EXIT_WRONG);
}

static void check(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        refused(what, cu);
    }
}

#define CHECK(call, ...) check(drv.call(__VA_ARGS__), #call)

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static void until_input_ends(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static void start_context(struct guest *g)
{
    if (driver_api_load()) {
        _exit(EXIT_NO_LIBRARY);
    }
    CHECK(cuInit, 0);
    CHECK(cuDeviceGet, &g->device, 0);
    CHECK(cuCtxCreate_v2, &g->context, 0, g->device);
}

static void start(struct guest *g)
{
    start_context(g);
    CHECK(cuModuleLoadData, &g->module, bystander_ptx);
    CHECK(cuModuleGetFunction, &g->kernel, g->module, "mix");
    CHECK(cuMemAlloc_v2, &g->data, BYTES);
}

static void finish(struct guest *g)
{
    CHECK(cuMemFree_v2, g->data);
    CHECK(cuModuleUnload, g->module);
    CHECK(cuCtxDestroy_v2, g->context);
}

static uint32_t mixed(uint32_t in, uint32_t i, uint32_t round)
{
    uint32_t v = (in ^ round) * 0x85ebca6bu;

    v ^= v >> 13;
    return v * 0xc2b2ae35u + i;
}

static void fill(uint32_t *words, uint32_t round)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        words[i] = i * 3u + round;
    }
}

static void compare(const uint32_t *words, uint32_t round, const char *where)
{
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t expected = mixed(i * 3u + round, i, round);

        if (words[i] != expected) {
            wrong("%s: word %u is %#x, not %#x", where, i, words[i], expected);
        }
    }
}

static void launch(struct guest *g, uint32_t round, CUstream stream)
{
    uint32_t n = COUNT;
    void *params[] = {&g->data, &n, &round};

    CHECK(cuLaunchKernel, g->kernel, COUNT / 256, 1, 1, 256, 1, 1, 0, stream, params, NULL);
}

/* Pageable memory, the legacy stream. */
static void plain_round(struct guest *g, uint32_t round)
{
    fill(g->host, round);
    CHECK(cuMemcpyHtoD_v2, g->data, g->host, BYTES);
    launch(g, round, NULL);
    memset(g->host, 0, BYTES);
    CHECK(cuMemcpyDtoH_v2, g->host, g->data, BYTES);
    compare(g->host, round, "pageable copy");
}

/* Pinned memory, a stream of its own, events. */
static void stream_round(struct guest *g, uint32_t round)
{
    CUstream stream = NULL;
    CUevent before = NULL, after = NULL;
    void *pinned = NULL;
    float ms = -1.0f;

    CHECK(cuMemHostAlloc, &pinned, BYTES, 0);
    CHECK(cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
    CHECK(cuEventCreate, &before, CU_EVENT_DEFAULT);
    CHECK(cuEventCreate, &after, CU_EVENT_DEFAULT);
    fill(pinned, round);
    CHECK(cuEventRecord, before, stream);
    CHECK(cuMemcpyHtoDAsync_v2, g->data, pinned, BYTES, stream);
    launch(g, round, stream);
    CHECK(cuMemcpyDtoHAsync_v2, pinned, g->data, BYTES, stream);
    CHECK(cuEventRecord, after, stream);
    CHECK(cuEventSynchronize, after);
    compare(pinned, round, "pinned copy");
    CHECK(cuEventElapsedTime_v2, &ms, before, after);
    if (ms < 0.0f) {
        wrong("elapsed time %g", (double)ms);
    }
    CHECK(cuStreamSynchronize, stream);
    CHECK(cuEventDestroy_v2, before);
    CHECK(cuEventDestroy_v2, after);
    CHECK(cuStreamDestroy_v2, stream);
    CHECK(cuMemFreeHost, pinned);
}

static int run_session(struct guest *g)
{
    size_t free_bytes = 0, total = 0;

    start(g);
    CHECK(cuMemGetInfo_v2, &free_bytes, &total);
    if (free_bytes == 0 || free_bytes > total) {
        wrong("memory info %zu of %zu", free_bytes, total);
    }
    plain_round(g, 1);
    stream_round(g, 2);
    CHECK(cuCtxSynchronize, );
    finish(g);
    say("passed");
    return 0;
}

static int run_bystander(struct guest *g)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    uint32_t round = 0;

    start(g);
    do {
        plain_round(g, ++round);
        if (round == 1) {
            say("ready");
        }
    } while (poll(&input, 1, REST_MS) == 0);
    finish(g);
    printf("passed rounds=%u\n", round);
    return 0;
}

static unsigned long long number(const char *text)
{
    return strtoull(text, NULL, 0);
}

static int run_hold(struct guest *g, uint32_t pattern)
{
    CUstream stream = NULL;
    CUevent event = NULL;

    start(g);
    CHECK(cuStreamCreate, &stream, 0);
    CHECK(cuEventCreate, &event, 0);
    CHECK(cuMemsetD32_v2, g->data, pattern, COUNT);
    CHECK(cuCtxSynchronize, );
    printf("ready stream=%#llx event=%#llx module=%#llx function=%#llx data=%#llx\n",
           (unsigned long long)(uintptr_t)stream, (unsigned long long)(uintptr_t)event,
           (unsigned long long)(uintptr_t)g->module, (unsigned long long)(uintptr_t)g->kernel,
           (unsigned long long)g->data);
    fflush(stdout);
    until_input_ends();
    CHECK(cuMemcpyDtoH_v2, g->host, g->data, BYTES);
    for (uint32_t i = 0; i < COUNT; i++) {
        if (g->host[i] != pattern) {
            wrong("word %u is %#x, not %#x", i, g->host[i], pattern);
        }
    }
    CHECK(cuEventDestroy_v2, event);
    CHECK(cuStreamDestroy_v2, stream);
    finish(g);
    say("passed");
    return 0;
}

static int run_fill(struct guest *g, unsigned long long mib)
{
    CUdeviceptr all = 0;

    start(g);
    CHECK(cuMemAlloc_v2, &all, mib << 20);
    CHECK(cuMemsetD32_v2, all, 1, mib << 18);
    CHECK(cuCtxSynchronize, );
    CHECK(cuMemFree_v2, all);
    finish(g);
    say("passed");
    return 0;
}

static CUresult try_data(CUdeviceptr there)
{
    uint32_t word = 0;
    CUresult cu = drv.cuMemcpyDtoH_v2(&word, there, sizeof(word));

    return cu ? cu : drv.cuMemsetD32_v2(there, 0xdeadu, 1);
}

static CUresult try_function(uintptr_t there)
{
    CUfunction function = (CUfunction)there;
    int value = 0;
    CUresult cu = drv.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);

    return cu ? cu : drv.cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_NUM_REGS, function);
}

static CUresult try_one(const char *key, unsigned long long value)
{
    CUfunction function = NULL;

    if (!strcmp(key, "stream")) {
        return drv.cuStreamQuery((CUstream)(uintptr_t)value);
    }
    if (!strcmp(key, "event")) {
        return drv.cuEventQuery((CUevent)(uintptr_t)value);
    }
    if (!strcmp(key, "module")) {
        return drv.cuModuleGetFunction(&function, (CUmodule)(uintptr_t)value, "mix");
    }
    if (!strcmp(key, "function")) {
        return try_function((uintptr_t)value);
    }
    return try_data((CUdeviceptr)value);
}

/* A context and nothing else, so that every handle of another process is foreign. */
static int run_foreign(struct guest *g, int count, char **pairs)
{
    start_context(g);
    for (int i = 0; i < count; i++) {
        char *value = strchr(pairs[i], '=');

        if (value) {
            *value++ = '\0';
            printf("%s=%d\n", pairs[i], (int)try_one(pairs[i], number(value)));
        }
    }
    CHECK(cuCtxSynchronize, );
    CHECK(cuCtxDestroy_v2, g->context);
    say("passed");
    return 0;
}

int main(int argc, char **argv)
{
    static struct guest g;
    const char *mode = argc > 1 ? argv[1] : "";

    if (!strcmp(mode, "session")) {
        return run_session(&g);
    }
    if (!strcmp(mode, "bystander")) {
        return run_bystander(&g);
    }
    if (!strcmp(mode, "hold") && argc > 2) {
        return run_hold(&g, (uint32_t)number(argv[2]));
    }
    if (!strcmp(mode, "fill") && argc > 2) {
        return run_fill(&g, number(argv[2]));
    }
    if (!strcmp(mode, "foreign")) {
        return run_foreign(&g, argc - 2, argv + 2);
    }
    fprintf(
        stderr,
        "usage: vgpu-process-guest session|bystander|hold PATTERN|fill MIB|foreign KEY=VALUE\n");
    return 64;
}
