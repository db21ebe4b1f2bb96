// SPDX-License-Identifier: Apache-2.0
// printf in kernels: formats, many lines in order, between the program's own lines.
#include "rt.cuh"

__global__ void formats(const char *text)
{
    printf("device: %d %u %5.2f %c %s %llx %%\n", -7, 7u, 2.5, 'x', text ? text : "nothing",
           0x123456789abcdefull);
    printf("device: %-6d|%06d|%+e|%g\n", 12, 34, 1234.5, 0.0001);
}

__global__ void lines()
{
    for (int i = 0; i < 32; i++) {
        if (threadIdx.x == i) {
            printf("thread %d of block %d\n", i, blockIdx.x);
        }
        __syncwarp();
    }
}

__global__ void answer(int *count)
{
    *count = printf("three %d %d %d\n", 1, 2, 3);
}

int main()
{
    int *count = rt_upload(std::vector<int>(1));
    printf("host: before\n");
    formats<<<1, 1>>>(nullptr);
    RT_OK(cudaDeviceSynchronize());
    printf("host: between\n");
    for (int i = 0; i < 3; i++) {
        lines<<<1, 32>>>();
    }
    RT_OK(cudaDeviceSynchronize());
    answer<<<1, 1>>>(count);
    printf("answer: %d\n", rt_download(count, 1)[0]);
    size_t fifo = 0;
    RT_OK(cudaDeviceGetLimit(&fifo, cudaLimitPrintfFifoSize));
    printf("buffer of %zu bytes\n", fifo);
    printf("host: after\n");
    return rt_end("device_printf");
}
