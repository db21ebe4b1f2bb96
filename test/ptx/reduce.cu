// SPDX-License-Identifier: Apache-2.0
#include "device.h"

// Sum, least and greatest of n values of each type, by one block.
template <typename T> static __device__ void reduce(const T *in, int n, T *out)
{
    __shared__ T sum[128], least[128], most[128];
    int t = threadIdx.x;
    T s = 0, lo = in[0], hi = in[0];
    for (int i = t; i < n; i += 128) {
        s += in[i];
        lo = in[i] < lo ? in[i] : lo;
        hi = in[i] > hi ? in[i] : hi;
    }
    sum[t] = s;
    least[t] = lo;
    most[t] = hi;
    for (int d = 64; d > 0; d /= 2) {
        __syncthreads();
        if (t < d) {
            sum[t] += sum[t + d];
            least[t] = least[t + d] < least[t] ? least[t + d] : least[t];
            most[t] = most[t + d] > most[t] ? most[t + d] : most[t];
        }
    }
    if (t == 0) {
        out[0] = sum[0];
        out[1] = least[0];
        out[2] = most[0];
    }
}

#define REDUCE(name, type) KERNEL reduce_##name(const type *in, int n, type *out) { reduce(in, n, out); }
REDUCE(i8, signed char)
REDUCE(u8, unsigned char)
REDUCE(i16, short)
REDUCE(u16, unsigned short)
REDUCE(i32, int)
REDUCE(u32, unsigned)
REDUCE(i64, long long)
REDUCE(u64, unsigned long long)
REDUCE(f32, float)
REDUCE(f64, double)

// All blocks, the last of them to finish sums what the others left.
__device__ unsigned finished;

KERNEL reduce_last(const unsigned *in, int n, unsigned *partial, unsigned *out)
{
    __shared__ unsigned s;
    __shared__ bool last;
    if (threadIdx.x == 0) s = 0;
    __syncthreads();
    unsigned mine = 0;
    for (int i = INDEX; i < n; i += STRIDE) mine += in[i];
    atomicAdd(&s, mine);
    __syncthreads();
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = s;
        __threadfence();
        last = atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        unsigned all = 0;
        for (unsigned i = 0; i < gridDim.x; i++) all += ((volatile unsigned *)partial)[i];
        *out = all;
    }
}
