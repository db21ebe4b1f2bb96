// SPDX-License-Identifier: Apache-2.0
// The shared library of the plugin program: kernels, a variable and a runtime of its own.
#include <cuda_runtime.h>

static __device__ int uses;

static __global__ void work(int *data, int value)
{
    data[threadIdx.x] += value;
    if (threadIdx.x == 0) {
        atomicAdd(&uses, 1);
    }
}

// Adds a value to 32 words; the answer is how often this was done since the library came, or
// minus the error.
extern "C" int plugin_work(int *data, int value)
{
    int seen = 0;
    work<<<1, 32>>>(data, value);
    cudaError_t error = cudaDeviceSynchronize();
    if (error == cudaSuccess) {
        error = cudaMemcpyFromSymbol(&seen, uses, sizeof(seen));
    }
    return error == cudaSuccess ? seen : -static_cast<int>(error);
}
