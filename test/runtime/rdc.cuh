// SPDX-License-Identifier: Apache-2.0
// What the two files of the rdc program share.
#pragma once

#define RDC_COUNT 512

typedef int (*rdc_step)(int);

extern __device__ int rdc_counter;
extern __constant__ int rdc_weights[4];
extern __device__ rdc_step rdc_steps[2];
__device__ int rdc_mix(int value, int round);
void rdc_set_weights(const int *weights);
void rdc_launch_part(int *data);
