// SPDX-License-Identifier: Apache-2.0
#include "device.h"

// Several arrays of different types in one piece of dynamic shared memory.
KERNEL dynamic_parts(const double *in, double *out, int n)
{
    extern __shared__ double pool[];
    double *d = pool;
    int *i = (int *)(d + n);
    char *c = (char *)(i + n);
    int t = threadIdx.x;
    d[t] = in[t];
    i[t] = (int)(in[t] * 10);
    c[t] = t;
    __syncthreads();
    int k = c[n - 1 - t];
    out[t] = d[k] + i[(k + 1) % n];
}

KERNEL stencil(const float *in, float *out, int n)
{
    extern __shared__ float tile[];
    int i = INDEX, t = threadIdx.x + 2;
    tile[t] = i < n ? in[i] : 0;
    if (threadIdx.x < 2) {
        tile[t - 2] = i >= 2 ? in[i - 2] : 0;
        tile[t + blockDim.x] = i + blockDim.x < n ? in[i + blockDim.x] : 0;
    }
    __syncthreads();
    if (i < n) out[i] = 0.25f * tile[t - 2] + 2 * tile[t] - tile[t + 1] + 0.5f * tile[t + 2];
}

__constant__ float weights[9] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
__constant__ struct { short scale; char name[6]; double factor; } setting;

KERNEL blur(const unsigned char *in, unsigned char *out, int w, int h)
{
    int x = INDEX, y = blockIdx.y * blockDim.y + threadIdx.y;
    float sum = 0;
    if (x >= w || y >= h) return;
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            int cx = min(max(x + dx, 0), w - 1), cy = min(max(y + dy, 0), h - 1);
            sum += weights[(dy + 1) * 3 + dx + 1] * in[cy * w + cx];
        }
    }
    out[y * w + x] = (unsigned char)(sum / 16);
}

KERNEL settings(double *out)
{
    out[INDEX] = setting.scale * setting.factor + setting.name[INDEX % 6];
}

__device__ unsigned counter = 5;
__device__ int grid_data[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {-1, -2, -3, -4}};
__device__ int *pointer = &grid_data[1][2];
__device__ float real_data[2] = {1.5f, -2.25f};
__device__ const char *const names[3] = {"zero", "one", "two"};

KERNEL globals(int *out)
{
    static __device__ int calls;
    out[INDEX] = grid_data[INDEX % 3][INDEX & 3] + *pointer + (int)(real_data[INDEX & 1] * 4) +
                 names[INDEX % 3][1];
    atomicAdd(&counter, 1);
    atomicAdd(&calls, 1);
    __syncthreads();
    if (INDEX == 0) pointer = &grid_data[2][0];
}

struct big { int head; double values[500]; unsigned char tail[20]; };

// Four kilobytes of parameters by value, indexed at run time.
KERNEL by_value(big b, double *out)
{
    out[INDEX] = b.values[(INDEX * 37 + b.head) % 500] + b.tail[INDEX % 20];
}

KERNEL vectors(const int4 *a, const uchar4 *b, const short2 *c, double2 *out, ushort4 *out4)
{
    int4 v = a[INDEX];
    uchar4 u = b[INDEX];
    short2 s = c[INDEX];
    longlong2 w = make_longlong2((long long)v.x * v.y, (long long)v.z << 20);
    out[INDEX] = make_double2((double)w.x + u.w, (double)w.y - s.y);
    out4[INDEX] = make_ushort4(u.x + s.x, u.y * s.y, v.w, u.z - u.w);
}

// The same bytes through a generic pointer that may lead to any space.
static __device__ __attribute__((noinline)) int sum4(const int *p)
{
    return p[0] + p[1] * 2 + p[2] * 3 + p[3] * 4;
}

KERNEL generic(const int *in, int *out)
{
    __shared__ int s[64];
    int l[4];
    s[threadIdx.x] = in[threadIdx.x];
    for (int i = 0; i < 4; i++) l[i] = in[(threadIdx.x + i * 3) & 63];
    __syncthreads();
    const int *p = INDEX % 3 == 0 ? in : INDEX % 3 == 1 ? s + 8 : l;
    out[INDEX] = sum4(p) + (__isShared(p) ? 1000 : 0) + (__isGlobal(p) ? 2000 : 0) +
                 (__isLocal(p) ? 4000 : 0);
}

KERNEL copy_any(const void *from, void *to, size_t n)
{
    if (INDEX == 0) {
        memcpy(to, from, n);
        memset((char *)to + n, 0xab, 5);
    }
}
