// SPDX-License-Identifier: Apache-2.0
// cudaDeviceReset: memory and handles end, variables start anew, and the device works again,
// several times.
#include "rt.cuh"

__device__ int counter = 5;

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
    if (threadIdx.x == 0) {
        counter += value;
    }
}

static int round_of(int value)
{
    int *data = rt_upload(std::vector<int>(32, 1)), seen = 0;
    cudaStream_t stream;
    RT_OK(cudaStreamCreate(&stream));
    add<<<1, 32, 0, stream>>>(data, value);
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    RT_OK(cudaMemcpyFromSymbol(&seen, counter, sizeof(seen)));
    RT_CHECK(rt_download(data, 32)[31] == 1 + value);
    return seen;
}

int main()
{
    RT_IS(cudaDeviceReset(), cudaSuccess);
    for (int i = 1; i <= 3; i++) {
        int seen = round_of(i);
        printf("counter %d\n", seen);
        RT_CHECK(seen == 5 + i);
        RT_IS(cudaDeviceReset(), cudaSuccess);
    }
    int *old = nullptr;
    cudaStream_t stream;
    RT_OK(cudaMalloc(&old, 64));
    RT_OK(cudaStreamCreate(&stream));
    RT_OK(cudaDeviceSetLimit(cudaLimitStackSize, 4096));
    RT_IS(cudaDeviceReset(), cudaSuccess);
    RT_SHOW(cudaFree(old));
    RT_SHOW(cudaGetLastError());
    size_t stack = 0;
    RT_IS(cudaDeviceGetLimit(&stack, cudaLimitStackSize), cudaSuccess);
    printf("stack %zu\n", stack);
    printf("counter %d\n", round_of(9));
    RT_IS(cudaGetLastError(), cudaSuccess);
    RT_IS(cudaDeviceReset(), cudaSuccess);
    return rt_end("reset");
}
