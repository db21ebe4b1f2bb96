// SPDX-License-Identifier: Apache-2.0
// The choice of a device, its flags, limits and caches, before and after its first use.
#include <cuda_profiler_api.h>
#include "rt.cuh"

__global__ void nothing()
{
}

static void flags()
{
    unsigned told = 99;
    RT_SHOW(cudaGetDeviceFlags(&told));
    printf("flags %u\n", told);
    RT_SHOW(cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync));
    RT_SHOW(cudaGetDeviceFlags(&told));
    printf("flags %u\n", told);
    RT_SHOW(cudaSetDeviceFlags(0x1000));
    RT_SHOW(cudaInitDevice(0, cudaDeviceScheduleYield, cudaInitDeviceFlagsAreValid));
    RT_SHOW(cudaGetDeviceFlags(&told));
    printf("flags %u\n", told);
    int list[] = {0};
    RT_SHOW(cudaSetValidDevices(list, 1));
    nothing<<<1, 1>>>();
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_SHOW(cudaSetDeviceFlags(cudaDeviceScheduleSpin));
    RT_SHOW(cudaGetDeviceFlags(&told));
    printf("flags %u\n", told);
    cudaGetLastError();
}

static void limits()
{
    size_t value = 0;
    for (int limit = 0; limit <= 7; limit++) {
        value = 0;
        cudaError_t error = cudaDeviceGetLimit(&value, static_cast<cudaLimit>(limit));
        printf("limit %d: %s, %zu\n", limit, cudaGetErrorName(error), value);
    }
    RT_SHOW(cudaDeviceSetLimit(cudaLimitStackSize, 8192));
    RT_OK(cudaDeviceGetLimit(&value, cudaLimitStackSize));
    printf("stack %zu\n", value);
    RT_CHECK(value >= 8192);
    RT_SHOW(cudaDeviceSetLimit(cudaLimitMallocHeapSize, size_t(16) << 20));
    RT_OK(cudaDeviceGetLimit(&value, cudaLimitMallocHeapSize));
    printf("heap %zu\n", value);
    cudaFuncCache cache;
    RT_SHOW(cudaDeviceSetCacheConfig(cudaFuncCachePreferShared));
    RT_SHOW(cudaDeviceGetCacheConfig(&cache));
    printf("cache %d\n", static_cast<int>(cache));
    RT_SHOW(cudaCtxResetPersistingL2Cache());
    cudaGetLastError();
}

static void memory()
{
    size_t before = 0, during = 0, after = 0, total = 0, again = 0;
    void *block = nullptr;
    cudaDeviceProp properties;
    RT_OK(cudaGetDeviceProperties(&properties, 0));
    RT_OK(cudaMemGetInfo(&before, &total));
    RT_OK(cudaMalloc(&block, size_t(64) << 20));
    RT_OK(cudaMemGetInfo(&during, &again));
    RT_OK(cudaFree(block));
    RT_OK(cudaMemGetInfo(&after, &again));
    RT_CHECK(total == again && before <= total && during < before && after > during);
    printf("total as in the properties: %d\n", total == properties.totalGlobalMem);
}

int main()
{
    int device = 9;
    RT_IS(cudaGetDevice(&device), cudaSuccess);
    RT_CHECK(device == 0);
    flags();
    limits();
    memory();
    RT_SHOW(cudaProfilerStart());
    RT_SHOW(cudaProfilerStop());
    cudaGetLastError();
    return rt_end("devices");
}
