// SPDX-License-Identifier: Apache-2.0
// Errors that pass: launches that cannot be, values that are wrong, memory that there is not;
// what the last error is after each, and the texts of all.
#include "rt.cuh"

__global__ void add(int *data)
{
    data[threadIdx.x]++;
}

static void launches(int *data)
{
    add<<<1, 1025>>>(data);
    cudaError_t error = RT_SHOW(cudaPeekAtLastError());
    RT_CHECK(error != cudaSuccess);
    RT_IS(cudaGetLastError(), error);
    RT_IS(cudaGetLastError(), cudaSuccess);
    add<<<0, 32>>>(data);
    RT_CHECK(RT_SHOW(cudaGetLastError()) != cudaSuccess);
    add<<<dim3(1, 65536), 32>>>(data);
    RT_SHOW(cudaGetLastError());
    add<<<1, 32, 1 << 20>>>(data);
    RT_SHOW(cudaGetLastError());
    RT_SHOW(cudaLaunchKernel(nullptr, dim3(1), dim3(1), nullptr, 0, nullptr));
    RT_SHOW(cudaGetLastError());
    add<<<1, 32>>>(data);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
}

static void values(int *data)
{
    int host[4] = {};
    void *pointer = nullptr;
    std::vector<char> large(size_t(4) << 20);
    RT_SHOW(cudaMalloc(nullptr, 16));
    RT_SHOW(cudaMalloc(&pointer, 0));
    printf("no bytes: %s\n", pointer ? "a pointer" : "no pointer");
    RT_SHOW(cudaMemcpy(host, data, 16, static_cast<cudaMemcpyKind>(9)));
    RT_SHOW(cudaMemcpy(data, nullptr, 16, cudaMemcpyHostToDevice));
    RT_SHOW(cudaMemcpy(data, large.data(), large.size(), cudaMemcpyHostToDevice));
    RT_SHOW(cudaMemset(nullptr, 0, 16));
    RT_SHOW(cudaFree(host));
    RT_SHOW(cudaFree(nullptr));
    RT_SHOW(cudaFreeHost(host));
    RT_SHOW(cudaSetDevice(99));
    RT_SHOW(cudaSetDevice(-1));
    RT_SHOW(cudaDeviceGetAttribute(host, cudaDevAttrWarpSize, 99));
    RT_SHOW(cudaDeviceGetAttribute(host, static_cast<cudaDeviceAttr>(9999), 0));
    RT_SHOW(cudaEventDestroy(nullptr));
    RT_SHOW(cudaStreamDestroy(nullptr));
    RT_SHOW(cudaStreamWaitEvent(nullptr, nullptr, 0));
    RT_SHOW(cudaDeviceSetLimit(static_cast<cudaLimit>(99), 1));
    RT_SHOW(cudaPeekAtLastError());
    RT_SHOW(cudaGetLastError());
    RT_IS(cudaGetLastError(), cudaSuccess);
}

static void memory()
{
    void *pointer = nullptr, *small = nullptr;
    RT_IS(cudaMalloc(&pointer, size_t(1) << 50), cudaErrorMemoryAllocation);
    RT_IS(cudaMalloc(&small, 1 << 20), cudaSuccess);
    RT_IS(cudaGetLastError(), cudaErrorMemoryAllocation);
    std::vector<void *> blocks;
    while (cudaMalloc(&pointer, size_t(256) << 20) == cudaSuccess) {
        blocks.push_back(pointer);
    }
    printf("blocks until the end: %s\n", blocks.empty() ? "none" : "some");
    RT_IS(cudaGetLastError(), cudaErrorMemoryAllocation);
    for (void *block : blocks) {
        RT_OK(cudaFree(block));
    }
    RT_IS(cudaMalloc(&pointer, size_t(128) << 20), cudaSuccess);
    RT_IS(cudaMemset(pointer, 3, size_t(128) << 20), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_IS(cudaFree(pointer), cudaSuccess);
    RT_IS(cudaFree(small), cudaSuccess);
    RT_SHOW(cudaFree(small));
    cudaGetLastError();
}

static void texts()
{
    unsigned long long hash = 0;
    for (int code = 0; code < 1000; code++) {
        const char *name = cudaGetErrorName(static_cast<cudaError_t>(code));
        const char *text = cudaGetErrorString(static_cast<cudaError_t>(code));
        hash = hash * 31 + rt_hash(name, strlen(name)) + rt_hash(text, strlen(text));
    }
    printf("texts: %016llx\n", hash);
    printf("%s; %s\n", cudaGetErrorString(cudaErrorIllegalAddress),
           cudaGetErrorString(static_cast<cudaError_t>(12345)));
}

int main()
{
    int *data = rt_upload(std::vector<int>(32));
    launches(data);
    values(data);
    memory();
    texts();
    return rt_end("errors");
}
