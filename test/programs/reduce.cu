/* SPDX-License-Identifier: Apache-2.0 */
#define WARP      32
#define MAX_WARPS 32

static __device__ unsigned int warp_sum(unsigned int v)
{
    for (int d = WARP / 2; d > 0; d /= 2) {
        v += __shfl_down_sync(0xffffffffu, v, d);
    }
    return v;
}

/* Stage one: a block's sum by shuffles, one partial sum a block. */
extern "C" __global__ void reduce_blocks(const unsigned int *in, unsigned int *partial,
                                         unsigned int n)
{
    __shared__ unsigned int warps[MAX_WARPS];
    unsigned int stride = gridDim.x * blockDim.x;
    unsigned int sum = 0;

    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        sum += in[i];
    }
    sum = warp_sum(sum);
    if (threadIdx.x % WARP == 0) {
        warps[threadIdx.x / WARP] = sum;
    }
    __syncthreads();
    if (threadIdx.x < WARP) {
        sum = threadIdx.x < blockDim.x / WARP ? warps[threadIdx.x] : 0;
        sum = warp_sum(sum);
        if (threadIdx.x == 0) {
            partial[blockIdx.x] = sum;
        }
    }
}

/* Stage two: every thread adds its partial sum to one 64-bit word. */
extern "C" __global__ void reduce_atomic(const unsigned int *partial, unsigned long long *total,
                                         unsigned int n)
{
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        atomicAdd(total, (unsigned long long)partial[i]);
    }
}
