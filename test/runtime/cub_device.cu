// SPDX-License-Identifier: Apache-2.0
// CUB: radix sort of the device, reductions, scans and histograms; a sort within a block.
#include <algorithm>
#include <cub/cub.cuh>
#include "rt.cuh"

#define COUNT 3000

template <typename Call> static void with_room(Call call)
{
    size_t bytes = 0;
    void *room = nullptr;
    RT_OK(call(nullptr, bytes));
    RT_OK(cudaMalloc(&room, bytes));
    RT_OK(call(room, bytes));
    RT_OK(cudaFree(room));
}

__global__ void block_sort(unsigned *data)
{
    typedef cub::BlockRadixSort<unsigned, 64, 4> Sort;
    __shared__ typename Sort::TempStorage room;
    unsigned mine[4];
    for (int i = 0; i < 4; i++) {
        mine[i] = data[threadIdx.x * 4 + i];
    }
    Sort(room).SortDescending(mine);
    for (int i = 0; i < 4; i++) {
        data[threadIdx.x * 4 + i] = mine[i];
    }
}

static void device_wide(const std::vector<unsigned> &host, unsigned *in, unsigned *out)
{
    with_room([&](void *room, size_t &bytes) {
        return cub::DeviceRadixSort::SortKeys(room, bytes, in, out, COUNT);
    });
    std::vector<unsigned> sorted = host;
    std::sort(sorted.begin(), sorted.end());
    std::vector<unsigned> got = rt_download(out, COUNT);
    RT_CHECK(got == sorted);
    rt_print_hash("sorted", got);
    with_room([&](void *room, size_t &bytes) {
        return cub::DeviceReduce::Max(room, bytes, in, out, COUNT);
    });
    printf("most %u\n", rt_download(out, 1)[0]);
    RT_CHECK(rt_download(out, 1)[0] == sorted.back());
    with_room([&](void *room, size_t &bytes) {
        return cub::DeviceScan::ExclusiveSum(room, bytes, in, out, COUNT);
    });
    unsigned before = 0;
    got = rt_download(out, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        RT_CHECK(got[i] == before);
        before += host[i];
    }
    rt_print_hash("scan", got);
}

static void histogram(const std::vector<unsigned> &host, unsigned *in)
{
    std::vector<int> wanted(16, 0);
    int *counts = rt_upload(wanted);
    with_room([&](void *room, size_t &bytes) {
        return cub::DeviceHistogram::HistogramEven(room, bytes, in, counts, 17, 0u, 65536u, COUNT);
    });
    for (unsigned value : host) {
        wanted[value / 4096]++;
    }
    std::vector<int> got = rt_download(counts, 16);
    RT_CHECK(got == wanted);
    printf("histogram: %d %d ... %d\n", got[0], got[1], got[15]);
    RT_OK(cudaFree(counts));
}

int main()
{
    std::vector<unsigned> host(COUNT);
    unsigned state = 99;
    for (unsigned &value : host) {
        state = state * 1664525u + 1013904223u;
        value = state >> 16;
    }
    unsigned *in = rt_upload(host), *out = rt_upload(host);
    device_wide(host, in, out);
    histogram(host, in);
    block_sort<<<1, 64>>>(in);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<unsigned> got = rt_download(in, 256);
    std::sort(host.begin(), host.begin() + 256);
    std::reverse(host.begin(), host.begin() + 256);
    RT_CHECK(std::equal(got.begin(), got.end(), host.begin()));
    rt_print_hash("block", got);
    return rt_end("cub_device");
}
