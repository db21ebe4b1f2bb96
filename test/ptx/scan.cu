// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL scan_hillis(int *a)
{
    __shared__ int s[2][256];
    int t = threadIdx.x, at = 0;
    s[0][t] = a[t];
    __syncthreads();
    for (int d = 1; d < 256; d *= 2, at ^= 1) {
        s[at ^ 1][t] = t >= d ? s[at][t] + s[at][t - d] : s[at][t];
        __syncthreads();
    }
    a[t] = s[at][t];
}

// Exclusive, 512 elements by 256 threads.
KERNEL scan_blelloch(long long *a)
{
    __shared__ long long s[512];
    int t = threadIdx.x;
    s[2 * t] = a[2 * t];
    s[2 * t + 1] = a[2 * t + 1];
    int offset = 1;
    for (int d = 256; d > 0; d /= 2, offset *= 2) {
        __syncthreads();
        if (t < d) s[offset * (2 * t + 2) - 1] += s[offset * (2 * t + 1) - 1];
    }
    if (t == 0) s[511] = 0;
    for (int d = 1; d < 512; d *= 2) {
        offset /= 2;
        __syncthreads();
        if (t < d) {
            long long x = s[offset * (2 * t + 1) - 1];
            s[offset * (2 * t + 1) - 1] = s[offset * (2 * t + 2) - 1];
            s[offset * (2 * t + 2) - 1] += x;
        }
    }
    __syncthreads();
    a[2 * t] = s[2 * t];
    a[2 * t + 1] = s[2 * t + 1];
}

// Each warp for itself, by shuffles; two values at once.
KERNEL scan_warp(float2 *a)
{
    float2 v = a[INDEX];
    for (int d = 1; d < 32; d *= 2) {
        float x = __shfl_up_sync(~0u, v.x, d), y = __shfl_up_sync(~0u, v.y, d);
        if ((threadIdx.x & 31) >= d) {
            v.x += x;
            v.y = fmaxf(v.y, y);
        }
    }
    a[INDEX] = v;
}

// A block waits until the one before it has published its sum.
KERNEL scan_chained(unsigned *a, volatile unsigned *state, unsigned *ticket)
{
    __shared__ unsigned s[128], block, before;
    unsigned t = threadIdx.x;
    if (t == 0) block = atomicAdd(ticket, 1);
    __syncthreads();
    s[t] = a[block * 128 + t];
    __syncthreads();
    for (unsigned d = 1; d < 128; d *= 2) {
        unsigned x = t >= d ? s[t - d] : 0;
        __syncthreads();
        s[t] += x;
        __syncthreads();
    }
    if (t == 127) {
        unsigned sum = 0;
        if (block > 0) {
            while (state[2 * block - 2] == 0) {}
            __threadfence();
            sum = state[2 * block - 1];
        }
        before = sum;
        state[2 * block + 1] = sum + s[127];
        __threadfence();
        state[2 * block] = 1;
    }
    __syncthreads();
    a[block * 128 + t] = s[t] + before;
}

// Sums begin anew where a head flag is set.
KERNEL scan_segments(unsigned short *a, const unsigned char *head)
{
    __shared__ unsigned short s[256];
    __shared__ unsigned char h[256];
    int t = threadIdx.x;
    s[t] = a[t];
    h[t] = head[t];
    __syncthreads();
    for (int d = 1; d < 256; d *= 2) {
        unsigned short x = 0;
        unsigned char f = 0;
        if (t >= d) {
            x = h[t] ? 0 : s[t - d];
            f = h[t - d];
        }
        __syncthreads();
        s[t] += x;
        h[t] |= f;
        __syncthreads();
    }
    a[t] = s[t];
}
