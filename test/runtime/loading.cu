// SPDX-License-Identifier: Apache-2.0
// CUDA_MODULE_LOADING: lazily and eagerly, each in a process of its own that was given it before
// the first call.
#include <cuda.h>
#include "rt.cuh"

__device__ int variable = 11;

__global__ void first(int *out)
{
    *out = variable;
}

__global__ void second(int *out)
{
    *out += 1;
}

static void run()
{
    typedef CUresult (*mode_function)(CUmoduleLoadingMode *);
    void *function = nullptr;
    CUmoduleLoadingMode mode;
    int *out = nullptr;
    RT_OK(cudaGetDriverEntryPointByVersion("cuModuleGetLoadingMode", &function, 11070,
                                           cudaEnableDefault, nullptr));
    RT_OK(cudaMalloc(&out, 4));
    RT_CHECK(reinterpret_cast<mode_function>(function)(&mode) == CUDA_SUCCESS);
    printf("mode %d\n", static_cast<int>(mode));
    first<<<1, 1>>>(out);
    second<<<1, 1>>>(out);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    printf("value %d\n", rt_download(out, 1)[0]);
    RT_CHECK(rt_download(out, 1)[0] == 12);
}

static void lazily()
{
    setenv("CUDA_MODULE_LOADING", "LAZY", 1);
    run();
}

static void eagerly()
{
    setenv("CUDA_MODULE_LOADING", "EAGER", 1);
    run();
}

static void data_eagerly()
{
    setenv("CUDA_MODULE_DATA_LOADING", "EAGER", 1);
    run();
}

static void nonsense()
{
    setenv("CUDA_MODULE_LOADING", "SOMETIMES", 1);
    run();
}

int main()
{
    unsetenv("CUDA_MODULE_LOADING");
    rt_child_passes("by default", run);
    rt_child_passes("lazily", lazily);
    rt_child_passes("eagerly", eagerly);
    rt_child_passes("data eagerly", data_eagerly);
    rt_child_passes("a word unknown", nonsense);
    return rt_end("loading");
}
