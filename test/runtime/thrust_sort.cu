// SPDX-License-Identifier: Apache-2.0
// Thrust: sort, sort by key, reduce, transform, scan, unique, in the default and in another stream.
#include <algorithm>
#include <numeric>
#include <thrust/device_vector.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/transform.h>
#include <thrust/unique.h>
#include "rt.cuh"

#define COUNT 5000

struct Square {
    __host__ __device__ int operator()(int v) const
    {
        return v * v % 1009;
    }
};

static std::vector<int> numbers()
{
    std::vector<int> values(COUNT);
    unsigned state = 12345;
    for (int &value : values) {
        state = state * 1664525u + 1013904223u;
        value = static_cast<int>(state >> 8) % 100000;
    }
    return values;
}

template <typename T>
static void same(const char *what, const thrust::device_vector<T> &device,
                 const std::vector<T> &wanted)
{
    std::vector<T> got(device.size());
    RT_OK(cudaMemcpy(got.data(), thrust::raw_pointer_cast(device.data()), got.size() * sizeof(T),
                     cudaMemcpyDeviceToHost));
    RT_CHECK(got == wanted);
    rt_print_hash(what, got);
}

int main()
{
    std::vector<int> host = numbers();
    thrust::device_vector<int> values(host), keys(host), out(COUNT), index(COUNT);
    cudaStream_t stream;
    RT_OK(cudaStreamCreate(&stream));
    int sum = thrust::reduce(thrust::cuda::par.on(stream), values.begin(), values.end());
    printf("sum %d\n", sum);
    RT_CHECK(sum == std::accumulate(host.begin(), host.end(), 0));
    thrust::transform(values.begin(), values.end(), out.begin(), Square());
    std::vector<int> wanted(COUNT);
    std::transform(host.begin(), host.end(), wanted.begin(), Square());
    same("transform", out, wanted);
    thrust::inclusive_scan(values.begin(), values.end(), out.begin());
    std::partial_sum(host.begin(), host.end(), wanted.begin());
    same("scan", out, wanted);
    std::vector<int> order(COUNT);
    std::iota(order.begin(), order.end(), 0);
    index = order;
    thrust::stable_sort_by_key(thrust::cuda::par.on(stream), keys.begin(), keys.end(),
                               index.begin());
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return host[a] < host[b]; });
    same("order", index, order);
    thrust::sort(values.begin(), values.end());
    std::sort(host.begin(), host.end());
    same("sorted", values, host);
    values.resize(thrust::unique(values.begin(), values.end()) - values.begin());
    host.resize(std::unique(host.begin(), host.end()) - host.begin());
    printf("%zu different\n", host.size());
    same("unique", values, host);
    RT_OK(cudaStreamDestroy(stream));
    return rt_end("thrust_sort");
}
