// SPDX-License-Identifier: Apache-2.0
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include "device.h"

namespace cg = cooperative_groups;

KERNEL tiles(const int *in, int *out)
{
    cg::thread_block block = cg::this_thread_block();
    auto tile = cg::tiled_partition<8>(block);
    int v = in[INDEX];
    for (int d = tile.size() / 2; d > 0; d /= 2) v += tile.shfl_down(v, d);
    v = tile.shfl(v, 0);
    block.sync();
    out[INDEX] = v * 10 + tile.thread_rank() + tile.meta_group_rank() * 100 + tile.any(v & 1);
}

KERNEL coalesced(const int *in, int *count, int *out)
{
    int v = in[INDEX];
    if (v % 3 == 0) {
        cg::coalesced_group g = cg::coalesced_threads();
        int base = 0;
        if (g.thread_rank() == 0) base = atomicAdd(count, g.size());
        out[g.shfl(base, 0) + g.thread_rank()] = v;
    }
}

KERNEL group_reduce(const int *in, int *out)
{
    auto warp = cg::tiled_partition<32>(cg::this_thread_block());
    int v = in[INDEX], *o = out + INDEX * 4;
    o[0] = cg::reduce(warp, v, cg::plus<int>());
    o[1] = cg::reduce(warp, v, cg::less<int>());
    o[2] = cg::inclusive_scan(warp, v);
    o[3] = cg::exclusive_scan(warp, v, cg::bit_xor<int>());
}

// Tiles chosen at run time, and a partition by a label.
KERNEL partitions(const unsigned *in, unsigned *out, int size)
{
    cg::thread_block block = cg::this_thread_block();
    cg::thread_group part = cg::tiled_partition(block, size);
    unsigned v = in[INDEX];
    __shared__ unsigned s[256];
    s[block.thread_rank()] = v;
    part.sync();
    unsigned first = s[block.thread_rank() - part.thread_rank()];
    auto warp = cg::tiled_partition<32>(block);
    auto same = cg::labeled_partition(warp, v & 3);
    auto half = cg::binary_partition(warp, v & 1);
    out[INDEX] = first ^ (same.size() << 8) ^ (same.thread_rank() << 16) ^ (half.size() << 24);
}

// The whole grid meets (cooperative launch).
KERNEL grid_rounds(int *a, int n)
{
    cg::grid_group grid = cg::this_grid();
    for (int round = 0; round < 3; round++) {
        int v = a[(grid.thread_rank() + 1) % n];
        grid.sync();
        a[grid.thread_rank()] += v;
        grid.sync();
    }
}
