// SPDX-License-Identifier: Apache-2.0
// Separate compilation (-rdc=true): device functions, variables, constants and tables of function
// pointers across two files, linked by nvlink into one image.
#include "rdc.cuh"
#include "rt.cuh"

__global__ void first(int *data)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int value = rdc_mix(i, i & 1);
    data[i] = rdc_steps[i & 1](value);
    if (i < 2) {
        atomicAdd(&rdc_counter, 1);
    }
}

static int expected(int i, const int *weights)
{
    int value = i * weights[i & 1] + (i & 1);
    value = (i & 1) ? value - 3 : value * 2;
    return value * weights[2] + 2;
}

int main()
{
    const int weights[4] = {3, 5, 7, 11};
    rdc_set_weights(weights);
    int *data = nullptr;
    RT_OK(cudaMalloc(&data, RDC_COUNT * sizeof(int)));
    first<<<RDC_COUNT / 64, 64>>>(data);
    RT_IS(cudaGetLastError(), cudaSuccess);
    rdc_launch_part(data);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<int> out = rt_download(data, RDC_COUNT);
    for (int i = 0; i < RDC_COUNT; i++) {
        if (out[i] != expected(i, weights)) {
            printf("element %d: %d, wanted %d\n", i, out[i], expected(i, weights));
            rt_fail("rdc", __LINE__);
            break;
        }
    }
    int counter = 0;
    RT_IS(cudaMemcpyFromSymbol(&counter, rdc_counter, sizeof(counter)), cudaSuccess);
    printf("counter %d\n", counter);
    RT_CHECK(counter == 43);
    rt_print_hash("data", out);
    RT_OK(cudaFree(data));
    return rt_end("rdc");
}
