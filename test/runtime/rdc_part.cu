// SPDX-License-Identifier: Apache-2.0
// The second file of the rdc program: functions, variables and a kernel that the first one uses.
#include "rdc.cuh"
#include "rt.cuh"

__device__ int rdc_counter = 40;
__constant__ int rdc_weights[4];

static __device__ int twice(int value)
{
    return value * 2;
}

static __device__ int minus_three(int value)
{
    return value - 3;
}

__device__ rdc_step rdc_steps[2] = {twice, minus_three};

__device__ __noinline__ int rdc_mix(int value, int round)
{
    return value * rdc_weights[round & 3] + round;
}

static __global__ void part(int *data)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    data[i] = rdc_mix(data[i], 2);
    if (i == 0) {
        atomicAdd(&rdc_counter, 1);
    }
}

void rdc_set_weights(const int *weights)
{
    RT_OK(cudaMemcpyToSymbol(rdc_weights, weights, sizeof(rdc_weights)));
}

void rdc_launch_part(int *data)
{
    part<<<RDC_COUNT / 128, 128>>>(data);
}
