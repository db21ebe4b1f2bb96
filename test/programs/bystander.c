/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-demo-bystander [--rounds N | --seconds S] [--size N]
 *
 *   round after round: fill --HtoD--> mix kernel --DtoH--> compared with the CPU
 *   Used beside a program that misbehaves: it must not see a single error.
 */
#include "test/programs/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bystander_ptx.h"

struct options {
    unsigned int rounds;
    double seconds;
    unsigned int size;
};

struct work {
    CUfunction kernel;
    CUdeviceptr data;
    unsigned int *host;
    unsigned int n;
    unsigned long errors;
};

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static unsigned int mixed(unsigned int in, unsigned int i, unsigned int round)
{
    unsigned int v = (in ^ round) * 0x85ebca6bu;

    v ^= v >> 13;
    return v * 0xc2b2ae35u + i;
}

/* A refused call counts as one error and is printed; the loop goes on. */
static int failed(struct work *w, CUresult cu, const char *what)
{
    if (cu == CUDA_SUCCESS) {
        return 0;
    }
    if (w->errors++ == 0) {
        fprintf(stderr, "bystander: %s = %d\n", what, (int)cu);
    }
    return 1;
}

static void one_round(struct work *w, unsigned int round)
{
    size_t bytes = w->n * sizeof(unsigned int);
    void *params[] = {&w->data, &w->n, &round};

    for (unsigned int i = 0; i < w->n; i++) {
        w->host[i] = i + round;
    }
    if (failed(w, drv.cuMemcpyHtoD_v2(w->data, w->host, bytes), "cuMemcpyHtoD") ||
        failed(w,
               drv.cuLaunchKernel(w->kernel, (w->n + 255) / 256, 1, 1, 256, 1, 1, 0, NULL, params,
                                  NULL),
               "cuLaunchKernel") ||
        failed(w, drv.cuMemcpyDtoH_v2(w->host, w->data, bytes), "cuMemcpyDtoH")) {
        return;
    }
    for (unsigned int i = 0; i < w->n; i++) {
        if (w->host[i] != mixed(i + round, i, round)) {
            w->errors++;
            return;
        }
    }
}

static struct options parse(int argc, char **argv)
{
    struct options o = {.rounds = 50, .seconds = 0.0, .size = 8192};

    for (int i = 1; i + 1 < argc; i += 2) {
        double value = strtod(argv[i + 1], NULL);

        if (!strcmp(argv[i], "--rounds")) {
            o.rounds = (unsigned int)value;
        } else if (!strcmp(argv[i], "--seconds")) {
            o.seconds = value;
        } else if (!strcmp(argv[i], "--size") && value >= 1 && value <= 1 << 24) {
            o.size = (unsigned int)value;
        } else {
            demo_fail("unknown option %s %s", argv[i], argv[i + 1]);
        }
    }
    return o;
}

int main(int argc, char **argv)
{
    struct demo demo;
    struct options o = parse(argc, argv);
    struct work w = {.n = o.size, .host = calloc(o.size, sizeof(unsigned int))};
    unsigned int round = 0;
    double start;

    demo_start(&demo, "bystander", bystander_ptx);
    if (!w.host) {
        demo_fail("no host memory for %u elements", w.n);
    }
    w.kernel = demo_kernel(&demo, "mix");
    DEMO_CHECK(cuMemAlloc_v2(&w.data, w.n * sizeof(unsigned int)));
    start = now();
    while (o.seconds > 0.0 ? now() - start < o.seconds : round < o.rounds) {
        one_round(&w, round++);
    }
    if (w.errors) {
        demo_fail("rounds=%u errors=%lu", round, w.errors);
    }
    DEMO_CHECK(cuMemFree_v2(w.data));
    free(w.host);
    return demo_pass(&demo, "rounds=%u errors=0", round);
}
