// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL nbody_f32(const float4 *at, float4 *force, int n)
{
    extern __shared__ float4 tile[];
    float4 me = at[INDEX];
    float3 f = {0, 0, 0};
    for (int k = 0; k < n; k += blockDim.x) {
        tile[threadIdx.x] = at[k + threadIdx.x];
        __syncthreads();
        for (int j = 0; j < (int)blockDim.x; j++) {
            float dx = tile[j].x - me.x, dy = tile[j].y - me.y, dz = tile[j].z - me.z;
            float r = rsqrtf(dx * dx + dy * dy + dz * dz + 0.01f);
            float w = tile[j].w * r * r * r;
            f.x += w * dx;
            f.y += w * dy;
            f.z += w * dz;
        }
        __syncthreads();
    }
    force[INDEX] = make_float4(f.x, f.y, f.z, 0);
}

KERNEL nbody_f64(const double *at, double *speed, int n, double dt)
{
    int i = INDEX;
    double v = speed[i];
    for (int j = 0; j < n; j++) {
        double d = at[j] - at[i];
        v += d / (sqrt(d * d * d * d) * fabs(d) + 1e-3) * dt;
    }
    speed[i] = v;
}
