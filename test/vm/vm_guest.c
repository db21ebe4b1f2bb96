/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgpu-vm-guest MODE: the guest programs of the VM tests.
 *
 *   launches           launches and synchronises without end; "ready" after the first round,
 *                      "code=N then=M" when a call is refused
 *   family             a session, then two children that sleep for ever; "ready pid=N"
 *   rounds N           N rounds of copy, kernel, copy, compare; "passed"
 *   latency N          N round trips (cuMemGetInfo), N one-way calls; medians in µs
 *
 * Exit status: 0 all well, 1 a call was refused, 2 wrong data, 3 no libcuda.so.1.
 */
#include "test/programs/driver_api.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bystander_ptx.h"

#define COUNT 2048u
#define BYTES (COUNT * sizeof(uint32_t))
/* As many launches as a round of "launches" has before it synchronises. */
#define BURST 50

enum { EXIT_REFUSED = 1, EXIT_WRONG = 2, EXIT_NO_LIBRARY = 3 };

struct guest {
    CUcontext context;
    CUmodule module;
    CUfunction kernel;
    CUdeviceptr data;
    uint32_t host[COUNT];
};

static void check(CUresult cu, const char *what)
{
    if (cu != CUDA_SUCCESS) {
        printf("refused %s code=%d then=%d\n", what, (int)cu, (int)drv.cuCtxSynchronize());
        fflush(stdout);
        _exit(EXIT_REFUSED);
    }
}

#define CHECK(call, ...) check(drv.call(__VA_ARGS__), #call)

static void start(struct guest *g)
{
    CUdevice device;

    if (driver_api_load()) {
        _exit(EXIT_NO_LIBRARY);
    }
    CHECK(cuInit, 0);
    CHECK(cuDeviceGet, &device, 0);
    CHECK(cuCtxCreate_v2, &g->context, 0, device);
    CHECK(cuModuleLoadData, &g->module, bystander_ptx);
    CHECK(cuModuleGetFunction, &g->kernel, g->module, "mix");
    CHECK(cuMemAlloc_v2, &g->data, BYTES);
}

static void launch(struct guest *g, uint32_t round)
{
    uint32_t n = COUNT;
    void *params[] = {&g->data, &n, &round};

    CHECK(cuLaunchKernel, g->kernel, COUNT / 256, 1, 1, 256, 1, 1, 0, NULL, params, NULL);
}

static uint32_t mixed(uint32_t in, uint32_t i, uint32_t round)
{
    uint32_t v = (in ^ round) * 0x85ebca6bu;

    v ^= v >> 13;
    return v * 0xc2b2ae35u + i;
}

static _Noreturn void run_launches(struct guest *g)
{
    start(g);
    for (uint32_t round = 0;; round++) {
        for (int i = 0; i < BURST; i++) {
            launch(g, round);
        }
        CHECK(cuCtxSynchronize, );
        if (round == 0) {
            printf("ready\n");
            fflush(stdout);
        }
    }
}

static _Noreturn void run_family(struct guest *g)
{
    start(g);
    launch(g, 1);
    CHECK(cuCtxSynchronize, );
    for (int i = 0; i < 2; i++) {
        if (fork() == 0) {
            for (;;) {
                (void)pause();
            }
        }
    }
    printf("ready pid=%d\n", (int)getpid());
    fflush(stdout);
    for (;;) {
        (void)pause();
    }
}

static int run_rounds(struct guest *g, unsigned long count)
{
    start(g);
    for (uint32_t round = 1; round <= count; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            g->host[i] = i * 3u + round;
        }
        CHECK(cuMemcpyHtoD_v2, g->data, g->host, BYTES);
        launch(g, round);
        memset(g->host, 0, BYTES);
        CHECK(cuMemcpyDtoH_v2, g->host, g->data, BYTES);
        for (uint32_t i = 0; i < COUNT; i++) {
            if (g->host[i] != mixed(i * 3u + round, i, round)) {
                printf("wrong word %u of round %u: %#x\n", i, round, g->host[i]);
                return EXIT_WRONG;
            }
        }
    }
    printf("passed rounds=%lu\n", count);
    return 0;
}

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static int run_latency(struct guest *g, unsigned long count)
{
    double *us = calloc(count, sizeof(*us));
    double begin;

    if (!us || count == 0) {
        return EXIT_WRONG;
    }
    start(g);
    for (unsigned long i = 0; i < count; i++) {
        size_t free_bytes, total;

        begin = now_us();
        CHECK(cuMemGetInfo_v2, &free_bytes, &total);
        us[i] = now_us() - begin;
    }
    qsort(us, count, sizeof(*us), by_value);
    printf("round_trip_us p50=%.1f p90=%.1f p99=%.1f\n", us[count / 2], us[count * 9 / 10],
           us[count * 99 / 100]);
    begin = now_us();
    for (unsigned long i = 0; i < count; i++) {
        CHECK(cuMemsetD32Async, g->data, 7, 1, NULL);
    }
    printf("one_way_per_s %.0f\n", (double)count * 1e6 / (now_us() - begin));
    CHECK(cuCtxSynchronize, );
    free(us);
    return 0;
}

int main(int argc, char **argv)
{
    static struct guest g;
    const char *mode = argc > 1 ? argv[1] : "";
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 100;

    if (!strcmp(mode, "launches")) {
        run_launches(&g);
    }
    if (!strcmp(mode, "family")) {
        run_family(&g);
    }
    if (!strcmp(mode, "rounds")) {
        return run_rounds(&g, count);
    }
    if (!strcmp(mode, "latency")) {
        return run_latency(&g, count);
    }
    fprintf(stderr, "usage: vgpu-vm-guest launches|family|rounds N|latency N\n");
    return 64;
}
