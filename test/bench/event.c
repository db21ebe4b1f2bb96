/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#include <stdlib.h>

/* Fewer than a stream holds before somebody has to wait, twice as many entries included. */
#define RECORDS 200u
#define BURSTS  100u
#define QUERIES 20000u
#define POLLS   1000u

static CUevent new_event(void)
{
    CUevent event = NULL;

    BENCH_CHECK(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
    return event;
}

static unsigned int at_least_one(unsigned int n)
{
    return n > 0 ? n : 1;
}

/* Until it is no more 600. */
static void poll_event(struct bench *b, CUevent event)
{
    CUresult cu;

    do {
        cu = drv.cuEventQuery(event);
        b->operations++;
    } while (cu == CUDA_ERROR_NOT_READY);
    bench_check(cu, "cuEventQuery");
}

/* Mean cost of a call to the caller's thread, in bursts that are waited for outside. */
static double records(struct bench *b, CUevent event)
{
    unsigned int bursts = at_least_one(BURSTS / b->scale);
    double sum = 0;

    for (unsigned int burst = 0; burst < bursts; burst++) {
        double start = bench_now_us();

        for (unsigned int i = 0; i < RECORDS; i++) {
            BENCH_CHECK(cuEventRecord(event, b->stream));
        }
        sum += bench_now_us() - start;
        BENCH_CHECK(cuStreamSynchronize(b->stream));
    }
    b->operations += bursts * RECORDS;
    BENCH_CHECK(cuEventDestroy_v2(event));
    return sum / bursts / RECORDS;
}

static double record(struct bench *b)
{
    return records(b, new_event());
}

/* Of an event that the program has asked for before. */
static double record_asked(struct bench *b)
{
    CUevent event = new_event();

    bench_busy_start(b, b->stream);
    BENCH_CHECK(cuEventRecord(event, b->stream));
    bench_check(drv.cuEventQuery(event) == CUDA_ERROR_NOT_READY ? CUDA_SUCCESS : CUDA_ERROR_ASSERT,
                "cuEventQuery behind a kernel that runs");
    bench_busy_stop(b, b->stream);
    return records(b, event);
}

static double queries(struct bench *b, CUresult (*query)(CUevent, CUstream), CUevent event)
{
    unsigned int n = at_least_one(QUERIES / b->scale);
    CUresult first = query(event, b->stream);
    double start = bench_now_us();
    unsigned int other = 0;

    for (unsigned int i = 0; i < n; i++) {
        other += query(event, b->stream) != first;
    }
    start = bench_now_us() - start;
    bench_check(other == 0 ? CUDA_SUCCESS : CUDA_ERROR_ASSERT, "the same answer each time");
    b->operations += n;
    return start / n;
}

static CUresult query_event(CUevent event, CUstream stream)
{
    (void)stream;
    return drv.cuEventQuery(event);
}

static CUresult query_stream(CUevent event, CUstream stream)
{
    (void)event;
    return drv.cuStreamQuery(stream);
}

/* Behind a kernel that runs. */
static double busy(struct bench *b, CUresult (*query)(CUevent, CUstream))
{
    CUevent event = new_event();
    double cost;

    bench_busy_start(b, b->stream);
    BENCH_CHECK(cuEventRecord(event, b->stream));
    cost = queries(b, query, event);
    bench_busy_stop(b, b->stream);
    BENCH_CHECK(cuEventDestroy_v2(event));
    return cost;
}

static double idle(struct bench *b, CUresult (*query)(CUevent, CUstream))
{
    CUevent event = new_event();
    double cost;

    BENCH_CHECK(cuEventRecord(event, b->stream));
    BENCH_CHECK(cuStreamSynchronize(b->stream));
    cost = queries(b, query, event);
    BENCH_CHECK(cuEventDestroy_v2(event));
    return cost;
}

static double event_query_busy(struct bench *b)
{
    return busy(b, query_event);
}

static double event_query_done(struct bench *b)
{
    return idle(b, query_event);
}

static double stream_query_busy(struct bench *b)
{
    return busy(b, query_stream);
}

static double stream_query_idle(struct bench *b)
{
    return idle(b, query_stream);
}

/* From the launch until a query says that it is done. */
static double event_poll(struct bench *b)
{
    static double times[POLLS];
    unsigned int n = at_least_one(POLLS / b->scale);
    CUevent event = new_event();

    for (unsigned int i = 0; i < n; i++) {
        double start = bench_now_us();

        bench_launch(b);
        BENCH_CHECK(cuEventRecord(event, b->stream));
        poll_event(b, event);
        times[i] = bench_now_us() - start;
    }
    BENCH_CHECK(cuEventDestroy_v2(event));
    return bench_median(times, n);
}

static double stream_poll(struct bench *b)
{
    static double times[POLLS];
    unsigned int n = at_least_one(POLLS / b->scale);
    CUresult cu;

    for (unsigned int i = 0; i < n; i++) {
        double start = bench_now_us();

        bench_launch(b);
        do {
            cu = drv.cuStreamQuery(b->stream);
            b->operations++;
        } while (cu == CUDA_ERROR_NOT_READY);
        bench_check(cu, "cuStreamQuery");
        times[i] = bench_now_us() - start;
    }
    return bench_median(times, n);
}

const struct figure bench_event_figures[] = {
    {"event_record", "us", "lower", record},
    {"event_record_asked", "us", "lower", record_asked},
    {"event_query_busy", "us", "lower", event_query_busy},
    {"event_query_done", "us", "lower", event_query_done},
    {"stream_query_busy", "us", "lower", stream_query_busy},
    {"stream_query_idle", "us", "lower", stream_query_idle},
    {"event_poll_p50", "us", "lower", event_poll},
    {"stream_poll_p50", "us", "lower", stream_poll},
    {NULL, NULL, NULL, NULL},
};
