// SPDX-License-Identifier: Apache-2.0
// Faults of kernels: each in a process of its own, where every later call gives its error;
// the next process is well.
#include "rt.cuh"

__global__ void store(int *where)
{
    *where = 1;
}

__global__ void trap()
{
    asm volatile("trap;");
}

__global__ void shared_store(int offset)
{
    __shared__ volatile int few[4];
    few[threadIdx.x] = 1;
    __syncthreads();
    few[few[0] * offset] = 2;
}

static void every_call(cudaError_t wanted)
{
    void *memory = nullptr;
    cudaStream_t stream;
    cudaEvent_t event;
    size_t free_bytes = 0, total = 0;
    int value = 0, count = 0;
    RT_IS(cudaDeviceSynchronize(), wanted);
    RT_IS(cudaPeekAtLastError(), wanted);
    RT_IS(cudaGetLastError(), wanted);
    RT_SHOW(cudaGetLastError());
    RT_IS(cudaMalloc(&memory, 16), wanted);
    RT_IS(cudaMemcpy(&value, &value, 4, cudaMemcpyHostToHost), wanted);
    RT_IS(cudaStreamCreate(&stream), wanted);
    RT_IS(cudaEventCreate(&event), wanted);
    RT_SHOW(cudaMemGetInfo(&free_bytes, &total));
    RT_SHOW(cudaMallocHost(&memory, 16));
    RT_SHOW(cudaStreamSynchronize(nullptr));
    RT_SHOW(cudaFree(nullptr));
    RT_SHOW(cudaGetDeviceCount(&count));
    RT_SHOW(cudaSetDevice(0));
    trap<<<1, 1>>>();
    RT_IS(cudaGetLastError(), wanted);
    printf("%s\n", cudaGetErrorString(wanted));
}

static void illegal_address()
{
    store<<<1, 1>>>(reinterpret_cast<int *>(0x1000));
    RT_IS(cudaGetLastError(), cudaSuccess);
    every_call(cudaErrorIllegalAddress);
    RT_SHOW(cudaDeviceReset());
    RT_SHOW(cudaDeviceSynchronize());
}

static void misaligned()
{
    char *memory = nullptr;
    RT_OK(cudaMalloc(&memory, 64));
    store<<<1, 1>>>(reinterpret_cast<int *>(memory + 2));
    every_call(cudaErrorMisalignedAddress);
}

static void trapped()
{
    trap<<<1, 1>>>();
    every_call(cudaErrorLaunchFailure);
}

static void shared_outside()
{
    shared_store<<<1, 4>>>(1 << 24);
    RT_SHOW(cudaDeviceSynchronize());
    RT_CHECK(cudaGetLastError() != cudaSuccess);
}

static void well()
{
    int *memory = nullptr;
    RT_OK(cudaMalloc(&memory, 64));
    store<<<1, 1>>>(memory);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(memory, 1)[0] == 1);
}

int main()
{
    rt_child_passes("illegal address", illegal_address);
    rt_child_passes("well", well);
    rt_child_passes("misaligned", misaligned);
    rt_child_passes("trap", trapped);
    rt_child_passes("outside of shared memory", shared_outside);
    rt_child_passes("well again", well);
    return rt_end("sticky");
}
