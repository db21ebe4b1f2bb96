// SPDX-License-Identifier: Apache-2.0
// Eight threads, each with streams and memory of its own, in one context; each has its own last
// error; they share one block with atomics.
#include <thread>
#include "rt.cuh"

#define THREADS 8
#define COUNT   512
#define ROUNDS  25

__global__ void step(int *data, int value, unsigned *shared)
{
    data[threadIdx.x] = data[threadIdx.x] * 7 + value;
    if (threadIdx.x == 0) {
        atomicAdd(shared, 1u);
    }
}

static void check_own_error(int n)
{
    if (n % 2) {
        void *memory = nullptr;
        RT_CHECK(cudaMalloc(&memory, size_t(1) << 50) == cudaErrorMemoryAllocation);
        RT_CHECK(cudaGetLastError() == cudaErrorMemoryAllocation);
    }
    RT_CHECK(cudaGetLastError() == cudaSuccess);
}

static void body(int n, unsigned *shared)
{
    int *data[2], device = -1;
    cudaStream_t streams[2];
    RT_OK(cudaSetDevice(0));
    RT_OK(cudaGetDevice(&device));
    RT_CHECK(device == 0);
    for (int i = 0; i < 2; i++) {
        RT_OK(cudaStreamCreateWithFlags(&streams[i], cudaStreamNonBlocking));
        RT_OK(cudaMallocAsync(reinterpret_cast<void **>(&data[i]), COUNT * sizeof(int),
                              streams[i]));
        RT_OK(cudaMemsetAsync(data[i], 0, COUNT * sizeof(int), streams[i]));
    }
    unsigned wanted[2] = {0, 0};
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++) {
            step<<<1, COUNT, 0, streams[i]>>>(data[i], n + i + round, shared);
            wanted[i] = wanted[i] * 7 + static_cast<unsigned>(n + i + round);
        }
    }
    check_own_error(n);
    for (int i = 0; i < 2; i++) {
        std::vector<int> out(COUNT);
        RT_OK(cudaMemcpyAsync(out.data(), data[i], COUNT * sizeof(int), cudaMemcpyDeviceToHost,
                              streams[i]));
        RT_OK(cudaStreamSynchronize(streams[i]));
        RT_CHECK(out[0] == static_cast<int>(wanted[i]) && out[COUNT - 1] == out[0]);
        RT_OK(cudaFreeAsync(data[i], streams[i]));
        RT_OK(cudaStreamSynchronize(streams[i]));
        RT_OK(cudaStreamDestroy(streams[i]));
    }
}

int main()
{
    unsigned *shared = rt_upload(std::vector<unsigned>(1, 0));
    for (int again = 0; again < 2; again++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < THREADS; i++) {
            threads.emplace_back(body, i, shared);
        }
        for (std::thread &thread : threads) {
            thread.join();
        }
        RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    }
    unsigned launches = rt_download(shared, 1)[0];
    printf("%u launches\n", launches);
    RT_CHECK(launches == 2 * THREADS * ROUNDS * 2);
    return rt_end("threads");
}
