/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_BITS_H
#define VGPU_TEST_PTX_BITS_H

/* Bit tricks that kernels and their checker do alike. */
#include "device.h"

BOTH uint64_t morton2(uint32_t x, uint32_t y)
{
    uint64_t out = 0;

    for (int i = 0; i < 32; i++) {
        out |= (uint64_t)(x >> i & 1) << (2 * i) | (uint64_t)(y >> i & 1) << (2 * i + 1);
    }
    return out;
}

BOTH uint32_t gray_back(uint32_t g)
{
    g ^= g >> 16;
    g ^= g >> 8;
    g ^= g >> 4;
    g ^= g >> 2;
    return g ^ g >> 1;
}

/* The next number with as many ones. */
BOTH uint32_t snoob(uint32_t x)
{
    uint32_t low = x & (0 - x);
    uint32_t high = x + low;

    return low == 0 ? 0 : high | (x ^ high) / low >> 2;
}

BOTH uint32_t isqrt(uint32_t v)
{
    uint32_t out = 0;

    for (uint32_t bit = 1u << 30; bit != 0; bit >>= 2) {
        if (v >= out + bit) {
            v -= out + bit;
            out = (out >> 1) + bit;
        } else {
            out >>= 1;
        }
    }
    return out;
}

BOTH uint64_t xorshift(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

BOTH uint32_t pcg(uint64_t *s)
{
    uint64_t was = *s;
    uint32_t x = (uint32_t)((was >> 18 ^ was) >> 27);
    uint32_t n = (uint32_t)(was >> 59);

    *s = was * 6364136223846793005u + 1442695040888963407u;
    return x >> n | x << ((0 - n) & 31);
}

/* Ten rounds of Philox 4x32. */
BOTH void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    for (int i = 0; i < 10; i++) {
        uint64_t a = (uint64_t)c[0] * 0xd2511f53u;
        uint64_t b = (uint64_t)c[2] * 0xcd9e8d57u;
        uint32_t c0 = (uint32_t)(b >> 32) ^ c[1] ^ k0;
        uint32_t c2 = (uint32_t)(a >> 32) ^ c[3] ^ k1;

        c[1] = (uint32_t)b;
        c[3] = (uint32_t)a;
        c[0] = c0;
        c[2] = c2;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
}

#endif
