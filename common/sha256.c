/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sha256.h"

#include <stdatomic.h>
#include <string.h>

#if defined(__x86_64__) && !defined(VGPU_SHA256_PLAIN_ONLY)
#define HAS_FAST 1
#include <cpuid.h>
#include <immintrin.h>
#endif

#define BLOCK_BYTES 64u

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t value, unsigned int by)
{
    return value >> by | value << (32 - by);
}

static void schedule(uint32_t words[64], const uint8_t *block)
{
    for (unsigned int i = 0; i < 16; i++) {
        const uint8_t *at = block + (size_t)4 * i;

        words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (unsigned int i = 16; i < 64; i++) {
        uint32_t a = words[i - 15];
        uint32_t b = words[i - 2];

        words[i] = words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[i - 7] +
                   (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void plain_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t words[64];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    uint32_t e = state[4];
    uint32_t f = state[5];
    uint32_t g = state[6];
    uint32_t h = state[7];

    schedule(words, block);
    for (unsigned int i = 0; i < 64; i++) {
        uint32_t one = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                       constants[i] + words[i];
        uint32_t two =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g;
        g = f;
        f = e;
        e = d + one;
        d = c;
        c = b;
        b = a;
        a = one + two;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void vgpu_sha256_plain(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plain_block(state, blocks + i * BLOCK_BYTES);
    }
}

#if defined(HAS_FAST)

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

static bool has_instructions(void)
{
    unsigned int a;
    unsigned int b;
    unsigned int c;
    unsigned int d;

    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 || (c & bit_SSSE3) == 0) {
        return false;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

bool vgpu_sha256_is_fast(void)
{
    static _Atomic int known; /* 0: not asked, 1: no, 2: yes */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == 0) {
        answer = has_instructions() ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}

/* Four rounds with these words. */
TARGET static inline void four(__m128i *abef, __m128i *cdgh, __m128i words, unsigned int first)
{
    const __m128i *from = (const __m128i *)(const void *)(constants + first);
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128(from));

    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

/* The next four words behind sixteen. */
TARGET static inline __m128i next(__m128i a, __m128i b, __m128i c, __m128i d)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));

    return _mm_sha256msg2_epu32(sum, d);
}

TARGET static void fast_block(__m128i *abef, __m128i *cdgh, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i *from = (const __m128i *)(const void *)block;
    __m128i abef_before = *abef;
    __m128i cdgh_before = *cdgh;
    __m128i a = _mm_shuffle_epi8(_mm_loadu_si128(from), swap);
    __m128i b = _mm_shuffle_epi8(_mm_loadu_si128(from + 1), swap);
    __m128i c = _mm_shuffle_epi8(_mm_loadu_si128(from + 2), swap);
    __m128i d = _mm_shuffle_epi8(_mm_loadu_si128(from + 3), swap);

#pragma GCC unroll 4
    for (unsigned int i = 0; i < 64; i += 16) {
        four(abef, cdgh, a, i);
        four(abef, cdgh, b, i + 4);
        four(abef, cdgh, c, i + 8);
        four(abef, cdgh, d, i + 12);
        if (i < 48) {
            a = next(a, b, c, d);
            b = next(b, c, d, a);
            c = next(c, d, a, b);
            d = next(d, a, b, c);
        }
    }
    *abef = _mm_add_epi32(*abef, abef_before);
    *cdgh = _mm_add_epi32(*cdgh, cdgh_before);
}

/* The instructions want the words as a b e f and c d g h, the first at the top. */
TARGET static inline void take_state(const uint32_t state[8], __m128i *abef, __m128i *cdgh)
{
    const __m128i *at = (const __m128i *)(const void *)state;
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(at), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(at + 1), 0x1b);

    *abef = _mm_alignr_epi8(cdab, efgh, 8);
    *cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

TARGET static inline void give_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    __m128i *at = (__m128i *)(void *)state;
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);

    _mm_storeu_si128(at, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(at + 1, _mm_alignr_epi8(dchg, feba, 8));
}

TARGET static void fast_blocks(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    __m128i abef;
    __m128i cdgh;

    take_state(state, &abef, &cdgh);
    for (size_t i = 0; i < count; i++) {
        fast_block(&abef, &cdgh, blocks + i * BLOCK_BYTES);
    }
    give_state(state, abef, cdgh);
}

/* One of two sums that are made at once: its state and sixteen words. */
struct lane {
    __m128i abef, cdgh, a, b, c, d;
};

TARGET static inline void read_words(struct lane *l, const uint8_t *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i *from = (const __m128i *)(const void *)block;

    l->a = _mm_shuffle_epi8(_mm_loadu_si128(from), swap);
    l->b = _mm_shuffle_epi8(_mm_loadu_si128(from + 1), swap);
    l->c = _mm_shuffle_epi8(_mm_loadu_si128(from + 2), swap);
    l->d = _mm_shuffle_epi8(_mm_loadu_si128(from + 3), swap);
}

/* Sixteen rounds of both, in turns. */
TARGET static inline void sixteen(struct lane *x, struct lane *y, unsigned int first)
{
    four(&x->abef, &x->cdgh, x->a, first);
    four(&y->abef, &y->cdgh, y->a, first);
    four(&x->abef, &x->cdgh, x->b, first + 4);
    four(&y->abef, &y->cdgh, y->b, first + 4);
    four(&x->abef, &x->cdgh, x->c, first + 8);
    four(&y->abef, &y->cdgh, y->c, first + 8);
    four(&x->abef, &x->cdgh, x->d, first + 12);
    four(&y->abef, &y->cdgh, y->d, first + 12);
}

TARGET static inline void next_sixteen(struct lane *l)
{
    l->a = next(l->a, l->b, l->c, l->d);
    l->b = next(l->b, l->c, l->d, l->a);
    l->c = next(l->c, l->d, l->a, l->b);
    l->d = next(l->d, l->a, l->b, l->c);
}

TARGET static void fast_pairs(uint32_t state_x[8], uint32_t state_y[8], const uint8_t *x_blocks,
                              const uint8_t *y_blocks, size_t count)
{
    struct lane x;
    struct lane y;

    take_state(state_x, &x.abef, &x.cdgh);
    take_state(state_y, &y.abef, &y.cdgh);
    for (size_t at = 0; at < count * BLOCK_BYTES; at += BLOCK_BYTES) {
        struct lane x_before = x;
        struct lane y_before = y;

        read_words(&x, x_blocks + at);
        read_words(&y, y_blocks + at);
#pragma GCC unroll 3
        for (unsigned int i = 0; i < 48; i += 16) {
            sixteen(&x, &y, i);
            next_sixteen(&x);
            next_sixteen(&y);
        }
        sixteen(&x, &y, 48);
        x.abef = _mm_add_epi32(x.abef, x_before.abef);
        x.cdgh = _mm_add_epi32(x.cdgh, x_before.cdgh);
        y.abef = _mm_add_epi32(y.abef, y_before.abef);
        y.cdgh = _mm_add_epi32(y.cdgh, y_before.cdgh);
    }
    give_state(state_x, x.abef, x.cdgh);
    give_state(state_y, y.abef, y.cdgh);
}

#else

bool vgpu_sha256_is_fast(void)
{
    return false;
}

#endif

static void blocks(uint32_t state[8], const uint8_t *bytes, size_t count)
{
#if defined(HAS_FAST)
    if (vgpu_sha256_is_fast()) {
        fast_blocks(state, bytes, count);
        return;
    }
#endif
    vgpu_sha256_plain(state, bytes, count);
}

void vgpu_sha256_begin(struct vgpu_sha256 *sha)
{
    *sha = (struct vgpu_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void vgpu_sha256_add(struct vgpu_sha256 *sha, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size_t held = sha->bytes % BLOCK_BYTES;

    sha->bytes += size;
    if (held > 0) {
        size_t part = size < BLOCK_BYTES - held ? size : BLOCK_BYTES - held;

        memcpy(sha->block + held, at, part);
        if (held + part < BLOCK_BYTES) {
            return;
        }
        blocks(sha->state, sha->block, 1);
        at += part;
        size -= part;
    }
    blocks(sha->state, at, size / BLOCK_BYTES);
    memcpy(sha->block, at + size - size % BLOCK_BYTES, size % BLOCK_BYTES);
}

void vgpu_sha256_add_two(struct vgpu_sha256 *a, struct vgpu_sha256 *b, const void *to_a,
                         const void *to_b, size_t size)
{
#if defined(HAS_FAST)
    if (vgpu_sha256_is_fast() && (a->bytes | b->bytes | size) % BLOCK_BYTES == 0) {
        fast_pairs(a->state, b->state, to_a, to_b, size / BLOCK_BYTES);
        a->bytes += size;
        b->bytes += size;
        return;
    }
#endif
    vgpu_sha256_add(a, to_a, size);
    vgpu_sha256_add(b, to_b, size);
}

void vgpu_sha256_end(struct vgpu_sha256 *sha, uint8_t digest[VGPU_SHA256_BYTES])
{
    static const uint8_t padding[BLOCK_BYTES] = {0x80};
    uint64_t bits = sha->bytes * 8;
    size_t held = sha->bytes % BLOCK_BYTES;
    uint8_t length[8];

    for (unsigned int i = 0; i < sizeof(length); i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    vgpu_sha256_add(sha, padding, held < 56 ? 56 - held : 120 - held);
    vgpu_sha256_add(sha, length, sizeof(length));
    for (unsigned int i = 0; i < VGPU_SHA256_BYTES; i++) {
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void vgpu_sha256(const void *bytes, size_t size, uint8_t digest[VGPU_SHA256_BYTES])
{
    struct vgpu_sha256 sha;

    vgpu_sha256_begin(&sha);
    vgpu_sha256_add(&sha, bytes, size);
    vgpu_sha256_end(&sha, digest);
}
