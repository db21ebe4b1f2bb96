/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_HASH_H
#define VGPU_TEST_PTX_HASH_H

/* Hash functions that kernels and their checker compute alike. */
#include "device.h"

BOTH uint32_t rotl32(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

BOTH uint64_t rotl64(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

BOTH uint32_t read32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

BOTH uint64_t read64(const uint8_t *p)
{
    return read32(p) | (uint64_t)read32(p + 4) << 32;
}

BOTH uint32_t crc32_of(const uint8_t *p, uint32_t n)
{
    uint32_t crc = ~0u;

    for (uint32_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

BOTH uint32_t xxh32_tail(uint32_t h, const uint8_t *p, uint32_t n)
{
    for (; n >= 4; n -= 4, p += 4) {
        h = rotl32(h + read32(p) * 3266489917u, 17) * 668265263u;
    }
    for (; n > 0; n--, p++) {
        h = rotl32(h + *p * 374761393u, 11) * 2654435761u;
    }
    h = (h ^ h >> 15) * 2246822519u;
    h = (h ^ h >> 13) * 3266489917u;
    return h ^ h >> 16;
}

BOTH uint32_t xxh32(const uint8_t *p, uint32_t n, uint32_t seed)
{
    uint32_t left = n;
    uint32_t h = seed + 374761393u;

    if (n >= 16) {
        uint32_t v[4] = {seed + 606290984u, seed + 2246822519u, seed, seed - 2654435761u};

        for (; left >= 16; left -= 16) {
            for (int k = 0; k < 4; k++, p += 4) {
                v[k] = rotl32(v[k] + read32(p) * 2246822519u, 13) * 2654435761u;
            }
        }
        h = rotl32(v[0], 1) + rotl32(v[1], 7) + rotl32(v[2], 12) + rotl32(v[3], 18);
    }
    return xxh32_tail(h + n, p, left);
}

#define XXH64_1 11400714785074694791u
#define XXH64_2 14029467366897019727u
#define XXH64_3 1609587929392839161u
#define XXH64_4 9650029242287828579u
#define XXH64_5 2870177450012600261u

BOTH uint64_t xxh64_round(uint64_t acc, uint64_t x)
{
    return rotl64(acc + x * XXH64_2, 31) * XXH64_1;
}

BOTH uint64_t xxh64_tail(uint64_t h, const uint8_t *p, uint32_t n)
{
    for (; n >= 8; n -= 8, p += 8) {
        h = rotl64(h ^ xxh64_round(0, read64(p)), 27) * XXH64_1 + XXH64_4;
    }
    if (n >= 4) {
        h = rotl64(h ^ read32(p) * XXH64_1, 23) * XXH64_2 + XXH64_3;
        n -= 4;
        p += 4;
    }
    for (; n > 0; n--, p++) {
        h = rotl64(h ^ *p * XXH64_5, 11) * XXH64_1;
    }
    h = (h ^ h >> 33) * XXH64_2;
    h = (h ^ h >> 29) * XXH64_3;
    return h ^ h >> 32;
}

BOTH uint64_t xxh64(const uint8_t *p, uint32_t n, uint64_t seed)
{
    uint64_t v[4] = {seed + XXH64_1 + XXH64_2, seed + XXH64_2, seed, seed - XXH64_1};
    uint32_t left = n;
    uint64_t h = seed + XXH64_5;

    if (n >= 32) {
        for (; left >= 32; left -= 32) {
            for (int k = 0; k < 4; k++, p += 8) {
                v[k] = xxh64_round(v[k], read64(p));
            }
        }
        h = rotl64(v[0], 1) + rotl64(v[1], 7) + rotl64(v[2], 12) + rotl64(v[3], 18);
        for (int k = 0; k < 4; k++) {
            h = (h ^ xxh64_round(0, v[k])) * XXH64_1 + XXH64_4;
        }
    }
    return xxh64_tail(h + n, p, left);
}

BOTH uint32_t murmur3(const uint32_t *p, uint32_t words, uint32_t seed)
{
    uint32_t h = seed;

    for (uint32_t i = 0; i < words; i++) {
        h ^= rotl32(p[i] * 0xcc9e2d51u, 15) * 0x1b873593u;
        h = rotl32(h, 13) * 5 + 0xe6546b64u;
    }
    h ^= words * 4;
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

BOTH void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotl64(v[1], 13) ^ v[0];
    v[3] = rotl64(v[3], 16) ^ v[2];
    v[0] = rotl64(v[0], 32) + v[3];
    v[2] += v[1];
    v[3] = rotl64(v[3], 21) ^ v[0];
    v[1] = rotl64(v[1], 17) ^ v[2];
    v[2] = rotl64(v[2], 32);
}

/* SipHash-2-4 of whole words. */
BOTH uint64_t siphash(const uint64_t *p, uint32_t words, uint64_t k0, uint64_t k1)
{
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};

    for (uint32_t i = 0; i <= words; i++) {
        uint64_t m = i < words ? p[i] : (uint64_t)(words * 8) << 56;

        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int k = 0; k < 4; k++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
