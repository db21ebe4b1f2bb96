// SPDX-License-Identifier: Apache-2.0
// assert in a kernel: its text on standard error, error 710 for every later call, and only in
// the process that ran it.
#include <cassert>
#include "rt.cuh"

__global__ void below(const int *data, int most)
{
    assert(data[threadIdx.x] < most);
}

static int *numbers()
{
    return rt_upload(std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}

static void fails()
{
    int *data = numbers(), value = 0;
    void *memory = nullptr;
    below<<<1, 8>>>(data, 7);
    RT_IS(cudaGetLastError(), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaErrorAssert);
    RT_IS(cudaGetLastError(), cudaErrorAssert);
    RT_SHOW(cudaGetLastError());
    RT_IS(cudaMalloc(&memory, 16), cudaErrorAssert);
    RT_IS(cudaMemcpy(&value, data, sizeof(int), cudaMemcpyDeviceToHost), cudaErrorAssert);
    printf("%s\n", cudaGetErrorString(cudaErrorAssert));
}

static void holds()
{
    int *data = numbers();
    below<<<1, 8>>>(data, 8);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_IS(cudaFree(data), cudaSuccess);
}

int main()
{
    rt_child_passes("holds", holds);
    rt_child_passes("fails", fails);
    rt_child_passes("holds again", holds);
    return rt_end("device_assert");
}
