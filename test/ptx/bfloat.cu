// SPDX-License-Identifier: Apache-2.0
// arch: 80 90
#include <cuda_bf16.h>
#include "device.h"

#define H(bits) __ushort_as_bfloat16(bits)
#define B(half) __bfloat16_as_ushort(half)

KERNEL bf_arith(const unsigned short *a, const unsigned short *b, unsigned short *out)
{
    __nv_bfloat16 x = H(a[INDEX]), y = H(b[INDEX]);
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
    o[11] = B(__hfma_relu(x, y, y));
}

KERNEL bf2_arith(const unsigned *a, const unsigned *b, unsigned *out)
{
    __nv_bfloat162 x = *(const __nv_bfloat162 *)&a[INDEX], y = *(const __nv_bfloat162 *)&b[INDEX];
    __nv_bfloat162 r[12];
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
    r[11] = __hmax2_nan(x, y);
    for (int i = 0; i < 12; i++) out[INDEX * 12 + i] = *(unsigned *)&r[i];
}

KERNEL bf_compare(const unsigned *a, const unsigned *b, unsigned *out)
{
    __nv_bfloat162 x = *(const __nv_bfloat162 *)&a[INDEX], y = *(const __nv_bfloat162 *)&b[INDEX];
    __nv_bfloat16 xl = __low2bfloat16(x), yl = __low2bfloat16(y);
    unsigned o = 0;
    o |= __heq(xl, yl) << 0 | __hne(xl, yl) << 1 | __hlt(xl, yl) << 2 | __hle(xl, yl) << 3;
    o |= __hgt(xl, yl) << 4 | __hge(xl, yl) << 5 | __hltu(xl, yl) << 6 | __hgtu(xl, yl) << 7;
    o |= __hisnan(xl) << 8 | (__hisinf(xl) != 0) << 9;
    o |= __hbeq2(x, y) << 10 | __hblt2(x, y) << 11 | __hbgeu2(x, y) << 12;
    out[INDEX * 3] = o;
    __nv_bfloat162 r = __hgt2(x, y);
    out[INDEX * 3 + 1] = *(unsigned *)&r;
    out[INDEX * 3 + 2] = __hle2_mask(x, y);
}

KERNEL bf_convert(const float *a, unsigned short *half, float *back, int *ints)
{
    float f = a[INDEX];
    unsigned short *h = half + INDEX * 8;
    h[0] = B(__float2bfloat16_rn(f));
    h[1] = B(__float2bfloat16_rz(f));
    h[2] = B(__float2bfloat16_rd(f));
    h[3] = B(__float2bfloat16_ru(f));
    h[4] = B(__double2bfloat16((double)f));
    h[5] = B(__int2bfloat16_rn((int)f));
    h[6] = B(__low2bfloat16(__floats2bfloat162_rn(f, -f)));
    h[7] = B(__high2bfloat16(__floats2bfloat162_rn(f, -f)));
    back[INDEX] = __bfloat162float(H(h[0]));
    ints[INDEX * 4] = __bfloat162int_rz(H(h[0]));
    ints[INDEX * 4 + 1] = __bfloat162ushort_rn(H(h[0]));
    ints[INDEX * 4 + 2] = (int)__bfloat162ll_ru(H(h[0]));
    ints[INDEX * 4 + 3] = __bfloat162short_rd(H(h[0]));
}

KERNEL bf_atomic(__nv_bfloat16 *sum, __nv_bfloat162 *sum2)
{
    atomicAdd(sum, __float2bfloat16(1));
    atomicAdd(sum2, __floats2bfloat162_rn(1, 2));
}

KERNEL bf_matvec(const __nv_bfloat16 *m, const __nv_bfloat16 *v, int n, float *out)
{
    float sum = 0;
    for (int i = 0; i < n; i++) {
        sum = fmaf(__bfloat162float(m[INDEX * n + i]), __bfloat162float(v[i]), sum);
    }
    out[INDEX] = sum;
}
