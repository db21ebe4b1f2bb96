/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "test/ptx/runner.h"

#define THREADS 1024
#define ROUNDS  2000

/* Instructions of one round of a loop in o3/bench.ptx, as a thread runs it. */
static const struct {
    const char *name;
    unsigned instructions;
} loops[] = {
    {"bench_integer", 16}, {"bench_float", 11}, {"bench_memory", 14},  {"bench_barrier", 9},
    {"bench_diverge", 15}, {"bench_call", 14},  {"bench_shuffle", 14},
};

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void bench_one(void)
{
    CUdeviceptr p = px_zero((size_t)THREADS * 16 * 4);

    for (size_t k = 0; k < sizeof(loops) / sizeof(loops[0]); k++) {
        double best = 0;

        for (int try = 0; try < 3; try++) {
            int n = ROUNDS;
            double begin = now();
            double rate;

            px_run(loops[k].name, THREADS / 256, 256, PX_ARGS(&p, &n));
            rate = (double)ROUNDS * THREADS * loops[k].instructions / (now() - begin);
            best = rate > best ? rate : best;
        }
        printf("%-14s %7.0f million instructions/s\n", loops[k].name, best / 1e6);
    }
}

void px_bench(void)
{
    static const struct px_case c = {"bench", "loops", bench_one};

    (void)px_case_run(&c, "o3", px_image_find("o3", "bench"));
}
