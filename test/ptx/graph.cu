// SPDX-License-Identifier: Apache-2.0
#include "device.h"

// One level of a breadth-first search over rows and columns.
KERNEL bfs_level(const int *row, const int *col, int *depth, int level, int n, int *more)
{
    int v = INDEX;
    if (v >= n || depth[v] != level) return;
    for (int e = row[v]; e < row[v + 1]; e++) {
        if (depth[col[e]] < 0) {
            depth[col[e]] = level + 1;
            *more = 1;
        }
    }
}

// The same with a queue: a block takes its vertices until none is left.
KERNEL bfs_queue(const int *row, const int *col, int *depth, int *queue)
{
    __shared__ int head, tail, next;
    if (threadIdx.x == 0) {
        head = 0;
        tail = next = 1;
        queue[0] = 0;
        depth[0] = 0;
    }
    __syncthreads();
    while (head < tail) {
        for (int i = head + threadIdx.x; i < tail; i += blockDim.x) {
            int v = queue[i];
            for (int e = row[v]; e < row[v + 1]; e++) {
                if (atomicCAS(&depth[col[e]], -1, depth[v] + 1) == -1) {
                    queue[atomicAdd(&next, 1)] = col[e];
                }
            }
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            head = tail;
            tail = next;
        }
        __syncthreads();
    }
}

KERNEL relax(const int *row, const int *col, const unsigned *weight, unsigned *dist, int n, int *more)
{
    int v = INDEX;
    if (v >= n || dist[v] == ~0u) return;
    for (int e = row[v]; e < row[v + 1]; e++) {
        unsigned d = dist[v] + weight[e];
        if (atomicMin(&dist[col[e]], d) > d) atomicOr(more, 1);
    }
}

KERNEL components(const int *row, const int *col, int *label, int n, int *more)
{
    int v = INDEX;
    if (v >= n) return;
    int best = label[v];
    for (int e = row[v]; e < row[v + 1]; e++) best = min(best, label[col[e]]);
    if (best < label[v]) {
        atomicMin(&label[v], best);
        *more = 1;
    }
}

KERNEL pagerank(const int *row, const int *col, const float *rank, float *next, int n)
{
    int v = INDEX;
    if (v >= n) return;
    int degree = row[v + 1] - row[v];
    for (int e = row[v]; e < row[v + 1]; e++) atomicAdd(&next[col[e]], rank[v] / degree);
}
