// SPDX-License-Identifier: Apache-2.0
// Pinned memory: flags, mapped pointers, kernels that read and write it, copies both ways.
#include "rt.cuh"

#define COUNT 4096

__global__ void twice(int *out, const int *in)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    out[i] = in[i] * 2;
}

static void flags()
{
    for (unsigned flag : {cudaHostAllocDefault, cudaHostAllocPortable, cudaHostAllocMapped,
                          cudaHostAllocWriteCombined,
                          cudaHostAllocMapped | cudaHostAllocPortable}) {
        int *memory = nullptr, *device = nullptr;
        unsigned told = 99;
        RT_OK(cudaHostAlloc(&memory, 4096, flag));
        RT_OK(cudaHostGetFlags(&told, memory));
        printf("flags %u: told %u, ", flag, told);
        RT_OK(cudaHostGetDevicePointer(&device, memory, 0));
        printf("device pointer %s\n", device == memory ? "the same" : "another");
        RT_OK(cudaFreeHost(memory));
    }
    int *memory = nullptr, here = 0;
    RT_SHOW(cudaHostAlloc(&memory, 4096, 0x80));
    RT_SHOW(cudaHostAlloc(&memory, 0, 0));
    printf("no bytes: %s\n", memory ? "a pointer" : "no pointer");
    unsigned told = 0;
    RT_SHOW(cudaHostGetFlags(&told, &here));
    RT_SHOW(cudaHostGetDevicePointer(&memory, &here, 0));
    RT_SHOW(cudaGetLastError());
}

static void kernels()
{
    int *in = nullptr, *out = nullptr;
    RT_OK(cudaMallocHost(&in, COUNT * sizeof(int)));
    RT_OK(cudaHostAlloc(&out, COUNT * sizeof(int), cudaHostAllocMapped));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            in[i] = i + round;
        }
        twice<<<COUNT / 256, 256>>>(out, in);
        RT_OK(cudaDeviceSynchronize());
        for (int i = 0; i < COUNT; i++) {
            RT_CHECK(out[i] == 2 * (i + round));
        }
    }
    RT_IS(cudaFreeHost(in), cudaSuccess);
    RT_IS(cudaFreeHost(out), cudaSuccess);
}

static void copies()
{
    cudaStream_t stream;
    int *host = nullptr, *device[2] = {};
    RT_OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    RT_OK(cudaMallocHost(&host, 2 * COUNT * sizeof(int)));
    for (int *&memory : device) {
        RT_OK(cudaMalloc(&memory, COUNT * sizeof(int)));
    }
    for (int i = 0; i < COUNT; i++) {
        host[i] = i * 3;
    }
    RT_OK(cudaMemcpyAsync(device[0], host, COUNT * sizeof(int), cudaMemcpyHostToDevice, stream));
    twice<<<COUNT / 256, 256, 0, stream>>>(device[1], device[0]);
    RT_OK(cudaMemcpyAsync(host + COUNT, device[1], COUNT * sizeof(int), cudaMemcpyDefault,
                          stream));
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    for (int i = 0; i < COUNT; i++) {
        RT_CHECK(host[COUNT + i] == i * 6);
    }
    RT_OK(cudaFreeHost(host));
    RT_OK(cudaFree(device[0]));
    RT_OK(cudaFree(device[1]));
    RT_OK(cudaStreamDestroy(stream));
}

int main()
{
    flags();
    kernels();
    copies();
    return rt_end("pinned");
}
