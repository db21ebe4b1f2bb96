/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#include <stdlib.h>

#define DRAINED_LAUNCHES 50000u
#define BURST            100u
#define BURSTS           50u
#define QUEUE            500u /* calls that no side ever has to wait for */
#define SUSTAINED_US     1000000.0
#define ROUND_TRIPS      2000u

void bench_launch(struct bench *b)
{
    BENCH_CHECK(cuLaunchKernel(b->noop, 1, 1, 1, 1, 1, 1, 0, b->stream, NULL, NULL));
}

/* Cost of one call when the work is waited for: what a long run pays. */
static double launch_mean(struct bench *b)
{
    unsigned int n = DRAINED_LAUNCHES / b->scale;
    double start = bench_now_us();

    for (unsigned int i = 0; i < n; i++) {
        bench_launch(b);
    }
    BENCH_CHECK(cuStreamSynchronize(b->stream));
    b->operations += n;
    return (bench_now_us() - start) / n;
}

/* Mean cost of a call to the caller's thread while the other side drains the queue: bursts that
 * fit, each waited for outside the measured time. */
static double launch_call_mean(struct bench *b)
{
    unsigned int bursts = DRAINED_LAUNCHES / QUEUE / b->scale;
    double sum = 0;

    bursts = bursts ? bursts : 1;
    for (unsigned int burst = 0; burst < bursts; burst++) {
        double start = bench_now_us();

        for (unsigned int i = 0; i < QUEUE; i++) {
            bench_launch(b);
        }
        sum += bench_now_us() - start;
        BENCH_CHECK(cuStreamSynchronize(b->stream));
    }
    b->operations += bursts * QUEUE;
    return sum / bursts / QUEUE;
}

/* Cost of one call when the queue is short: what the caller's thread pays. */
static double launch_call(struct bench *b)
{
    static double times[BURST * BURSTS];
    unsigned int n = 0, bursts = BURSTS / b->scale ? BURSTS / b->scale : 1;

    for (unsigned int burst = 0; burst < bursts; burst++) {
        for (unsigned int i = 0; i < BURST; i++) {
            double start = bench_now_us();

            bench_launch(b);
            times[n++] = bench_now_us() - start;
        }
        BENCH_CHECK(cuStreamSynchronize(b->stream));
    }
    b->operations += n;
    return bench_median(times, n);
}

static double launch_rate(struct bench *b)
{
    double start = bench_now_us(), end = start + SUSTAINED_US / b->scale;
    unsigned int n = 0;

    while (bench_now_us() < end) {
        for (unsigned int i = 0; i < 64; i++) {
            bench_launch(b);
        }
        n += 64;
    }
    BENCH_CHECK(cuStreamSynchronize(b->stream));
    b->operations += n;
    return n / (bench_now_us() - start) * 1e6;
}

static double median_of(struct bench *b, void (*step)(struct bench *))
{
    static double times[ROUND_TRIPS];
    unsigned int n = ROUND_TRIPS / b->scale ? ROUND_TRIPS / b->scale : 1;

    for (unsigned int i = 0; i < n; i++) {
        double start = bench_now_us();

        step(b);
        times[i] = bench_now_us() - start;
    }
    b->operations += n;
    return bench_median(times, n);
}

static void launch_and_wait(struct bench *b)
{
    bench_launch(b);
    BENCH_CHECK(cuStreamSynchronize(b->stream));
}

static void ask_memory(struct bench *b)
{
    size_t available, total;

    (void)b;
    BENCH_CHECK(cuMemGetInfo_v2(&available, &total));
}

static double launch_sync(struct bench *b)
{
    return median_of(b, launch_and_wait);
}

static double mem_get_info(struct bench *b)
{
    return median_of(b, ask_memory);
}

const struct figure bench_launch_figures[] = {
    {"launch_mean", "us", "lower", launch_mean},
    {"launch_call_mean", "us", "lower", launch_call_mean},
    {"launch_call_p50", "us", "lower", launch_call},
    {"launch_rate", "1/s", "higher", launch_rate},
    {"launch_sync_p50", "us", "lower", launch_sync},
    {"mem_get_info_p50", "us", "lower", mem_get_info},
    {NULL, NULL, NULL, NULL},
};
