// SPDX-License-Identifier: Apache-2.0
// The plain program: allocate, copy, launch, copy back.  Built with the static and the shared
// runtime, and with a default stream for each thread.
#include "rt.cuh"

#define COUNT (1 << 16)

__global__ void saxpy(float a, const float *x, float *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        y[i] = a * x[i] + y[i];
    }
}

int main()
{
    std::vector<float> x(COUNT), y(COUNT);
    for (int i = 0; i < COUNT; i++) {
        x[i] = static_cast<float>(i % 1000);
        y[i] = static_cast<float>(i % 7);
    }
    int devices = 0, runtime = 0;
    RT_OK(cudaGetDeviceCount(&devices));
    RT_OK(cudaRuntimeGetVersion(&runtime));
    RT_CHECK(devices >= 1);
    printf("runtime %d\n", runtime);
    float *dx = rt_upload(x);
    float *dy = rt_upload(y);
    saxpy<<<COUNT / 256, 256>>>(2.0f, dx, dy, COUNT);
    RT_IS(cudaGetLastError(), cudaSuccess);
    RT_IS(cudaDeviceSynchronize(), cudaSuccess);
    std::vector<float> out = rt_download(dy, COUNT);
    for (int i = 0; i < COUNT; i++) {
        if (out[i] != 2.0f * x[i] + y[i]) {
            printf("element %d: %g\n", i, out[i]);
            rt_fail("saxpy", __LINE__);
            break;
        }
    }
    rt_print_hash("y", out);
    RT_IS(cudaFree(dx), cudaSuccess);
    RT_IS(cudaFree(dy), cudaSuccess);
    return rt_end("saxpy");
}
