/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_BENCH_H
#define VGPU_TEST_BENCH_H

#include "test/programs/driver_api.h"

/* What every figure works with; made once, before the first is measured. */
struct bench {
    CUcontext ctx;
    CUfunction noop;
    CUfunction until;
    CUfunction turns;
    CUstream stream;
    volatile unsigned int *word; /* pinned: ends `until` */
    /* What the running figure did so often; each figure adds to it. */
    unsigned long operations;
    /* Divides repetitions and sizes, for slow drivers; 1 as specified. */
    unsigned int scale;
};

struct figure {
    const char *name;
    const char *unit;
    /* "lower" or "higher": which way is better. */
    const char *better;
    double (*measure)(struct bench *bench);
};

/* The figures, ended by one without a name. */
extern const struct figure bench_launch_figures[];
extern const struct figure bench_copy_figures[];
extern const struct figure bench_memory_figures[];
extern const struct figure bench_event_figures[];
extern const struct figure bench_lookup_figures[];
extern const struct figure bench_graph_figures[];
extern const struct figure bench_module_figures[];

/* Ends the program with the call's text when cu is not CUDA_SUCCESS. */
void bench_check(CUresult cu, const char *text);
#define BENCH_CHECK(call) bench_check(drv.call, #call)

/* Monotonic time in microseconds. */
double bench_now_us(void);

/* Median of the values, which it sorts. */
double bench_median(double *values, unsigned int count);

/* Kernels that keep a stream busy: until they are stopped and waited for, or about so long. */
void bench_busy_load(struct bench *bench);
void bench_busy_start(struct bench *bench, CUstream stream);
void bench_busy_stop(struct bench *bench, CUstream stream);
void bench_busy_for(struct bench *bench, double us);

/* One empty launch on the bench's stream. */
void bench_launch(struct bench *bench);

#endif
