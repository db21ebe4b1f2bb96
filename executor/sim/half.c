/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/half.h"

#include <math.h>
#include <string.h>

struct format {
    uint32_t mantissa; /* bits */
    uint32_t exponent; /* bits */
    uint32_t nan;
    uint32_t most; /* the largest finite value */
};

static const struct format formats[] = {
    [HALF_F16] = {10, 5, 0x7fff, 0x7bff},    [HALF_BF16] = {7, 8, 0x7fff, 0x7f7f},
    [HALF_TF32] = {10, 8, 0x3ffff, 0x3fbff}, [HALF_E4M3] = {3, 4, 0x7f, 0x7e},
    [HALF_E5M2] = {2, 5, 0x7f, 0x7b},
};

static int bias(const struct format *f)
{
    return (1 << (f->exponent - 1)) - 1;
}

double half_value(uint32_t bits, enum half_kind kind)
{
    const struct format *f = &formats[kind];
    uint32_t low = kind == HALF_TF32 ? bits >> 13 : bits;
    uint32_t sign = low >> (f->mantissa + f->exponent) & 1;
    uint32_t m = low & ((1u << f->mantissa) - 1);
    uint32_t top = (1u << f->exponent) - 1;
    uint32_t e = low >> f->mantissa & top;
    double d;

    if (kind == HALF_E4M3 ? (low & 0x7f) == 0x7f : e == top && m != 0) {
        return (double)NAN;
    }
    if (e == top && kind != HALF_E4M3) {
        d = (double)INFINITY;
    } else if (e == 0) {
        d = ldexp(m, 1 - bias(f) - (int)f->mantissa);
    } else {
        d = ldexp((double)(m | 1u << f->mantissa), (int)e - bias(f) - (int)f->mantissa);
    }
    return sign != 0 ? -d : d;
}

static bool rounds_up(double rest, bool odd, bool minus, enum half_mode mode)
{
    switch (mode) {
    case HALF_RN:
        return rest > 0.5 || (rest == 0.5 && odd);
    case HALF_RNA:
        return rest >= 0.5;
    case HALF_RM:
        return rest > 0 && minus;
    case HALF_RP:
        return rest > 0 && !minus;
    case HALF_RZ:
    default:
        return false;
    }
}

/* The bits of a finite a >= 0; above most when it does not fit. */
static uint32_t encode(double a, const struct format *f, bool minus, enum half_mode mode)
{
    int e = 0;
    int least = 1 - bias(f);
    double scaled;
    double whole;
    uint32_t n;

    if (a == 0.0) {
        return 0;
    }
    (void)frexp(a, &e);
    e = e - 1 < least ? least : e - 1;
    if (e > bias(f) + 1) {
        return f->most + 1;
    }
    scaled = ldexp(a, (int)f->mantissa - e);
    whole = floor(scaled);
    n = (uint32_t)whole;
    n += rounds_up(scaled - whole, (n & 1) != 0, minus, mode) ? 1 : 0;
    /* The leading one of a normal number adds 1 to the exponent. */
    return n + ((uint32_t)(e - least) << f->mantissa);
}

uint32_t half_bits(double d, enum half_kind kind, enum half_mode mode, bool saturate)
{
    const struct format *f = &formats[kind];
    bool minus = signbit(d) != 0;
    bool to_zero = mode == HALF_RZ || (mode == HALF_RM && !minus) || (mode == HALF_RP && minus);
    uint32_t bits;

    if (isnan(d)) {
        bits = f->nan;
        minus = false;
    } else if (isinf(d)) {
        bits = f->most + 1;
        to_zero = false;
    } else {
        bits = encode(fabs(d), f, minus, mode);
    }
    if (!isnan(d) && bits > f->most) {
        bits = saturate || to_zero ? f->most : f->most + 1;
    }
    bits |= minus ? 1u << (f->mantissa + f->exponent) : 0;
    return kind == HALF_TF32 ? bits << 13 : bits;
}

bool half_tiny(uint32_t bits, enum half_kind kind)
{
    const struct format *f = &formats[kind];
    uint32_t e = bits >> f->mantissa & ((1u << f->exponent) - 1);

    return e == 0 && (bits & ((1u << f->mantissa) - 1)) != 0;
}

double half_sum(double a, double b)
{
    double sum = a + b;
    double part = sum - a;
    double lost = (a - (sum - part)) + (b - part);
    uint64_t bits;

    memcpy(&bits, &sum, sizeof(bits));
    if (isfinite(sum) && lost != 0.0 && (bits & 1) == 0) {
        bits = (lost > 0) == (sum > 0) ? bits + 1 : bits - 1;
        memcpy(&sum, &bits, sizeof(sum));
    }
    return sum;
}

double half_int(__int128 v)
{
    bool minus = v < 0;
    unsigned __int128 u = minus ? (unsigned __int128)-v : (unsigned __int128)v;
    uint64_t top = (uint64_t)u;
    double d;

    /* 64 bits: fold those that a double has no room for into the last that it has. */
    if (top >> 53 != 0) {
        top = (top & ~UINT64_C(0xfff)) | ((top & 0xfff) != 0 ? UINT64_C(0x1000) : 0);
    }
    d = (double)top;
    return minus ? -d : d;
}
