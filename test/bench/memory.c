/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#define PAIRS     20000u
#define PAIR_1MIB (1u << 20)
#define SMALL     4096u
#define LIVE      256u

#define BUSY_PAIRS 200u
#define BUSY_US    200.0

/* One allocation and its end, with nothing under way. */
static double alloc_free(struct bench *b, size_t bytes)
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
    b->operations += n;
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
    b->operations += rounds * LIVE;
    return (bench_now_us() - start) / rounds / LIVE;
}

/* With one kernel running, for which the free has to wait. */
static double alloc_free_busy(struct bench *b)
{
    static double times[BUSY_PAIRS];
    unsigned int n = BUSY_PAIRS / b->scale ? BUSY_PAIRS / b->scale : 1;
    CUdeviceptr p;

    for (unsigned int i = 0; i < n; i++) {
        double start;

        bench_busy_for(b, BUSY_US);
        start = bench_now_us();
        BENCH_CHECK(cuMemAlloc_v2(&p, PAIR_1MIB));
        BENCH_CHECK(cuMemFree_v2(p));
        times[i] = bench_now_us() - start;
    }
    b->operations += n;
    return bench_median(times, n);
}

const struct figure bench_memory_figures[] = {
    {"alloc_free_1mib", "us", "lower", alloc_free_1mib},
    {"alloc_free_many", "us", "lower", alloc_free_many},
    {"alloc_free_busy", "us", "lower", alloc_free_busy},
    {NULL, NULL, NULL, NULL},
};
