// SPDX-License-Identifier: Apache-2.0
// cudaMallocAsync and cudaFreeAsync: in stream order, over two streams, freed by cudaFree, what
// is too large.
#include "rt.cuh"

#define COUNT 4096

__global__ void fill(int *data, int value)
{
    data[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

__global__ void sum(const int *data, unsigned long long *out)
{
    atomicAdd(out, static_cast<unsigned long long>(
                       data[blockIdx.x * blockDim.x + threadIdx.x]));
}

static void rounds(cudaStream_t stream, unsigned long long *total)
{
    for (int i = 0; i < 50; i++) {
        int *data = nullptr;
        RT_OK(cudaMallocAsync(&data, COUNT * sizeof(int), stream));
        fill<<<COUNT / 256, 256, 0, stream>>>(data, i);
        sum<<<COUNT / 256, 256, 0, stream>>>(data, total);
        RT_OK(cudaFreeAsync(data, stream));
    }
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    unsigned long long seen = rt_download(total, 1)[0];
    printf("sum %llu\n", seen);
    RT_CHECK(seen == 1225ull * COUNT);
}

static void across(cudaStream_t a, cudaStream_t b, unsigned long long *total)
{
    int *data = nullptr;
    cudaEvent_t ready, used;
    RT_OK(cudaEventCreateWithFlags(&ready, cudaEventDisableTiming));
    RT_OK(cudaEventCreateWithFlags(&used, cudaEventDisableTiming));
    RT_OK(cudaMemsetAsync(total, 0, sizeof(*total), a));
    RT_IS(cudaMallocAsync(&data, COUNT * sizeof(int), a), cudaSuccess);
    fill<<<COUNT / 256, 256, 0, a>>>(data, 3);
    RT_OK(cudaEventRecord(ready, a));
    RT_OK(cudaStreamWaitEvent(b, ready, 0));
    sum<<<COUNT / 256, 256, 0, b>>>(data, total);
    RT_OK(cudaEventRecord(used, b));
    RT_OK(cudaStreamWaitEvent(a, used, 0));
    RT_IS(cudaFreeAsync(data, a), cudaSuccess);
    RT_OK(cudaStreamSynchronize(a));
    RT_CHECK(rt_download(total, 1)[0] == 3ull * COUNT);
    RT_OK(cudaEventDestroy(ready));
    RT_OK(cudaEventDestroy(used));
}

static void edges(cudaStream_t stream)
{
    void *data = nullptr;
    RT_SHOW(cudaMallocAsync(&data, 0, stream));
    RT_SHOW(cudaMallocAsync(nullptr, 16, stream));
    RT_SHOW(cudaMallocAsync(&data, size_t(1) << 50, stream));
    RT_SHOW(cudaGetLastError());
    RT_OK(cudaMallocAsync(&data, 1000, stream));
    RT_OK(cudaStreamSynchronize(stream));
    RT_IS(cudaFree(data), cudaSuccess);
    RT_OK(cudaMallocAsync(&data, 1000, nullptr));
    RT_IS(cudaFreeAsync(data, stream), cudaSuccess);
    RT_SHOW(cudaFreeAsync(nullptr, stream));
    RT_OK(cudaMalloc(&data, 1000));
    RT_IS(cudaFreeAsync(data, stream), cudaSuccess);
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    int host = 0;
    RT_SHOW(cudaFreeAsync(&host, stream));
    RT_SHOW(cudaGetLastError());
}

int main()
{
    cudaStream_t a, b;
    int supported = 0;
    RT_OK(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, 0));
    printf("pools: %d\n", supported);
    RT_OK(cudaStreamCreate(&a));
    RT_OK(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    unsigned long long *total = rt_upload(std::vector<unsigned long long>(1, 0));
    rounds(a, total);
    across(a, b, total);
    edges(b);
    RT_OK(cudaFree(total));
    RT_OK(cudaStreamDestroy(a));
    RT_OK(cudaStreamDestroy(b));
    return rt_end("async_alloc");
}
