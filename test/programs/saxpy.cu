/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void saxpy(unsigned int n, float a, const float *x, float *y)
{
    unsigned int stride = gridDim.x * blockDim.x;

    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        y[i] = a * x[i] + y[i];
    }
}
