// SPDX-License-Identifier: Apache-2.0
// o3 only
#include "device.h"

// Loops of plain instructions for vgpu-ptx --bench.
KERNEL bench_integer(unsigned *out, int n)
{
    unsigned x = INDEX, y = 1;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        y ^= x;
        y += x >> 7;
        x ^= y << 3;
        y = y + x;
        x = x - i;
        y = y & ~x;
        x |= i;
    }
    out[INDEX] = x + y;
}

KERNEL bench_float(float *out, int n)
{
    float x = INDEX, y = 1, z = 0.5f;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        x = x * 0.99f + y;
        y = y * 0.5f + z;
        z = z * x + 0.1f;
        x = x + y;
        y = y - z;
        z = z * 0.25f;
        x = fmaf(x, y, z);
        y = fmaf(y, z, x);
    }
    out[INDEX] = x + y + z;
}

KERNEL bench_memory(unsigned *a, int n)
{
    unsigned v = 0;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        v += a[INDEX + (i & 15) * STRIDE];
        a[INDEX + ((i + 1) & 15) * STRIDE] = v;
    }
    a[INDEX] = v;
}

KERNEL bench_barrier(unsigned *a, int n)
{
    __shared__ unsigned s[256];
    unsigned t = threadIdx.x;
    s[t] = t;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        __syncthreads();
        unsigned v = s[(t + 1) & 255];
        __syncthreads();
        s[t] += v;
    }
    a[INDEX] = s[t];
}

KERNEL bench_diverge(unsigned *a, int n)
{
    unsigned t = threadIdx.x, v = t;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        if ((v ^ i) & 1) v = v * 3 + 1;
        else v = v / 2 + i;
        if (v % 5 == 0) v += t;
    }
    a[INDEX] = v;
}
