// SPDX-License-Identifier: Apache-2.0
// Attributes of functions: what they say, dynamic shared memory beyond 48 KiB only after the
// program asked for it, names and parameters.
#include "rt.cuh"

__constant__ char constants[100];

__global__ void __launch_bounds__(192) mixed(int *out, char flag, double value)
{
    __shared__ int fixed[64];
    fixed[threadIdx.x % 64] = flag + constants[threadIdx.x % 100];
    __syncthreads();
    out[threadIdx.x] = fixed[(threadIdx.x + 1) % 64] + static_cast<int>(value);
}

__global__ void large(int *out, int words)
{
    extern __shared__ int shared[];
    for (int i = threadIdx.x; i < words; i += blockDim.x) {
        shared[i] = i;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        long sum = 0;
        for (int i = 0; i < words; i++) {
            sum += shared[i];
        }
        *out = static_cast<int>(sum % 1000003);
    }
}

static void attributes()
{
    cudaFuncAttributes a = {};
    RT_IS(cudaFuncGetAttributes(&a, mixed), cudaSuccess);
    printf("shared %zu, most threads %d, most dynamic %d, carve-out %d, cluster %d\n",
           a.sharedSizeBytes, a.maxThreadsPerBlock, a.maxDynamicSharedSizeBytes,
           a.preferredShmemCarveout, a.clusterDimMustBeSet);
    RT_CHECK(a.sharedSizeBytes == 256 && a.maxThreadsPerBlock <= 1024 && a.numRegs > 0);
    const char *name = nullptr;
    RT_IS(cudaFuncGetName(&name, reinterpret_cast<const void *>(mixed)), cudaSuccess);
    printf("name %s\n", name);
    for (size_t i = 0; i < 4; i++) {
        size_t offset = 99, size = 99;
        cudaError_t error =
            cudaFuncGetParamInfo(reinterpret_cast<const void *>(mixed), i, &offset, &size);
        printf("parameter %zu: %s, offset %zu, size %zu\n", i, cudaGetErrorName(error), offset,
               size);
    }
    cudaGetLastError();
}

static void launch_large(int *out, size_t bytes, bool fits)
{
    int words = static_cast<int>(bytes / sizeof(int));
    large<<<1, 128, bytes>>>(out, words);
    cudaError_t error = cudaGetLastError();
    printf("%zu bytes: %s\n", bytes, cudaGetErrorName(error));
    RT_CHECK((error == cudaSuccess) == fits);
    if (error == cudaSuccess) {
        long sum = 0;
        for (int i = 0; i < words; i++) {
            sum += i;
        }
        RT_IS(cudaDeviceSynchronize(), cudaSuccess);
        RT_CHECK(rt_download(out, 1)[0] == static_cast<int>(sum % 1000003));
    }
}

int main()
{
    int *out = rt_upload(std::vector<int>(192));
    attributes();
    launch_large(out, 48 << 10, true);
    launch_large(out, 64 << 10, false);
    RT_IS(cudaFuncSetAttribute(large, cudaFuncAttributeMaxDynamicSharedMemorySize, 96 << 10),
          cudaSuccess);
    launch_large(out, 96 << 10, true);
    launch_large(out, 97 << 10, false);
    int optin = 0;
    RT_OK(cudaDeviceGetAttribute(&optin, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    RT_SHOW(cudaFuncSetAttribute(large, cudaFuncAttributeMaxDynamicSharedMemorySize, optin));
    launch_large(out, optin, true);
    RT_SHOW(cudaFuncSetAttribute(large, cudaFuncAttributeMaxDynamicSharedMemorySize, optin + 1));
    RT_SHOW(cudaFuncSetAttribute(large, cudaFuncAttributeMaxDynamicSharedMemorySize, -1));
    RT_SHOW(cudaFuncSetAttribute(large, cudaFuncAttributePreferredSharedMemoryCarveout, 50));
    RT_SHOW(cudaFuncSetAttribute(large, cudaFuncAttributePreferredSharedMemoryCarveout, 101));
    RT_SHOW(cudaFuncSetAttribute(large, static_cast<cudaFuncAttribute>(77), 1));
    RT_SHOW(cudaFuncSetCacheConfig(large, cudaFuncCachePreferL1));
    cudaFuncAttributes a = {};
    RT_SHOW(cudaFuncGetAttributes(&a, static_cast<const void *>(nullptr)));
    cudaGetLastError();
    RT_OK(cudaFree(out));
    return rt_end("function_attributes");
}
