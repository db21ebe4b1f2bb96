/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#define PAIRS     20000u
#define PAIR_1MIB (1u << 20)
#define SMALL     4096u
#define LIVE      256u

/* One allocation and its end, with nothing under way. */
static double alloc_free(const struct bench *b, size_t bytes)
{
    unsigned int n = PAIRS / b->scale ? PAIRS / b->scale : 1;
    CUdeviceptr p;
    double start;

    BENCH_CHECK(cuCtxSynchronize());
    start = bench_now_us();
    for (unsigned int i = 0; i < n; i++) {
        BENCH_CHECK(cuMemAlloc_v2(&p, bytes));
        BENCH_CHECK(cuMemFree_v2(p));
    }
    return (bench_now_us() - start) / n;
}

static double alloc_free_1mib(struct bench *b)
{
    return alloc_free(b, PAIR_1MIB);
}

/* The same with others alive around it, ended in another order than they were made. */
static double alloc_free_many(struct bench *b)
{
    unsigned int rounds = PAIRS / LIVE / b->scale ? PAIRS / LIVE / b->scale : 1;
    static CUdeviceptr p[LIVE];
    double start;

    BENCH_CHECK(cuCtxSynchronize());
    start = bench_now_us();
    for (unsigned int round = 0; round < rounds; round++) {
        for (unsigned int i = 0; i < LIVE; i++) {
            BENCH_CHECK(cuMemAlloc_v2(&p[i], SMALL * (1 + i % 16)));
        }
        for (unsigned int i = 0; i < LIVE; i++) {
            BENCH_CHECK(cuMemFree_v2(p[i * 37 % LIVE]));
        }
    }
    return (bench_now_us() - start) / rounds / LIVE;
}

const struct figure bench_memory_figures[] = {
    {"alloc_free_1mib", "us", "lower", alloc_free_1mib},
    {"alloc_free_many", "us", "lower", alloc_free_many},
    {NULL, NULL, NULL, NULL},
};
