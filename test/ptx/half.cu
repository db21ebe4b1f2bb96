// SPDX-License-Identifier: Apache-2.0
#include <cuda_fp16.h>
#include "device.h"

#define H(bits) __ushort_as_half(bits)
#define B(half) __half_as_ushort(half)

// Results as bits; the checker rounds from double.
KERNEL half_arith(const unsigned short *a, const unsigned short *b, unsigned short *out)
{
    __half x = H(a[INDEX]), y = H(b[INDEX]);
    unsigned short *o = out + INDEX * 12;
    o[0] = B(__hadd(x, y));
    o[1] = B(__hsub(x, y));
    o[2] = B(__hmul(x, y));
    o[3] = B(__hdiv(x, y));
    o[4] = B(__hfma(x, y, x));
    o[5] = B(__hneg(x));
    o[6] = B(__habs(x));
    o[7] = B(__hmin(x, y));
    o[8] = B(__hmax(x, y));
    o[9] = B(__hadd_sat(x, y));
    o[10] = B(__hmul_sat(x, y));
    o[11] = B(__hfma_sat(x, y, y));
}

KERNEL half2_arith(const unsigned *a, const unsigned *b, unsigned *out)
{
    __half2 x = *(const __half2 *)&a[INDEX], y = *(const __half2 *)&b[INDEX], r[12];
    r[0] = __hadd2(x, y);
    r[1] = __hsub2(x, y);
    r[2] = __hmul2(x, y);
    r[3] = __h2div(x, y);
    r[4] = __hfma2(x, y, x);
    r[5] = __hneg2(x);
    r[6] = __habs2(x);
    r[7] = __hmin2(x, y);
    r[8] = __hmax2(x, y);
    r[9] = __hadd2_sat(x, y);
    r[10] = __hmul2_sat(x, y);
    r[11] = __hfma2_sat(x, y, y);
    for (int i = 0; i < 12; i++) out[INDEX * 12 + i] = *(unsigned *)&r[i];
}

KERNEL half_compare(const unsigned *a, const unsigned *b, unsigned *out)
{
    __half2 x = *(const __half2 *)&a[INDEX], y = *(const __half2 *)&b[INDEX];
    __half xl = __low2half(x), yl = __low2half(y);
    unsigned o = 0;
    o |= __heq(xl, yl) << 0 | __hne(xl, yl) << 1 | __hlt(xl, yl) << 2 | __hle(xl, yl) << 3;
    o |= __hgt(xl, yl) << 4 | __hge(xl, yl) << 5 | __hltu(xl, yl) << 6 | __hgtu(xl, yl) << 7;
    o |= __hisnan(xl) << 8 | (__hisinf(xl) != 0) << 9;
    o |= __hbeq2(x, y) << 10 | __hblt2(x, y) << 11 | __hbgeu2(x, y) << 12;
    out[INDEX * 4] = o;
    __half2 r = __hgt2(x, y);
    out[INDEX * 4 + 1] = *(unsigned *)&r;
    out[INDEX * 4 + 2] = __hle2_mask(x, y);
    r = __hne2(x, y);
    out[INDEX * 4 + 3] = *(unsigned *)&r;
}

KERNEL half_convert(const float *a, unsigned short *half, float *back, int *ints)
{
    float f = a[INDEX];
    unsigned short *h = half + INDEX * 8;
    h[0] = B(__float2half_rn(f));
    h[1] = B(__float2half_rz(f));
    h[2] = B(__float2half_rd(f));
    h[3] = B(__float2half_ru(f));
    h[4] = B(__double2half((double)f * 1.0000001));
    h[5] = B(__int2half_rn((int)f));
    h[6] = B(__ull2half_rz((unsigned long long)(f * f)));
    h[7] = B(__short2half_rd((short)(int)f));
    back[INDEX] = __half2float(H(h[0]));
    ints[INDEX * 4] = __half2int_rz(H(h[0]));
    ints[INDEX * 4 + 1] = __half2ushort_rn(H(h[0]));
    ints[INDEX * 4 + 2] = (int)__half2ll_ru(H(h[0]));
    ints[INDEX * 4 + 3] = __half2short_rd(H(h[0]));
}

KERNEL half_math(const unsigned short *a, unsigned short *out)
{
    __half x = H(a[INDEX]), p = __habs(x);
    unsigned short *o = out + INDEX * 12;
    o[0] = B(hexp(x));
    o[1] = B(hlog(p));
    o[2] = B(hsqrt(p));
    o[3] = B(hrsqrt(p));
    o[4] = B(hsin(x));
    o[5] = B(hcos(x));
    o[6] = B(hrcp(x));
    o[7] = B(hexp2(x));
    o[8] = B(hlog2(p));
    o[9] = B(hfloor(x));
    o[10] = B(hrint(x));
    o[11] = B(htrunc(x));
}

// A dot product in half precision, two at a time, reduced over the warp.
KERNEL half_dot(const __half2 *a, const __half2 *b, int n, float *out)
{
    __half2 sum = __float2half2_rn(0);
    for (int i = threadIdx.x; i < n; i += 32) sum = __hfma2(a[i], b[i], sum);
    for (int d = 16; d > 0; d /= 2) sum = __hadd2(sum, __shfl_xor_sync(~0u, sum, d));
    if (threadIdx.x == 0) *out = __low2float(sum) + __high2float(sum);
}

KERNEL half_atomic(__half *sum, __half2 *sum2)
{
    atomicAdd(sum, __float2half(1));
    atomicAdd(sum2, __floats2half2_rn(1, 2));
}
