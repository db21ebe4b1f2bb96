/* SPDX-License-Identifier: Apache-2.0 */
/* Sum of n ints: warp shuffles, one shared word a warp, one atomic a block. */
extern "C" __global__ void reduce(const int *in, int *out, int n)
{
    __shared__ int part[32];
    int sum = 0;

    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        sum += in[i];
    }
    for (int d = 16; d > 0; d >>= 1) {
        sum += __shfl_down_sync(0xffffffffu, sum, d);
    }
    if ((threadIdx.x & 31) == 0) {
        part[threadIdx.x / 32] = sum;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        sum = threadIdx.x < (blockDim.x + 31) / 32 ? part[threadIdx.x] : 0;
        for (int d = 16; d > 0; d >>= 1) {
            sum += __shfl_xor_sync(0xffffffffu, sum, d);
        }
        if (threadIdx.x == 0) {
            atomicAdd(out, sum);
        }
    }
}

/* out[0..6] of one warp: shuffles, votes, matches, masks; in[lane] is the input. */
extern "C" __global__ void warp_ops(const int *in, unsigned *out)
{
    unsigned lane = threadIdx.x & 31, all = 0xffffffffu;
    int v = in[lane];
    unsigned *o = out + lane * 10;

    o[0] = __shfl_up_sync(all, v, 3);
    o[1] = __shfl_sync(all, v, (lane * 7) & 31, 16);
    o[2] = __ballot_sync(all, v & 1);
    o[3] = __any_sync(all, v == 5) | __all_sync(all, v < 1000) << 1;
    o[4] = __match_any_sync(all, v % 3);
    if (lane % 2) {
        o[5] = __activemask();
        o[6] = __shfl_xor_sync(0xaaaaaaaau, v, 2);
    } else {
        o[5] = __activemask();
        o[6] = __shfl_xor_sync(0x55555555u, v, 4);
    }
    int p;
    o[7] = __match_all_sync(all, v, &p) + p;
    unsigned mask;
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(mask));
    o[8] = __popc(mask & __ballot_sync(all, v > 50));
    __syncwarp();
    o[9] = __shfl_down_sync(all, v, 1, 8);
}

extern "C" __global__ void sync_count(int *out)
{
    int n = threadIdx.x;

    out[threadIdx.x * 3] = __syncthreads_count(n % 3 == 0);
    out[threadIdx.x * 3 + 1] = __syncthreads_and(n < 64);
    out[threadIdx.x * 3 + 2] = __syncthreads_or(n == 63);
}
