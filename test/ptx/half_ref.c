/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/half_ref.h"

#include <math.h>
#include <string.h>

#define UNIT 60
#define NANS 0x7fff

double half_ref_value(uint16_t bits, bool bf)
{
    uint32_t wide = (uint32_t)bits << 16;
    int e = bits >> 10 & 31;
    double m = bits & 1023;
    float f;

    if (bf) {
        memcpy(&f, &wide, sizeof(f));
        return (double)f;
    }
    m = e == 31  ? (m != 0 ? (double)NAN : (double)INFINITY)
        : e == 0 ? m * 0x1p-24
                 : (1 + m / 1024) * pow(2, e - 15);
    return bits >> 15 != 0 ? -m : m;
}

__int128 half_ref_fixed(double d)
{
    return (__int128)(d * 0x1p30) * ((__int128)1 << 30) +
           (__int128)((d * 0x1p30 - trunc(d * 0x1p30)) * 0x1p30);
}

static int top_bit(unsigned __int128 v)
{
    int n = -1;

    for (; v != 0; v >>= 1) {
        n++;
    }
    return n;
}

uint16_t half_ref_bits(__int128 v, bool bf, enum half_ref_mode mode)
{
    bool minus = v < 0;
    unsigned __int128 u = (unsigned __int128)(minus ? -v : v);
    int digits = bf ? 8 : 11;
    int shift = top_bit(u) - digits + 1;
    unsigned __int128 rest;
    unsigned __int128 half;
    uint32_t bits;
    int e;

    if (!bf && shift < UNIT - 24) {
        shift = UNIT - 24; /* a denormal's last place */
    }
    if (shift < 0) {
        shift = 0;
    }
    rest = u & (((unsigned __int128)1 << shift) - 1);
    half = shift == 0 ? 1 : (unsigned __int128)1 << (shift - 1);
    u >>= shift;
    if ((mode == REF_NEAREST && (rest > half || (rest == half && (u & 1) != 0))) ||
        (rest != 0 && ((mode == REF_DOWN && minus) || (mode == REF_UP && !minus)))) {
        u++;
    }
    e = shift - UNIT + digits - 1; /* of the leading digit */
    if (bf) {
        bits = u == 0 ? 0 : (uint32_t)((e + 127) << 7) + (uint32_t)u - 128;
    } else {
        bits = e + 15 <= 1 ? (uint32_t)u : (uint32_t)((e + 15) << 10) + (uint32_t)u - 1024;
        if (bits >= 0x7c00) {
            bits = mode == REF_ZERO || (mode == REF_DOWN && !minus) || (mode == REF_UP && minus)
                       ? 0x7bff
                       : 0x7c00;
        }
    }
    return (uint16_t)(bits | (minus ? 0x8000u : 0));
}

/* The bits of what a double holds exactly: zero, infinite, not a number. */
static uint16_t special(double d, bool bf)
{
    uint16_t inf = bf ? 0x7f80 : 0x7c00;

    if (isnan(d)) {
        return NANS;
    }
    return (uint16_t)((isinf(d) ? inf : 0) | (signbit(d) != 0 ? 0x8000 : 0));
}

uint16_t half_ref_fma(uint16_t a, uint16_t b, uint16_t c, bool bf)
{
    double x = half_ref_value(a, bf);
    double y = half_ref_value(b, bf);
    double z = half_ref_value(c, bf);
    double about = x * y + z;
    __int128 sum;

    if (!isfinite(x) || !isfinite(y) || !isfinite(z)) {
        return special(isfinite(about) ? 0 : about, bf);
    }
    sum = half_ref_fixed(x * y) + half_ref_fixed(z);
    return sum == 0 ? special(about, bf) : half_ref_bits(sum, bf, REF_NEAREST);
}

uint16_t half_ref_add(uint16_t a, uint16_t b, bool bf)
{
    return half_ref_fma(a, bf ? 0x3f80 : 0x3c00, b, bf);
}

uint16_t half_ref_mul(uint16_t a, uint16_t b, bool bf)
{
    double x = half_ref_value(a, bf);
    double y = half_ref_value(b, bf);

    if (!isfinite(x) || !isfinite(y) || x * y == 0) {
        return special(x * y, bf);
    }
    return half_ref_bits(half_ref_fixed(x * y), bf, REF_NEAREST);
}

uint16_t half_ref_sat(uint16_t bits, bool bf)
{
    double v = half_ref_value(bits, bf);
    uint16_t one = bf ? 0x3f80 : 0x3c00;

    return v > 0 ? (v < 1 ? bits : one) : 0;
}

uint16_t half_ref_extreme(uint16_t a, uint16_t b, int sign, bool bf)
{
    double x = half_ref_value(a, bf);
    double y = half_ref_value(b, bf);

    if (isnan(x) || isnan(y)) {
        return isnan(x) && isnan(y) ? NANS : isnan(x) ? b : a;
    }
    if (x == 0 && y == 0) {
        return sign > 0 ? a | b : a & b;
    }
    return (x < y) == (sign > 0) ? a : b;
}
