/* SPDX-License-Identifier: Apache-2.0 */
extern "C" __global__ void mix(unsigned int *data, unsigned int n, unsigned int round)
{
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        unsigned int v = data[i] ^ round;

        v *= 0x85ebca6bu;
        v ^= v >> 13;
        data[i] = v * 0xc2b2ae35u + i;
    }
}
