// SPDX-License-Identifier: Apache-2.0
// fork: children made before the first call have the device for themselves; a child made after
// it gets an error for what needs the device, and its parent does not notice.
#include "rt.cuh"

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

static void work()
{
    int *data = rt_upload(std::vector<int>(32, 1));
    add<<<1, 32>>>(data, 2);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(data, 32)[31] == 3);
    RT_OK(cudaFree(data));
}

static void after()
{
    int device = 0, count = 0;
    void *memory = nullptr;
    RT_IS(cudaMalloc(&memory, 16), cudaErrorInitializationError);
    RT_SHOW(cudaSetDevice(0));
    RT_SHOW(cudaGetDevice(&device));
    RT_SHOW(cudaGetDeviceCount(&count));
    RT_SHOW(cudaDeviceSynchronize());
    RT_SHOW(cudaStreamSynchronize(nullptr));
    RT_SHOW(cudaGetLastError());
    printf("%s\n", cudaGetErrorString(cudaErrorInitializationError));
    fflush(stdout);
    _exit(0);
}

static void two_generations()
{
    work();
    rt_child("grandchild after use", after);
    work();
}

int main()
{
    rt_child_passes("before", work);
    rt_child_passes("before, again", work);
    rt_child_passes("a child with a child", two_generations);
    work();
    rt_child("after", after);
    work();
    return rt_end("forks");
}
