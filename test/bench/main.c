/* SPDX-License-Identifier: Apache-2.0 */

/*
 * vgpu-bench: what calls and copies cost through whichever libcuda is loaded.
 *
 *   options --> driver, one context, one stream --> figure after figure
 *           --> a line each (text, or JSON lines for compare.py)
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/bench/bench.h"

#include "empty_ptx.h"

#define ROUNDS_MAX 100u

struct options {
    const char *only;
    const char *json;
    unsigned int rounds;
    unsigned int scale;
};

void bench_check(CUresult cu, const char *text)
{
    if (cu != CUDA_SUCCESS) {
        fprintf(stderr, "vgpu-bench: %s = %d\n", text, (int)cu);
        exit(1);
    }
}

double bench_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, unsigned int count)
{
    qsort(values, count, sizeof(*values), by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print_figure(FILE *json, const struct figure *f, double value, double operations)
{
    if (json != stdout) {
        printf("%-18s %12.3f %s\n", f->name, value, f->unit);
    }
    if (json) {
        fprintf(json,
                "{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"better\": \"%s\", "
                "\"operations\": %.6g}\n",
                f->name, value, f->unit, f->better, operations);
        fflush(json);
    }
    fflush(stdout);
}

/* The median of the rounds. */
static void run(struct bench *b, const struct options *o, FILE *json, const struct figure *figures)
{
    double values[ROUNDS_MAX];

    for (const struct figure *f = figures; f->name; f++) {
        if (o->only && strcmp(o->only, f->name)) {
            continue;
        }
        b->operations = 0;
        for (unsigned int i = 0; i < o->rounds; i++) {
            values[i] = f->measure(b);
        }
        print_figure(json, f, bench_median(values, o->rounds), (double)b->operations);
    }
}

static _Noreturn void usage(int status)
{
    fputs("usage: vgpu-bench [--only NAME] [--json FILE|-] [--rounds N] [--scale N]\n"
          "--scale N divides repetitions and sizes, for a simulated device.\n",
          status ? stderr : stdout);
    exit(status);
}

static struct options parse(int argc, char **argv)
{
    static const struct option longs[] = {
        {"only", required_argument, NULL, 'o'},   {"json", required_argument, NULL, 'j'},
        {"rounds", required_argument, NULL, 'r'}, {"scale", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    struct options o = {.rounds = 1, .scale = 1};
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'o') {
            o.only = optarg;
        } else if (c == 'j') {
            o.json = optarg;
        } else if (c == 'r') {
            o.rounds = (unsigned int)strtoul(optarg, NULL, 10);
        } else if (c == 's') {
            o.scale = (unsigned int)strtoul(optarg, NULL, 10);
        } else {
            usage(c == 'h' ? 0 : 2);
        }
    }
    if (optind != argc || o.rounds < 1 || o.rounds > ROUNDS_MAX || o.scale < 1 || o.scale > 1000) {
        usage(2);
    }
    return o;
}

static void setup(struct bench *b)
{
    CUdevice dev;
    CUmodule mod;

    if (driver_api_load()) {
        exit(77);
    }
    BENCH_CHECK(cuInit(0));
    BENCH_CHECK(cuDeviceGet(&dev, 0));
    BENCH_CHECK(cuCtxCreate_v2(&b->ctx, 0, dev));
    BENCH_CHECK(cuModuleLoadData(&mod, empty_ptx));
    BENCH_CHECK(cuModuleGetFunction(&b->noop, mod, "empty"));
    bench_busy_load(b);
    BENCH_CHECK(cuStreamCreate(&b->stream, CU_STREAM_NON_BLOCKING));
    for (int i = 0; i < 100; i++) {
        bench_launch(b);
    }
    BENCH_CHECK(cuStreamSynchronize(b->stream));
}

int main(int argc, char **argv)
{
    struct options o = parse(argc, argv);
    struct bench b = {.scale = o.scale};
    FILE *json = NULL;

    if (o.json) {
        json = strcmp(o.json, "-") ? fopen(o.json, "we") : stdout;
        if (!json) {
            perror(o.json);
            return 2;
        }
    }
    setup(&b);
    run(&b, &o, json, bench_launch_figures);
    run(&b, &o, json, bench_copy_figures);
    run(&b, &o, json, bench_memory_figures);
    run(&b, &o, json, bench_event_figures);
    run(&b, &o, json, bench_lookup_figures);
    run(&b, &o, json, bench_graph_figures);
    run(&b, &o, json, bench_module_figures);
    BENCH_CHECK(cuCtxDestroy_v2(b.ctx));
    if (json && json != stdout) {
        fclose(json);
    }
    return 0;
}
