/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_WIDE_H
#define VGPU_TEST_PTX_WIDE_H

/* 64- and 128-bit integers, for kernels and their checker. */
#include "device.h"

BOTH uint64_t gcd64(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t r = a % b;

        a = b;
        b = r;
    }
    return a;
}

BOTH uint64_t mulmod64(uint64_t a, uint64_t b, uint64_t m)
{
    return (uint64_t)((unsigned __int128)a * b % m);
}

BOTH uint64_t powmod64(uint64_t a, uint64_t e, uint64_t m)
{
    uint64_t out = 1;

    for (; e != 0; e >>= 1) {
        out = (e & 1) != 0 ? mulmod64(out, a, m) : out;
        a = mulmod64(a, a, m);
    }
    return out;
}

/* What one pair of numbers gives by every 64-bit operation, folded. */
BOTH void wide_ops(uint64_t a, uint64_t b, uint64_t out[12])
{
    int64_t x = (int64_t)a;
    int64_t y = (int64_t)b;

    out[0] = a / (b | 1);
    out[1] = a % (b | 1);
    out[2] = (uint64_t)(x / (y | 1));
    out[3] = (uint64_t)(x % (y | 1));
    out[4] = (uint64_t)((unsigned __int128)a * b >> 64);
    out[5] = (uint64_t)((__int128)x * y >> 64);
    out[6] = a << (b & 63) | a >> (63 - (b & 63));
    out[7] = (uint64_t)(x >> (b & 63));
    out[8] = (uint64_t)(x < y ? x : y) ^ (a > b ? a : b);
    out[9] = a / (uint32_t)(b | 1) + a % (uint16_t)(b | 1);
    out[10] = (uint64_t)(float)a ^ (uint64_t)(double)x;
    out[11] = (uint64_t)((unsigned __int128)a * a / (b | 1));
}

#endif
