/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/px.h"

#define N     200
#define EDGES (2 * N * 3)

/* A graph of rows and columns, every edge in both directions, in two parts. */
static struct {
    int32_t row[N + 1];
    int32_t col[EDGES];
    uint32_t weight[EDGES];
    int32_t pair[N * 3][2];
} g;

static CUdeviceptr row;
static CUdeviceptr col;

static void make_graph(void)
{
    int32_t at[N] = {0};

    memset(&g, 0, sizeof(g));
    for (int i = 0; i < N * 3; i++) {
        int32_t a = (int32_t)(px_random() % N);
        int32_t b = (int32_t)(px_random() % N);

        b = (a < N / 2) == (b < N / 2) ? b : N - 1 - b;
        g.pair[i][0] = a;
        g.pair[i][1] = b;
        g.row[a + 1]++;
        g.row[b + 1]++;
    }
    for (int i = 0; i < N; i++) {
        g.row[i + 1] += g.row[i];
        at[i] = g.row[i];
    }
    for (int i = 0; i < N * 3; i++) {
        int32_t e = at[g.pair[i][0]]++;
        int32_t f = at[g.pair[i][1]]++;

        g.col[e] = g.pair[i][1];
        g.col[f] = g.pair[i][0];
        g.weight[e] = g.weight[f] = (uint32_t)(px_random() % 50 + 1);
    }
    row = px_in(g.row, sizeof(g.row));
    col = px_in(g.col, sizeof(g.col));
}

/* Distances by relaxing until nothing changes; unit: every edge counts 1. */
static void distances(uint32_t *d, bool unit)
{
    bool more = true;

    memset(d, 0xff, N * sizeof(*d));
    d[0] = 0;
    while (more) {
        more = false;
        for (int v = 0; v < N; v++) {
            for (int e = g.row[v]; d[v] != UINT32_MAX && e < g.row[v + 1]; e++) {
                uint32_t far = d[v] + (unit ? 1 : g.weight[e]);

                if (far < d[g.col[e]]) {
                    d[g.col[e]] = far;
                    more = true;
                }
            }
        }
    }
}

PX_CASE(graph, bfs_level)
{
    uint32_t got[N];
    uint32_t want[N];
    int32_t more = 1;
    int n = N;
    CUdeviceptr depth;
    CUdeviceptr flag = px_zero(4);

    make_graph();
    distances(want, true);
    memset(got, 0xff, sizeof(got));
    got[0] = 0;
    depth = px_in(got, sizeof(got));
    for (int level = 0; more != 0; level++) {
        more = 0;
        px_expect(drv.cuMemsetD32_v2(flag, 0, 1) == CUDA_SUCCESS, "memset");
        px_run("bfs_level", 4, 64, PX_ARGS(&row, &col, &depth, &level, &n, &flag));
        px_out(&more, flag, 4);
    }
    px_out(got, depth, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(graph, bfs_queue)
{
    uint32_t got[N];
    uint32_t want[N];
    CUdeviceptr depth;
    CUdeviceptr queue = px_zero(N * 4);

    make_graph();
    distances(want, true);
    memset(got, 0xff, sizeof(got));
    depth = px_in(got, sizeof(got));
    px_run("bfs_queue", 1, 64, PX_ARGS(&row, &col, &depth, &queue));
    px_out(got, depth, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(graph, relax)
{
    uint32_t got[N];
    uint32_t want[N];
    int32_t more = 1;
    int n = N;
    CUdeviceptr dist;
    CUdeviceptr weight;
    CUdeviceptr flag = px_zero(4);

    make_graph();
    distances(want, false);
    weight = px_in(g.weight, sizeof(g.weight));
    memset(got, 0xff, sizeof(got));
    got[0] = 0;
    dist = px_in(got, sizeof(got));
    while (more != 0) {
        px_expect(drv.cuMemsetD32_v2(flag, 0, 1) == CUDA_SUCCESS, "memset");
        px_run("relax", 4, 64, PX_ARGS(&row, &col, &weight, &dist, &n, &flag));
        px_out(&more, flag, 4);
    }
    px_out(got, dist, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(graph, components)
{
    int32_t got[N];
    int32_t want[N];
    int32_t more = 1;
    int n = N;
    CUdeviceptr label;
    CUdeviceptr flag = px_zero(4);

    make_graph();
    for (int i = 0; i < N; i++) {
        got[i] = want[i] = i;
    }
    for (int round = 0; round < N; round++) {
        for (int i = 0; i < N * 3; i++) {
            int32_t *a = &want[g.pair[i][0]];
            int32_t *b = &want[g.pair[i][1]];

            *a = *b = *a < *b ? *a : *b;
        }
    }
    label = px_in(got, sizeof(got));
    while (more != 0) {
        px_expect(drv.cuMemsetD32_v2(flag, 0, 1) == CUDA_SUCCESS, "memset");
        px_run("components", 4, 64, PX_ARGS(&row, &col, &label, &n, &flag));
        px_out(&more, flag, 4);
    }
    px_out(got, label, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(graph, pagerank)
{
    float rank[N];
    float got[N];
    float want[N] = {0};
    int n = N;
    CUdeviceptr p;
    CUdeviceptr next = px_zero(sizeof(got));

    make_graph();
    for (int i = 0; i < N; i++) {
        rank[i] = fabsf(px_random_float());
    }
    for (int v = 0; v < N; v++) {
        for (int e = g.row[v]; e < g.row[v + 1]; e++) {
            want[g.col[e]] += rank[v] / (float)(g.row[v + 1] - g.row[v]);
        }
    }
    p = px_in(rank, sizeof(rank));
    px_run("pagerank", 4, 64, PX_ARGS(&row, &col, &p, &next, &n));
    px_out(got, next, sizeof(got));
    px_near32("rank", got, want, N, 1e-5);
}
