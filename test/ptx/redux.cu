// SPDX-License-Identifier: Apache-2.0
// arch: 80
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include "device.h"

namespace cg = cooperative_groups;

#define ALL ~0u

KERNEL redux(const unsigned *in, unsigned *out)
{
    unsigned v = in[INDEX], *o = out + INDEX * 8;
    o[0] = __reduce_add_sync(ALL, v);
    o[1] = __reduce_min_sync(ALL, v);
    o[2] = __reduce_max_sync(ALL, v);
    o[3] = __reduce_min_sync(ALL, (int)v);
    o[4] = __reduce_max_sync(ALL, (int)v);
    o[5] = __reduce_and_sync(ALL, v);
    o[6] = __reduce_or_sync(ALL, v);
    o[7] = threadIdx.x & 1 ? __reduce_xor_sync(0xaaaaaaaa, v) : __reduce_xor_sync(0x55555555, v);
}

// Copies into shared memory that the thread does not wait for until told.
KERNEL async_copy(const float *in, float *out, int n)
{
    __shared__ __align__(16) float tile[2][128];
    int t = threadIdx.x, at = 0;
    unsigned to = (unsigned)__cvta_generic_to_shared(&tile[0][0]);
    float sum = 0;
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to + t * 4), "l"(in + t));
    asm volatile("cp.async.commit_group;");
    for (int k = 0; k < n; k += 128, at ^= 1) {
        if (k + 128 < n && t < 32) {
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to + (at ^ 1) * 512 + t * 16),
                         "l"(in + k + 128 + t * 4));
        }
        asm volatile("cp.async.commit_group;");
        asm volatile("cp.async.wait_group 1;");
        __syncthreads();
        sum += tile[at][(t * 5) & 127];
        asm volatile("cp.async.wait_all;");
        __syncthreads();
    }
    if (t == 0) {
        asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(to), "l"(in), "r"(4));
        asm volatile("cp.async.wait_all;");
        sum += tile[0][0] + tile[0][1];  // the second is filled with zeroes
    }
    out[t] = sum;
}

// Blocks of a grid hand tiles on through an mbarrier in shared memory.
KERNEL mbarrier(const int *in, int *out)
{
    __shared__ unsigned long long bar;
    __shared__ int s[128];
    unsigned at = (unsigned)__cvta_generic_to_shared(&bar);
    unsigned long long state;
    int t = threadIdx.x, sum = 0;
    if (t == 0) asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(at), "r"(blockDim.x));
    __syncthreads();
    for (int round = 0; round < 4; round++) {
        s[t] = in[t] + round;
        asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(at) : "memory");
        unsigned done = 0;
        while (!done) {
            asm volatile("{ .reg .pred p; mbarrier.test_wait.shared.b64 p, [%1], %2;"
                         " selp.u32 %0, 1, 0, p; }" : "=r"(done) : "r"(at), "l"(state) : "memory");
        }
        sum += s[(t + round + 1) & 127] * (round + 1);
        __syncthreads();
    }
    out[t] = sum;
}

// Tiles of more than a warp share memory that the system keeps.
KERNEL big_tiles(const int *in, int *out)
{
    __shared__ cg::block_tile_memory<256> memory;
    auto block = cg::this_thread_block(memory);
    auto tile = cg::tiled_partition<64>(block);
    int v = in[INDEX];
    int sum = cg::reduce(tile, v, cg::plus<int>());
    out[INDEX] = sum + tile.shfl(v, 40) + tile.any(v == 7) * 100000 + tile.thread_rank();
}
