/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#include <stdlib.h>

/* How much longer a question takes among many allocations than among few: at most by what a cache
 * forgets, if the work grows as their logarithm. */
#define MANY 100000u
#define FEW  100u
#define ASKS 100000u

static CUdeviceptr *allocate(unsigned int count)
{
    CUdeviceptr *p = calloc(count, sizeof(*p));

    bench_check(p != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY, "calloc");
    for (unsigned int i = 0; i < count; i++) {
        BENCH_CHECK(cuMemAlloc_v2(&p[i], 512));
    }
    return p;
}

static void release(CUdeviceptr *p, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        BENCH_CHECK(cuMemFree_v2(p[i]));
    }
    free(p);
}

static double lookups(struct bench *b, unsigned int count)
{
    unsigned int n = ASKS / b->scale;
    CUdeviceptr *p, base;
    size_t size;
    unsigned int type;
    double start;

    count = count == MANY ? MANY / b->scale : count;
    p = allocate(count);
    start = bench_now_us();
    for (unsigned int i = 0; i < n; i++) {
        CUdeviceptr at = p[(unsigned long long)i * 7919 % count] + 17;

        BENCH_CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, at));
        BENCH_CHECK(cuMemGetAddressRange_v2(&base, &size, at));
    }
    start = bench_now_us() - start;
    b->operations += 2 * n;
    release(p, count);
    return start / n / 2;
}

static double few(struct bench *b)
{
    return lookups(b, FEW);
}

static double many(struct bench *b)
{
    return lookups(b, MANY);
}

static double function_attribute(struct bench *b)
{
    unsigned int n = ASKS / b->scale;
    double start = bench_now_us();
    int value;

    for (unsigned int i = 0; i < n; i++) {
        BENCH_CHECK(cuFuncGetAttribute(
            &value, (CUfunction_attribute)(i % (CU_FUNC_ATTRIBUTE_BINARY_VERSION + 1)), b->noop));
    }
    b->operations += n;
    return (bench_now_us() - start) / n;
}

const struct figure bench_lookup_figures[] = {
    {"lookup_among_100", "us", "lower", few},
    {"lookup_among_many", "us", "lower", many},
    {"func_attribute", "us", "lower", function_attribute},
    {NULL, NULL, NULL, NULL},
};
