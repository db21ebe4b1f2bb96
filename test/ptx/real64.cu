// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL newton(const double *a, double *out)
{
    double x = a[INDEX] * 0.5 + 1;
    for (int i = 0; i < 40; i++) x = 0.5 * (x + a[INDEX] / x);
    out[INDEX] = x;
}

KERNEL horner(const double *c, int n, double *out)
{
    double x = -2 + INDEX * (1.0 / 64), sum = 0;
    for (int i = n - 1; i >= 0; i--) sum = fma(sum, x, c[i]);
    out[INDEX] = sum;
}

KERNEL kahan(const float *a, int n, double *out)
{
    double sum = 0, lost = 0;
    for (int i = 0; i < n; i++) {
        double y = __dadd_rn(a[(i + INDEX) % n], -lost), s = __dadd_rn(sum, y);
        lost = __dadd_rn(__dadd_rn(s, -sum), -y);
        sum = s;
    }
    out[INDEX] = sum;
}

KERNEL mandelbrot(unsigned char *out, int w, int h)
{
    int px = INDEX, py = blockIdx.y * blockDim.y + threadIdx.y, i = 0;
    double cx = -2 + 3.0 * px / w, cy = -1 + 2.0 * py / h, x = 0, y = 0;
    for (; i < 50; i++) {
        double xx = __dmul_rn(x, x), yy = __dmul_rn(y, y);
        if (__dadd_rn(xx, yy) > 4) break;
        y = __dadd_rn(__dmul_rn(2 * x, y), cy);
        x = __dadd_rn(__dadd_rn(xx, -yy), cx);
    }
    out[py * w + px] = i;
}

// Library functions: within a few units of the last place.
KERNEL functions64(const double *a, double *out)
{
    double x = a[INDEX], *o = out + INDEX * 16;
    o[0] = exp(x);
    o[1] = log(fabs(x) + 1);
    o[2] = pow(fabs(x), 1.7);
    o[3] = sin(x);
    o[4] = cos(x);
    o[5] = tan(x * 0.1);
    o[6] = atan2(x, 2.0);
    o[7] = tanh(x);
    o[8] = cbrt(x);
    o[9] = erf(x);
    o[10] = sqrt(fabs(x));
    o[11] = fmod(x, 0.7);
    o[12] = floor(x) + ceil(x) * 10 + rint(x) * 100 + trunc(x) * 1000;
    o[13] = hypot(x, 3.0);
    o[14] = log2(fabs(x) + 0.5);
    o[15] = exp2(x) + expm1(x) + log1p(fabs(x)) + rsqrt(fabs(x) + 1);
}

KERNEL functions32(const float *a, float *out)
{
    float x = a[INDEX], *o = out + INDEX * 20;
    o[0] = expf(x);
    o[1] = logf(fabsf(x) + 1);
    o[2] = powf(fabsf(x), 1.7f);
    o[3] = sinf(x);
    o[4] = cosf(x);
    o[5] = tanf(x * 0.1f);
    o[6] = atan2f(x, 2.0f);
    o[7] = tanhf(x);
    o[8] = cbrtf(x);
    o[9] = erff(x);
    o[10] = sqrtf(fabsf(x));
    o[11] = fmodf(x, 0.7f);
    o[12] = floorf(x) + ceilf(x) * 10 + rintf(x) * 100 + truncf(x) * 1000;
    o[13] = hypotf(x, 3.0f);
    o[14] = log2f(fabsf(x) + 0.5f);
    o[15] = __expf(x * 0.5f);
    o[16] = __sinf(x * 0.3f) + __cosf(x * 0.3f);
    o[17] = __fdividef(x, 3.0f) + __powf(fabsf(x) + 1, 0.5f);
    o[18] = rsqrtf(fabsf(x) + 1) + __frcp_rn(fabsf(x) + 1) + __fsqrt_rn(fabsf(x));
    o[19] = exp2f(x) + exp10f(x * 0.1f) + sinpif(x) + lgammaf(fabsf(x) + 1);
}

// Directed rounding of each operation, as bits.
KERNEL roundings(const double *a, const double *b, double *out, float *outf)
{
    double x = a[INDEX], y = b[INDEX], *o = out + INDEX * 16;
    float fx = (float)x, fy = (float)y, *of = outf + INDEX * 20;
    o[0] = __dadd_rn(x, y); o[1] = __dadd_rz(x, y); o[2] = __dadd_ru(x, y); o[3] = __dadd_rd(x, y);
    o[4] = __dmul_rn(x, y); o[5] = __dmul_rz(x, y); o[6] = __dmul_ru(x, y); o[7] = __dmul_rd(x, y);
    o[8] = __ddiv_rn(x, y); o[9] = __ddiv_rz(x, y); o[10] = __ddiv_ru(x, y); o[11] = __ddiv_rd(x, y);
    o[12] = __dsqrt_ru(x * x); o[13] = __dsqrt_rd(x * x);
    o[14] = __fma_rz(x, y, x); o[15] = __drcp_ru(y);
    of[0] = __fadd_rn(fx, fy); of[1] = __fadd_rz(fx, fy);
    of[2] = __fadd_ru(fx, fy); of[3] = __fadd_rd(fx, fy);
    of[4] = __fmul_rn(fx, fy); of[5] = __fmul_rz(fx, fy);
    of[6] = __fmul_ru(fx, fy); of[7] = __fmul_rd(fx, fy);
    of[8] = __fdiv_rn(fx, fy); of[9] = __fdiv_rz(fx, fy);
    of[10] = __fdiv_ru(fx, fy); of[11] = __fdiv_rd(fx, fy);
    of[12] = __fsqrt_ru(fabsf(fx)); of[13] = __fsqrt_rd(fabsf(fx));
    of[14] = __fmaf_rz(fx, fy, fx); of[15] = __frcp_ru(fy);
    of[16] = __double2float_rz(x); of[17] = __double2float_ru(y);
    of[18] = __ll2float_rd((long long)(x * 1e9)); of[19] = __uint2float_rz(INDEX * 0x01234567u);
}
