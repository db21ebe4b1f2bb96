/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/hash.h"
#include "test/ptx/px.h"
#include "test/ptx/sha256.h"

#define N 96

static const uint32_t sha256_k[64] = {SHA256_CONSTANTS};

PX_CASE(hash, sha256)
{
    static uint32_t blocks[40][16];
    static uint32_t got[40][8];
    static uint32_t want[40][8];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 40 * 16; i++) {
        blocks[i / 16][i % 16] = (uint32_t)px_random();
    }
    memset(blocks[0], 0, sizeof(blocks[0]));
    blocks[0][0] = 0x61626380; /* "abc" and its padding */
    blocks[0][15] = 24;
    for (int i = 0; i < 40; i++) {
        static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

        memcpy(want[i], first, sizeof(first));
        sha256_block(want[i], blocks[i], sha256_k);
    }
    px_expect(want[0][0] == 0xba7816bf && want[0][7] == 0xf20015ad, "the checker's SHA-256");
    p = px_in(blocks, sizeof(blocks));
    px_run("sha256", 1, 40, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static CUdeviceptr text(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)px_random();
    }
    return px_in(data, size);
}

PX_CASE(hash, crc32_bits)
{
    static uint8_t data[2 * N];
    static uint32_t got[N];
    static uint32_t want[N];
    CUdeviceptr p = text(data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));

    px_run("crc32_bits", 3, N / 3, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = crc32_of(data + i, i);
    }
    PX_SAME(got, want);
}

PX_CASE(hash, crc32_lookup)
{
    static uint8_t data[2 * N];
    static uint32_t table[256];
    static uint32_t got[N];
    static uint32_t want[N];
    CUdeviceptr p = text(data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));
    CUdeviceptr to = px_variable("crc_table", sizeof(table));

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;

        for (int k = 0; k < 8; k++) {
            crc = (crc >> 1) ^ (0xedb88320u & (0 - (crc & 1)));
        }
        table[i] = crc;
    }
    px_expect(drv.cuMemcpyHtoD_v2(to, table, sizeof(table)) == CUDA_SUCCESS, "copy to a constant");
    px_run("crc32_lookup", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = crc32_of(data + i, i);
    }
    PX_SAME(got, want);
}

PX_CASE(hash, xxh32)
{
    static uint8_t data[2 * N];
    static uint32_t got[N];
    static uint32_t want[N];
    CUdeviceptr p = text(data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));

    px_expect(xxh32((const uint8_t *)"", 0, 0) == 0x02cc5d05u, "the checker's xxHash");
    px_run("hash_xxh32", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = xxh32(data + i % 7, i, i * 3);
    }
    PX_SAME(got, want);
}

PX_CASE(hash, xxh64)
{
    static uint8_t data[2 * N];
    static uint64_t got[N];
    static uint64_t want[N];
    CUdeviceptr p = text(data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));

    px_expect(xxh64((const uint8_t *)"", 0, 0) == UINT64_C(0xef46db3751d8e999),
              "the checker's xxHash");
    px_run("hash_xxh64", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = xxh64(data + i % 5, i, i * UINT64_C(0x100000001));
    }
    PX_SAME(got, want);
}

PX_CASE(hash, murmur3)
{
    static uint32_t data[N];
    static uint32_t got[N];
    static uint32_t want[N];
    CUdeviceptr p = text((uint8_t *)data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));

    px_run("hash_murmur3", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = murmur3(data, i & 31, i);
    }
    PX_SAME(got, want);
}

PX_CASE(hash, siphash)
{
    static uint64_t data[16];
    static uint64_t got[N];
    static uint64_t want[N];
    CUdeviceptr p = text((uint8_t *)data, sizeof(data));
    CUdeviceptr out = px_zero(sizeof(got));

    px_run("hash_siphash", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (uint32_t i = 0; i < N; i++) {
        want[i] = siphash(data, i & 15, i, ~(uint64_t)i);
    }
    PX_SAME(got, want);
}

PX_CASE(hash, table)
{
    static uint32_t keys[128];
    static uint32_t others[128];
    static uint8_t found[128];
    static uint8_t want[128];
    uint32_t mask = 255;
    CUdeviceptr table = px_zero(256 * sizeof(uint32_t));
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(found));

    for (uint32_t i = 0; i < 128; i++) {
        keys[i] = (uint32_t)px_random() | 1;
        others[i] = i % 3 == 0 ? keys[i] : keys[i] + 1; /* even: in no table */
        want[i] = i % 3 == 0;
    }
    p = px_in(keys, sizeof(keys));
    q = px_in(others, sizeof(others));
    px_run("hash_insert", 2, 64, PX_ARGS(&p, &table, &mask));
    px_run("hash_find", 2, 64, PX_ARGS(&q, &table, &mask, &out));
    px_out(found, out, sizeof(found));
    PX_SAME(found, want);
}
