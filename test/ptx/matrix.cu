// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL matmul_int(const int *a, const int *b, long long *c, int n)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y, col = INDEX;
    long long sum = 0;
    for (int k = 0; k < n; k++) sum += (long long)a[row * n + k] * b[k * n + col];
    c[row * n + col] = sum;
}

#define TILE 16
KERNEL matmul_tiled(const float *a, const float *b, float *c, int n)
{
    __shared__ float ta[TILE][TILE], tb[TILE][TILE + 1];
    int x = threadIdx.x, y = threadIdx.y;
    int row = blockIdx.y * TILE + y, col = blockIdx.x * TILE + x;
    float sum = 0;
    for (int k = 0; k < n; k += TILE) {
        ta[y][x] = a[row * n + k + x];
        tb[y][x] = b[(k + y) * n + col];
        __syncthreads();
        for (int i = 0; i < TILE; i++) sum = fmaf(ta[y][i], tb[i][x], sum);
        __syncthreads();
    }
    c[row * n + col] = sum;
}

KERNEL transpose(const unsigned char *in, unsigned char *out, int w, int h)
{
    __shared__ unsigned char tile[16][17];
    int x = blockIdx.x * 16 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
    if (x < w && y < h) tile[threadIdx.y][threadIdx.x] = in[y * w + x];
    __syncthreads();
    x = blockIdx.y * 16 + threadIdx.x;
    y = blockIdx.x * 16 + threadIdx.y;
    if (x < h && y < w) out[y * h + x] = tile[threadIdx.x][threadIdx.y];
}

// Elimination without pivots, one block, row t by thread t.
KERNEL lu(double *a, int n)
{
    int t = threadIdx.x;
    for (int k = 0; k < n; k++) {
        if (t > k) {
            double f = a[t * n + k] / a[k * n + k];
            a[t * n + k] = f;
            for (int j = k + 1; j < n; j++) a[t * n + j] = fma(-f, a[k * n + j], a[t * n + j]);
        }
        __syncthreads();
    }
}

KERNEL matvec4(const float4 *m, const float4 *v, float4 *out)
{
    int i = INDEX;
    float4 x = v[i], r0 = m[0], r1 = m[1], r2 = m[2], r3 = m[3];
    float4 o;
    o.x = fmaf(r0.w, x.w, fmaf(r0.z, x.z, fmaf(r0.y, x.y, __fmul_rn(r0.x, x.x))));
    o.y = fmaf(r1.w, x.w, fmaf(r1.z, x.z, fmaf(r1.y, x.y, __fmul_rn(r1.x, x.x))));
    o.z = fmaf(r2.w, x.w, fmaf(r2.z, x.z, fmaf(r2.y, x.y, __fmul_rn(r2.x, x.x))));
    o.w = fmaf(r3.w, x.w, fmaf(r3.z, x.z, fmaf(r3.y, x.y, __fmul_rn(r3.x, x.x))));
    out[i] = o;
}
