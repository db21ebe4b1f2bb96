/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void transform(const unsigned int *in, unsigned int *out, unsigned int n,
                                     unsigned int key)
{
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        out[i] = (in[i] * 2654435761u) ^ (key + i);
    }
}
