// SPDX-License-Identifier: Apache-2.0
// Groups within a block: tiles, coalesced threads, reductions and scans of a tile, labels.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include "rt.cuh"

namespace cg = cooperative_groups;

#define COUNT 128

__global__ void tiles(const int *in, int *sums, int *scans, int *odd)
{
    cg::thread_block block = cg::this_thread_block();
    auto tile = cg::tiled_partition<8>(block);
    int i = block.thread_rank();
    int sum = cg::reduce(tile, in[i], cg::plus<int>());
    int most = cg::reduce(tile, in[i], cg::greater<int>());
    sums[i] = sum * 1000 + most;
    scans[i] = cg::exclusive_scan(tile, in[i], cg::plus<int>());
    odd[i] = 0;
    if (in[i] & 1) {
        cg::coalesced_group group = cg::coalesced_threads();
        odd[i] = cg::reduce(group, 1, cg::plus<int>()) > 0;
    }
    block.sync();
    auto half = cg::tiled_partition<32>(block);
    auto parts = cg::labeled_partition(half, in[i] % 3);
    odd[i] += static_cast<int>(parts.size()) * 10;
}

static void check(const std::vector<int> &in, const std::vector<int> &sums,
                  const std::vector<int> &scans, const std::vector<int> &odd)
{
    for (int i = 0; i < COUNT; i++) {
        int first = i / 8 * 8, warp = i / 32 * 32, sum = 0, most = 0, before = 0, same = 0;
        for (int k = first; k < first + 8; k++) {
            sum += in[k];
            most = in[k] > most ? in[k] : most;
            before += k < i ? in[k] : 0;
        }
        for (int k = warp; k < warp + 32; k++) {
            same += in[k] % 3 == in[i] % 3;
        }
        RT_CHECK(sums[i] == sum * 1000 + most);
        RT_CHECK(scans[i] == before);
        RT_CHECK(odd[i] == same * 10 + (in[i] & 1));
    }
}

int main()
{
    std::vector<int> in(COUNT);
    for (int i = 0; i < COUNT; i++) {
        in[i] = (i * 37 + 11) % 101;
    }
    int *data = rt_upload(in);
    int *sums = rt_upload(in), *scans = rt_upload(in), *odd = rt_upload(in);
    tiles<<<1, COUNT>>>(data, sums, scans, odd);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> a = rt_download(sums, COUNT), b = rt_download(scans, COUNT),
                     c = rt_download(odd, COUNT);
    check(in, a, b, c);
    rt_print_hash("sums", a);
    rt_print_hash("scans", b);
    rt_print_hash("labels", c);
    return rt_end("cooperative_groups");
}
