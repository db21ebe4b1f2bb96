/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void vectoradd(const float *a, const float *b, float *c, unsigned int n)
{
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        c[i] = a[i] + b[i];
    }
}
