// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL block_votes(const int *in, int *out)
{
    int v = in[INDEX];
    int count = __syncthreads_count(v & 1), all = __syncthreads_and(v > 0), any = __syncthreads_or(v > 90);
    out[INDEX] = count * 4 + (all != 0) * 2 + (any != 0);
}

// Two halves of a block, each with a barrier of its own, hand tiles over.
KERNEL named(const int *in, int *out, int rounds)
{
    __shared__ int tile[2][64];
    int t = threadIdx.x, sum = 0;
    if (t < 64) {
        for (int r = 0; r < rounds; r++) {
            if (r >= 2) asm volatile("bar.sync %0, 128;" ::"r"(3 + (r & 1)) : "memory");
            tile[r & 1][t] = in[r * 64 + t] * 2;
            asm volatile("bar.arrive %0, 128;" ::"r"(1 + (r & 1)) : "memory");
        }
    } else {
        for (int r = 0; r < rounds; r++) {
            asm volatile("bar.sync %0, 128;" ::"r"(1 + (r & 1)) : "memory");
            sum += tile[r & 1][(t * 3 + r) & 63];
            if (r + 2 < rounds) asm volatile("bar.arrive %0, 128;" ::"r"(3 + (r & 1)) : "memory");
        }
        out[t - 64] = sum;
    }
}

// Threads leave early; those that stay still meet.
KERNEL leavers(int *out)
{
    __shared__ int s;
    if (threadIdx.x == 0) s = 0;
    __syncthreads();
    if (threadIdx.x % 5 == 4) return;
    atomicAdd(&s, 1);
    __syncthreads();
    out[threadIdx.x] = s;
}

// A barrier inside a loop whose trip count depends on the block.
KERNEL rotate(int *a)
{
    __shared__ int s[96];
    int t = threadIdx.x;
    s[t] = a[INDEX];
    for (unsigned i = 0; i <= blockIdx.x; i++) {
        __syncthreads();
        int v = s[(t + 1) % 96];
        __syncthreads();
        s[t] = v;
    }
    a[INDEX] = s[t];
}
