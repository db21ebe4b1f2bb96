// SPDX-License-Identifier: Apache-2.0
// Managed memory.  Natively it works; through us the device says that it has none and the
// allocation is refused, and the program goes on.
#include "rt.cuh"

__global__ void fill(int *data)
{
    data[threadIdx.x] = threadIdx.x * 2;
}

int main()
{
    int managed = 9, concurrent = 9, pageable = 9;
    int *data = nullptr;
    RT_OK(cudaDeviceGetAttribute(&managed, cudaDevAttrManagedMemory, 0));
    RT_OK(cudaDeviceGetAttribute(&concurrent, cudaDevAttrConcurrentManagedAccess, 0));
    RT_OK(cudaDeviceGetAttribute(&pageable, cudaDevAttrPageableMemoryAccess, 0));
    printf("managed %d, concurrent %d, pageable %d\n", managed, concurrent, pageable);
    cudaError_t error = cudaMallocManaged(&data, 4096);
    printf("cudaMallocManaged: %s\n", cudaGetErrorName(error));
    RT_CHECK(error == (managed ? cudaSuccess : cudaErrorNotSupported));
    if (error == cudaSuccess) {
        fill<<<1, 32>>>(data);
        RT_OK(cudaDeviceSynchronize());
        RT_CHECK(data[31] == 62);
        cudaMemLocation location = {};
        location.type = cudaMemLocationTypeDevice;
        RT_SHOW(cudaMemPrefetchAsync(data, 4096, location, 0, nullptr));
        RT_SHOW(cudaMemAdvise(data, 4096, cudaMemAdviseSetReadMostly, location));
        RT_OK(cudaFree(data));
    }
    cudaGetLastError();
    RT_OK(cudaMalloc(&data, 4096));
    fill<<<1, 32>>>(data);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    RT_CHECK(rt_download(data, 32)[31] == 62);
    return rt_end("managed");
}
