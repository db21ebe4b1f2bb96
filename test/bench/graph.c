/* SPDX-License-Identifier: Apache-2.0 */
#include "test/bench/bench.h"

#define NODES 50u
#define RUNS  500u

/* Empty kernels, each behind the one before. */
static CUgraphExec make(const struct bench *b)
{
    CUDA_KERNEL_NODE_PARAMS kernel = {.func = b->noop,
                                      .gridDimX = 1,
                                      .gridDimY = 1,
                                      .gridDimZ = 1,
                                      .blockDimX = 1,
                                      .blockDimY = 1,
                                      .blockDimZ = 1};
    CUgraphNode nodes[NODES];
    CUgraphExec exec = NULL;
    CUgraph graph = NULL;

    BENCH_CHECK(cuGraphCreate(&graph, 0));
    for (unsigned int i = 0; i < NODES; i++) {
        BENCH_CHECK(cuGraphAddKernelNode_v2(&nodes[i], graph, i > 0 ? &nodes[i - 1] : NULL, i > 0,
                                            &kernel));
    }
    BENCH_CHECK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    BENCH_CHECK(cuGraphDestroy(graph));
    BENCH_CHECK(cuGraphLaunch(exec, b->stream)); /* the first run brings it to the device */
    BENCH_CHECK(cuStreamSynchronize(b->stream));
    return exec;
}

/* One run of fifty kernels, waited for. */
static double graph_launch_sync(struct bench *b)
{
    static double times[RUNS];
    unsigned int n = RUNS / b->scale ? RUNS / b->scale : 1;
    CUgraphExec exec = make(b);

    for (unsigned int i = 0; i < n; i++) {
        double start = bench_now_us();

        BENCH_CHECK(cuGraphLaunch(exec, b->stream));
        BENCH_CHECK(cuStreamSynchronize(b->stream));
        times[i] = bench_now_us() - start;
    }
    b->operations += n;
    BENCH_CHECK(cuGraphExecDestroy(exec));
    return bench_median(times, n);
}

/* Cost of one of many runs that follow each other. */
static double graph_launch_mean(struct bench *b)
{
    unsigned int n = RUNS / b->scale ? RUNS / b->scale : 1;
    CUgraphExec exec = make(b);
    double start = bench_now_us(), spent;

    for (unsigned int i = 0; i < n; i++) {
        BENCH_CHECK(cuGraphLaunch(exec, b->stream));
    }
    BENCH_CHECK(cuStreamSynchronize(b->stream));
    spent = bench_now_us() - start;
    b->operations += n;
    BENCH_CHECK(cuGraphExecDestroy(exec));
    return spent / n;
}

const struct figure bench_graph_figures[] = {
    {"graph50_sync_p50", "us", "lower", graph_launch_sync},
    {"graph50_mean", "us", "lower", graph_launch_mean},
    {NULL, NULL, NULL, NULL},
};
