/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void accumulate(unsigned int *data, unsigned int n, unsigned int add)
{
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        data[i] = data[i] * 3u + add;
    }
}
