// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#define ALL ~0u

KERNEL shuffles(const int *in, int *out)
{
    int v = in[INDEX], lane = threadIdx.x & 31, *o = out + INDEX * 8;
    o[0] = __shfl_sync(ALL, v, lane * 7);
    o[1] = __shfl_up_sync(ALL, v, 3);
    o[2] = __shfl_down_sync(ALL, v, 5);
    o[3] = __shfl_xor_sync(ALL, v, 9);
    o[4] = __shfl_sync(ALL, v, lane + 1, 8);
    o[5] = __shfl_up_sync(ALL, v, 2, 16);
    o[6] = __shfl_down_sync(ALL, v, 1, 4);
    o[7] = (int)__shfl_xor_sync(ALL, (long long)v << 20, 2, 8);
}

KERNEL votes(const unsigned *in, unsigned *out)
{
    unsigned v = in[INDEX], *o = out + INDEX * 6;
    o[0] = __ballot_sync(ALL, v & 1);
    o[1] = __any_sync(ALL, v > 0xf0000000u);
    o[2] = __all_sync(ALL, v < 0xf0000000u);
    o[3] = __match_any_sync(ALL, v & 3);
    int pred = 0;
    o[4] = __match_all_sync(ALL, (unsigned long long)(v | ~0u), &pred);
    o[5] = pred + 2 * (__match_all_sync(ALL, v, &pred) != 0) + 4 * pred;
}

// Only some lanes take part; the two sides of the branch meet again.
KERNEL divergent(const int *in, int *out)
{
    int v = in[INDEX], lane = threadIdx.x & 31, sum = 0;
    if (lane % 3 == 0) {
        unsigned mask = 0x49249249;
        for (int d = 3; d < 32; d *= 2) sum += __shfl_sync(mask, v, (lane + d) % 33);
        __syncwarp(mask);
    } else {
        for (int i = 0; i < lane; i++) sum ^= v + i;
    }
    __syncwarp();
    out[INDEX] = sum + __shfl_sync(ALL, sum, 0) + __popc(__activemask());
}

KERNEL warp_reduce(const double *in, double *out)
{
    double v = in[INDEX];
    for (int d = 16; d > 0; d /= 2) v += __shfl_down_sync(ALL, v, d);
    if ((threadIdx.x & 31) == 0) out[INDEX / 32] = v;
}

// Lanes of one warp that wait for each other: each needs its own progress.
KERNEL spin_lock(int *lock, int *count)
{
    for (bool done = false; !done;) {
        if (atomicCAS(lock, 0, 1) == 0) {
            __threadfence();
            *(volatile int *)count = *(volatile int *)count + 1;
            __threadfence();
            atomicExch(lock, 0);
            done = true;
        }
    }
}

KERNEL spin_lock_strict(int *lock, int *count)
{
    while (atomicCAS(lock, 0, 1) != 0) {}
    __threadfence();
    *(volatile int *)count = *(volatile int *)count + 1;
    __threadfence();
    atomicExch(lock, 0);
}

KERNEL ring(volatile int *flag, int *out)
{
    int t = threadIdx.x;
    if (t > 0) {
        while (flag[t - 1] == 0) {}
    }
    out[t] = t > 0 ? flag[t - 1] + t : 1;
    __threadfence();
    flag[t] = out[t];
}

KERNEL lanes(unsigned *out)
{
    unsigned lane, warp, lt, le, eq, ge, gt, *o = out + INDEX * 7;
    asm("mov.u32 %0, %%laneid;" : "=r"(lane));
    asm("mov.u32 %0, %%warpid;" : "=r"(warp));
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
    asm("mov.u32 %0, %%lanemask_le;" : "=r"(le));
    asm("mov.u32 %0, %%lanemask_eq;" : "=r"(eq));
    asm("mov.u32 %0, %%lanemask_ge;" : "=r"(ge));
    asm("mov.u32 %0, %%lanemask_gt;" : "=r"(gt));
    o[0] = lane; o[1] = lt; o[2] = le; o[3] = eq; o[4] = ge; o[5] = gt; o[6] = warp;
}
