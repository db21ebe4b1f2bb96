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

// Half of the threads, others each time, take either side.
KERNEL bench_diverge(unsigned *a, int n)
{
    unsigned t = threadIdx.x, v = t;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        if ((v ^ i) & 1) {
            asm volatile("mad.lo.u32 %0, %0, 3, 1;" : "+r"(v));
            asm volatile("xor.b32 %0, %0, %1;" : "+r"(v) : "r"(t));
        } else {
            asm volatile("shr.u32 %0, %0, 1;" : "+r"(v));
            asm volatile("add.u32 %0, %0, %1;" : "+r"(v) : "r"(i));
        }
    }
    a[INDEX] = v;
}

static __device__ __attribute__((noinline)) unsigned step(unsigned v, unsigned i)
{
    return v * 5 + (i ^ v >> 3);
}

KERNEL bench_call(unsigned *a, int n)
{
    unsigned v = threadIdx.x;
#pragma unroll 1
    for (int i = 0; i < n; i++) v = step(v, i);
    a[INDEX] = v;
}

KERNEL bench_shuffle(unsigned *a, int n)
{
    unsigned v = threadIdx.x;
#pragma unroll 1
    for (int i = 0; i < n; i++) {
        v += __shfl_xor_sync(~0u, v, 1 + (i & 15));
        v ^= __ballot_sync(~0u, v & 4);
    }
    a[INDEX] = v;
}
