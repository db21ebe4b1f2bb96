// SPDX-License-Identifier: Apache-2.0
// Streams: flags, priorities, order within and across streams, queries, the legacy stream that
// waits for all others.
#include "rt.cuh"

#define COUNT 1024

__global__ void spin(volatile int *flag)
{
    while (*flag == 0) {
    }
}

__global__ void add(int *data, int value)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    data[i] = data[i] * 3 + value;
}

static void properties()
{
    int least = 0, greatest = 0;
    RT_OK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    printf("priorities %d to %d\n", least, greatest);
    for (int wish = 1; wish >= -7; wish -= 2) {
        cudaStream_t stream;
        unsigned flags = 9;
        int priority = 9, device = 9;
        RT_OK(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, wish));
        RT_OK(cudaStreamGetFlags(stream, &flags));
        RT_OK(cudaStreamGetPriority(stream, &priority));
        RT_OK(cudaStreamGetDevice(stream, &device));
        printf("asked for %d: priority %d, flags %u, device %d\n", wish, priority, flags, device);
        RT_OK(cudaStreamDestroy(stream));
    }
    unsigned flags = 9;
    RT_SHOW(cudaStreamGetFlags(nullptr, &flags));
    printf("legacy stream: flags %u\n", flags);
    unsigned long long a = 0, b = 0;
    RT_OK(cudaStreamGetId(cudaStreamLegacy, &a));
    RT_OK(cudaStreamGetId(cudaStreamPerThread, &b));
    printf("ids differ: %d\n", a != b);
    cudaStream_t stream;
    RT_SHOW(cudaStreamCreateWithFlags(&stream, 0x40));
    RT_SHOW(cudaGetLastError());
}

// A kernel that waits for the host holds its own stream and, if both block, the legacy one.
static void waiting()
{
    int *flag, *data = nullptr;
    cudaStream_t blocking, free_one;
    // Code is loaded before the device is busy: loading may wait for it.
    RT_OK(cudaMalloc(&data, COUNT * sizeof(int)));
    add<<<COUNT / 128, 128>>>(data, 0);
    RT_OK(cudaDeviceSynchronize());
    RT_OK(cudaHostAlloc(&flag, sizeof(int), cudaHostAllocMapped));
    *flag = 0;
    RT_OK(cudaStreamCreate(&blocking));
    RT_OK(cudaStreamCreateWithFlags(&free_one, cudaStreamNonBlocking));
    spin<<<1, 1, 0, blocking>>>(flag);
    RT_IS(cudaStreamQuery(blocking), cudaErrorNotReady);
    RT_IS(cudaStreamQuery(free_one), cudaSuccess);
    RT_IS(cudaStreamQuery(nullptr), cudaErrorNotReady);
    RT_OK(cudaMemsetAsync(data, 0, COUNT * sizeof(int), free_one));
    add<<<COUNT / 128, 128, 0, free_one>>>(data, 5);
    RT_IS(cudaStreamSynchronize(free_one), cudaSuccess);
    RT_IS(cudaStreamQuery(blocking), cudaErrorNotReady);
    __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
    RT_IS(cudaStreamSynchronize(nullptr), cudaSuccess);
    RT_IS(cudaStreamQuery(blocking), cudaSuccess);
    RT_CHECK(rt_download(data, COUNT)[COUNT - 1] == 5);
    RT_IS(cudaGetLastError(), cudaSuccess);
    RT_OK(cudaStreamDestroy(blocking));
    RT_OK(cudaStreamDestroy(free_one));
    RT_OK(cudaFreeHost(flag));
    RT_OK(cudaFree(data));
}

static void order()
{
    cudaStream_t streams[4];
    cudaEvent_t done[4];
    int *data = rt_upload(std::vector<int>(COUNT, 1));
    for (int i = 0; i < 4; i++) {
        RT_OK(cudaStreamCreateWithFlags(&streams[i], cudaStreamNonBlocking));
        RT_OK(cudaEventCreateWithFlags(&done[i], cudaEventDisableTiming));
    }
    int wanted = 1;
    for (int i = 0; i < 40; i++) {
        int here = i % 4, before = (i + 3) % 4;
        if (i > 0) {
            RT_OK(cudaStreamWaitEvent(streams[here], done[before], 0));
        }
        add<<<COUNT / 128, 128, 0, streams[here]>>>(data, i % 5);
        RT_OK(cudaEventRecord(done[here], streams[here]));
        wanted = static_cast<int>(static_cast<unsigned>(wanted) * 3u + i % 5);
    }
    RT_OK(cudaDeviceSynchronize());
    std::vector<int> out = rt_download(data, COUNT);
    printf("chain over four streams: %d\n", out[17]);
    RT_CHECK(out[0] == wanted && out[COUNT - 1] == wanted);
    for (int i = 0; i < 4; i++) {
        RT_OK(cudaStreamDestroy(streams[i]));
        RT_OK(cudaEventDestroy(done[i]));
    }
    RT_OK(cudaFree(data));
}

int main()
{
    properties();
    waiting();
    order();
    return rt_end("streams");
}
