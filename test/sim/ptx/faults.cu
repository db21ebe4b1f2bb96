/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
extern "C" __global__ void illegal(int *p) { p[0] = 1; *(int *)64 = 1; }
extern "C" __global__ void misaligned(char *p) { *(int *)(p + 1) = 1; }
extern "C" __global__ void do_trap(void) { asm("trap;"); }
extern "C" __global__ void fail_assert(int x) { assert(x == 1); }
extern "C" __global__ void spin(volatile int *flag) { while (*flag == 0) { } }
__device__ __noinline__ int deep(int n, int *p)
{
    volatile int pad[64];
    pad[n & 63] = n;
    return p[0] == 12345 ? pad[0] : deep(n + 1, p) + pad[n & 63];
}
extern "C" __global__ void overflow(int *p) { p[1] = deep(0, p); }
extern "C" __global__ void shared_out(int *p, int n) { __shared__ int s[4]; s[n] = 1; __syncthreads(); *p = s[0]; }
extern "C" __global__ void copy_out(const int *in, int *out, int at) { out[at] = in[at]; }
