// SPDX-License-Identifier: Apache-2.0
#include "device.h"

// Radix 2 in shared memory; 256 points a block.
KERNEL fft(float2 *data)
{
    __shared__ float2 s[256];
    unsigned t = threadIdx.x;
    s[__brev(t) >> 24] = data[blockIdx.x * 256 + t];
    s[__brev(t + 128) >> 24] = data[blockIdx.x * 256 + t + 128];
    for (unsigned half = 1; half < 256; half *= 2) {
        __syncthreads();
        unsigned k = t & (half - 1), i = 2 * t - k;
        float sn, cs;
        sincosf(-3.14159265358979f * k / half, &sn, &cs);
        float2 u = s[i], v = s[i + half];
        float2 w = make_float2(v.x * cs - v.y * sn, v.x * sn + v.y * cs);
        s[i] = make_float2(u.x + w.x, u.y + w.y);
        s[i + half] = make_float2(u.x - w.x, u.y - w.y);
    }
    __syncthreads();
    data[blockIdx.x * 256 + t] = s[t];
    data[blockIdx.x * 256 + t + 128] = s[t + 128];
}

// The same by definition, in double precision.
KERNEL dft(const double *in, double *re, double *im, int n)
{
    int k = INDEX;
    double a = 0, b = 0;
    for (int i = 0; i < n; i++) {
        double sn, cs;
        sincospi(-2.0 * i * k / n, &sn, &cs);
        a += in[i] * cs;
        b += in[i] * sn;
    }
    re[k] = a;
    im[k] = b;
}

#define P 998244353u

static __device__ unsigned mulmod(unsigned a, unsigned b)
{
    return (unsigned)((unsigned long long)a * b % P);
}

// Number-theoretic transform of 256 values: exact.
KERNEL ntt(unsigned *a, unsigned root)
{
    __shared__ unsigned s[256];
    unsigned t = threadIdx.x;
    s[__brev(t) >> 24] = a[t];
    s[__brev(t + 128) >> 24] = a[t + 128];
    for (unsigned half = 1; half < 256; half *= 2) {
        __syncthreads();
        unsigned k = t & (half - 1), i = 2 * t - k, w = 1, base = root;
        for (unsigned e = k * (128 / half); e != 0; e /= 2) {
            if (e & 1) w = mulmod(w, base);
            base = mulmod(base, base);
        }
        unsigned u = s[i], v = mulmod(s[i + half], w);
        s[i] = u + v >= P ? u + v - P : u + v;
        s[i + half] = u >= v ? u - v : u + P - v;
    }
    __syncthreads();
    a[t] = s[t];
    a[t + 128] = s[t + 128];
}
