/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#include <stdlib.h>
#include <string.h>

#define COPY_BYTES   (256u << 20)
#define COPIES       5u
#define SMALL_COPIES 2000u

struct buffers {
    CUdeviceptr dev;
    unsigned char *host;
    size_t bytes;
    int pinned;
};

/* Every page is touched first, so that no copy pays for a page fault. */
static struct buffers buffers_new(const struct bench *b, int pinned)
{
    struct buffers m = {.bytes = COPY_BYTES / b->scale, .pinned = pinned};
    void *host = NULL;

    if (pinned) {
        BENCH_CHECK(cuMemAllocHost_v2(&host, m.bytes));
    } else {
        host = malloc(m.bytes);
        bench_check(host ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY, "malloc");
    }
    m.host = host;
    memset(m.host, 0x5a, m.bytes);
    BENCH_CHECK(cuMemAlloc_v2(&m.dev, m.bytes));
    return m;
}

static void buffers_free(struct buffers *m)
{
    if (m->pinned) {
        BENCH_CHECK(cuMemFreeHost(m->host));
    } else {
        free(m->host);
    }
    BENCH_CHECK(cuMemFree_v2(m->dev));
}

static void to_device(const struct buffers *m)
{
    BENCH_CHECK(cuMemcpyHtoD_v2(m->dev, m->host, m->bytes));
}

static void to_host(const struct buffers *m)
{
    BENCH_CHECK(cuMemcpyDtoH_v2(m->host, m->dev, m->bytes));
}

/* GB/s (10^9 bytes) of the median copy; one copy before it is not counted. */
static double rate(struct bench *b, int pinned, void (*copy)(const struct buffers *))
{
    struct buffers m = buffers_new(b, pinned);
    double times[COPIES];

    copy(&m);
    for (unsigned int i = 0; i < COPIES; i++) {
        double start = bench_now_us();

        copy(&m);
        times[i] = bench_now_us() - start;
    }
    buffers_free(&m);
    b->operations += COPIES + 1;
    return (double)m.bytes / bench_median(times, COPIES) / 1e3;
}

static double pinned_htod(struct bench *b)
{
    return rate(b, 1, to_device);
}

static double pinned_dtoh(struct bench *b)
{
    return rate(b, 1, to_host);
}

static double pageable_htod(struct bench *b)
{
    return rate(b, 0, to_device);
}

static double pageable_dtoh(struct bench *b)
{
    return rate(b, 0, to_host);
}

static double small_dtoh(struct bench *b)
{
    static double times[SMALL_COPIES];
    unsigned int n = SMALL_COPIES / b->scale ? SMALL_COPIES / b->scale : 1, word;
    CUdeviceptr dev;

    BENCH_CHECK(cuMemAlloc_v2(&dev, sizeof(word)));
    for (unsigned int i = 0; i < n; i++) {
        double start = bench_now_us();

        BENCH_CHECK(cuMemcpyDtoH_v2(&word, dev, sizeof(word)));
        times[i] = bench_now_us() - start;
    }
    BENCH_CHECK(cuMemFree_v2(dev));
    b->operations += n;
    return bench_median(times, n);
}

const struct figure bench_copy_figures[] = {
    {"pinned_htod", "GB/s", "higher", pinned_htod},
    {"pinned_dtoh", "GB/s", "higher", pinned_dtoh},
    {"pageable_htod", "GB/s", "higher", pageable_htod},
    {"pageable_dtoh", "GB/s", "higher", pageable_dtoh},
    {"dtoh_4b_p50", "us", "lower", small_dtoh},
    {NULL, NULL, NULL, NULL},
};
