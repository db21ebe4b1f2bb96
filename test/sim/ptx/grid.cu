/* SPDX-License-Identifier: Apache-2.0 */
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
extern "C" __global__ void grid_sync(int *data, int n)
{
    cg::grid_group g = cg::this_grid();
    int i = blockIdx.x * blockDim.x + threadIdx.x;

    data[i] = i;
    g.sync();
    int next = data[(i + blockDim.x) % n];
    g.sync();
    data[i] = next;
}

/* Blocks in turn: block b waits for block b - 1, in the wrong order of start. */
extern "C" __global__ void chain(volatile int *turn, int *out)
{
    int me = gridDim.x - 1 - blockIdx.x;

    if (threadIdx.x == 0) {
        while (*turn != me) {
        }
        out[me] = me * 2;
        __threadfence();
        *turn = me + 1;
    }
}
