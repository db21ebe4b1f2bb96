/* SPDX-License-Identifier: Apache-2.0 */
#include "test/programs/demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_THREADS 256u

static const char *demo_name = "demo";

__attribute__((format(printf, 2, 0))) static void print_line(const char *verdict, const char *fmt,
                                                             va_list args)
{
    printf("%s: %s ", demo_name, verdict);
    vprintf(fmt, args);
    printf("\n");
    fflush(stdout);
}

void demo_fail(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_line("FAIL", fmt, args);
    va_end(args);
    exit(1);
}

int demo_pass(struct demo *demo, const char *fmt, ...)
{
    va_list args;

    if (demo->mod) {
        DEMO_CHECK(cuModuleUnload(demo->mod));
    }
    DEMO_CHECK(cuCtxDestroy_v2(demo->ctx));
    va_start(args, fmt);
    print_line("PASS", fmt, args);
    va_end(args);
    return 0;
}

void demo_check(CUresult cu, const char *text)
{
    const char *name = NULL;

    if (cu == CUDA_SUCCESS) {
        return;
    }
    if (drv.cuGetErrorName(cu, &name) != CUDA_SUCCESS || !name) {
        name = "?";
    }
    demo_fail("%s = %d %s", text, (int)cu, name);
}

void demo_start(struct demo *demo, const char *name, const char *ptx)
{
    demo_name = name;
    demo->mod = NULL;
    if (driver_api_load()) {
        demo_fail("no CUDA driver library");
    }
    DEMO_CHECK(cuInit(0));
    DEMO_CHECK(cuDeviceGet(&demo->dev, 0));
    DEMO_CHECK(cuCtxCreate_v2(&demo->ctx, 0, demo->dev));
    DEMO_CHECK(cuModuleLoadData(&demo->mod, ptx));
}

CUfunction demo_kernel(const struct demo *demo, const char *name)
{
    CUfunction fn = NULL;

    DEMO_CHECK(cuModuleGetFunction(&fn, demo->mod, name));
    return fn;
}

unsigned int demo_size(int argc, char **argv, unsigned int fallback, unsigned int max)
{
    char *end = NULL;
    unsigned long value;

    if (argc < 2) {
        return fallback;
    }
    value = strtoul(argv[1], &end, 10);
    if (*end || value == 0 || value > max) {
        demo_fail("size must be between 1 and %u", max);
    }
    return (unsigned int)value;
}

void demo_launch(CUfunction fn, unsigned int n, CUstream stream, void **params)
{
    unsigned int blocks = (n + BLOCK_THREADS - 1) / BLOCK_THREADS;

    DEMO_CHECK(cuLaunchKernel(fn, blocks, 1, 1, BLOCK_THREADS, 1, 1, 0, stream, params, NULL));
}

unsigned int demo_random(unsigned int *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}
