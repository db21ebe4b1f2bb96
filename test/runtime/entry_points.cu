// SPDX-License-Identifier: Apache-2.0
// The driver beside the runtime: entry points by version, a call through them, functions and
// kernels by symbol, streams and contexts shared by both.
#include <cuda.h>
#include <cudaTypedefs.h>
#include "rt.cuh"

__global__ void add(int *data, int value)
{
    data[threadIdx.x] += value;
}

static void *entry(const char *name, unsigned version)
{
    void *function = nullptr;
    cudaDriverEntryPointQueryResult result;
    cudaError_t error = cudaGetDriverEntryPointByVersion(name, &function, version,
                                                         cudaEnableDefault, &result);
    printf("%s at %u: %s, result %d, %s\n", name, version, cudaGetErrorName(error),
           static_cast<int>(result), function ? "found" : "not found");
    return function;
}

static void questions()
{
    entry("cuMemAlloc", 13000);
    entry("cuMemAlloc", 2000);
    entry("cuStreamGetCaptureInfo", 12030);
    entry("cuGraphInstantiate", 11000);
    entry("cuMemAlloc_v2", 13000);
    entry("cuNoSuchThing", 13000);
    entry("cuGetProcAddress", 12000);
    entry("cuGreenCtxCreate", 12040);
    entry("cuTensorMapEncodeTiled", 12000);
}

static void launch_by_driver(int *data)
{
    auto launch = reinterpret_cast<PFN_cuLaunchKernel_v4000>(entry("cuLaunchKernel", 4000));
    auto current = reinterpret_cast<PFN_cuCtxGetCurrent_v4000>(entry("cuCtxGetCurrent", 4000));
    auto name = reinterpret_cast<PFN_cuFuncGetName_v12030>(entry("cuFuncGetName", 12030));
    CUcontext context = nullptr;
    cudaFunction_t function = nullptr;
    cudaKernel_t kernel = nullptr;
    cudaStream_t stream;
    int value = 40;
    void *args[] = {&data, &value};
    RT_OK(cudaStreamCreate(&stream));
    RT_CHECK(current(&context) == CUDA_SUCCESS && context != nullptr);
    RT_IS(cudaGetFuncBySymbol(&function, reinterpret_cast<const void *>(add)), cudaSuccess);
    RT_IS(cudaGetKernel(&kernel, reinterpret_cast<const void *>(add)), cudaSuccess);
    CUresult result = launch(function, 1, 1, 1, 32, 1, 1, 0, stream, args, nullptr);
    printf("launched: %d\n", static_cast<int>(result));
    value = 2;
    result = launch(reinterpret_cast<CUfunction>(kernel), 1, 1, 1, 32, 1, 1, 0, stream, args,
                    nullptr);
    printf("launched: %d\n", static_cast<int>(result));
    RT_IS(cudaStreamSynchronize(stream), cudaSuccess);
    RT_CHECK(rt_download(data, 32)[31] == 42);
    const char *text = nullptr;
    RT_CHECK(name(&text, function) == CUDA_SUCCESS);
    printf("function %s\n", text);
    RT_OK(cudaStreamDestroy(stream));
}

int main()
{
    int *data = rt_upload(std::vector<int>(32, 0));
    questions();
    launch_by_driver(data);
    int driver = 0;
    RT_OK(cudaDriverGetVersion(&driver));
    RT_CHECK(driver >= 12040);
    return rt_end("entry_points");
}
