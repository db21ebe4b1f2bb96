// SPDX-License-Identifier: Apache-2.0
#include "hash.h"
#include "sha256.h"

__constant__ uint32_t sha256_k[64] = {SHA256_CONSTANTS};
__constant__ uint32_t crc_table[256];

KERNEL sha256(const uint32_t *blocks, uint32_t *state)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    sha256_block(h, blocks + INDEX * 16, sha256_k);
    for (int i = 0; i < 8; i++) state[INDEX * 8 + i] = h[i];
}

// Lengths vary by thread: the loops diverge.
KERNEL crc32_bits(const uint8_t *p, uint32_t *out)
{
    out[INDEX] = crc32_of(p + INDEX, INDEX);
}

// crc_table is filled by the host.
KERNEL crc32_lookup(const uint8_t *p, uint32_t *out)
{
    uint32_t crc = ~0u;
    for (unsigned i = 0; i < INDEX; i++) crc = crc >> 8 ^ crc_table[(crc ^ p[INDEX + i]) & 255];
    out[INDEX] = ~crc;
}

KERNEL hash_xxh32(const uint8_t *p, uint32_t *out)
{
    out[INDEX] = xxh32(p + INDEX % 7, INDEX, INDEX * 3);
}

KERNEL hash_xxh64(const uint8_t *p, uint64_t *out)
{
    out[INDEX] = xxh64(p + INDEX % 5, INDEX, INDEX * 0x100000001ull);
}

KERNEL hash_murmur3(const uint32_t *p, uint32_t *out)
{
    out[INDEX] = murmur3(p, INDEX & 31, INDEX);
}

KERNEL hash_siphash(const uint64_t *p, uint64_t *out)
{
    out[INDEX] = siphash(p, INDEX & 15, INDEX, ~(uint64_t)INDEX);
}

// Open addressing: every key finds a place of its own.
KERNEL hash_insert(const uint32_t *keys, uint32_t *table, uint32_t mask)
{
    uint32_t key = keys[INDEX], at = key * 2654435761u & mask;
    while (true) {
        uint32_t was = atomicCAS(&table[at], 0, key);
        if (was == 0 || was == key) return;
        at = (at + 1) & mask;
    }
}

KERNEL hash_find(const uint32_t *keys, const uint32_t *table, uint32_t mask, uint8_t *found)
{
    uint32_t key = keys[INDEX], at = key * 2654435761u & mask;
    while (table[at] != 0 && table[at] != key) at = (at + 1) & mask;
    found[INDEX] = table[at] == key;
}
