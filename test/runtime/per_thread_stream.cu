// SPDX-License-Identifier: Apache-2.0
// Built with a default stream for each thread: a waiting kernel in one thread's stream leaves
// the others' alone; the legacy stream waits for all.
#include <atomic>
#include <thread>
#include "rt.cuh"

#define THREADS 6
#define COUNT   256

__global__ void spin(volatile int *flag)
{
    while (*flag == 0) {
    }
}

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

static void body(int n, std::atomic<int> *sum)
{
    int *data = nullptr;
    RT_OK(cudaMalloc(&data, COUNT * sizeof(int)));
    RT_OK(cudaMemsetAsync(data, 0, COUNT * sizeof(int)));
    for (int i = 0; i < 20; i++) {
        add<<<1, COUNT>>>(data, n + i);
    }
    std::vector<int> out(COUNT);
    RT_OK(cudaMemcpyAsync(out.data(), data, COUNT * sizeof(int), cudaMemcpyDeviceToHost));
    RT_OK(cudaStreamSynchronize(nullptr));
    RT_CHECK(out[0] == 20 * n + 190 && out[COUNT - 1] == out[0]);
    *sum += out[0];
    RT_OK(cudaStreamSynchronize(cudaStreamPerThread));
}

int main()
{
    int *flag;
    RT_OK(cudaHostAlloc(&flag, sizeof(int), cudaHostAllocMapped));
    *flag = 0;
    add<<<0 + 1, 1>>>(flag, 0);
    RT_OK(cudaDeviceSynchronize());
    spin<<<1, 1>>>(flag);
    RT_IS(cudaStreamQuery(cudaStreamPerThread), cudaErrorNotReady);
    RT_IS(cudaStreamQuery(nullptr), cudaErrorNotReady);
    RT_IS(cudaStreamQuery(cudaStreamLegacy), cudaErrorNotReady);
    std::atomic<int> sum{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < THREADS; i++) {
        threads.emplace_back(body, i, &sum);
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    printf("sum of %d threads: %d\n", THREADS, sum.load());
    RT_IS(cudaStreamQuery(cudaStreamPerThread), cudaErrorNotReady);
    __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
    RT_IS(cudaStreamSynchronize(cudaStreamLegacy), cudaSuccess);
    RT_IS(cudaStreamQuery(cudaStreamPerThread), cudaSuccess);
    RT_OK(cudaFreeHost(flag));
    return rt_end("per_thread_stream");
}
