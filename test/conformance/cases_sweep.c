/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

/* Sizes around what a page, a staging chunk or a slab may be; all odd cases. */
static const size_t sizes[] = {
    1,       3,          4095,        4096,         4097,     65535,        65537,
    MIB - 1, MIB + 4097, 2 * MIB + 1, 5 * MIB + 77, 16 * MIB, 33 * MIB - 5, 64 * MIB,
};
static const size_t offsets[] = {0, 1, 255, 4099};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), OFFSETS = sizeof(offsets) / sizeof(offsets[0]) };

#define ROOM (64 * MIB + 8192)

struct sweep {
    CUdeviceptr a;
    CUdeviceptr b;
    unsigned char *in;
    unsigned char *out;
};

/* Order matters to the sum, so a swapped or repeated chunk shows. */
static unsigned long long checksum(const unsigned char *p, size_t bytes)
{
    unsigned long long sum = 14695981039346656037ull, word;
    size_t i = 0;

    for (; i + 8 <= bytes; i += 8) {
        memcpy(&word, p + i, 8);
        sum = (sum ^ word) * 1099511628211ull;
    }
    for (; i < bytes; i++) {
        sum = (sum ^ p[i]) * 1099511628211ull;
    }
    return sum;
}

/* Cases keep it static: the process ends with it, and a leak checker finds the memory. */
static void setup(struct sweep *s)
{
    conf_context();
    s->a = conf_memory(ROOM);
    s->b = conf_memory(ROOM);
    s->in = malloc(ROOM);
    s->out = malloc(ROOM);
    if (!s->in || !s->out) {
        conf_skip("no host memory");
    }
    conf_fill(s->in, ROOM, 77);
}

/* The bytes around the copy must stay what they were. */
static bool frame_kept(const struct sweep *s, size_t at, size_t bytes)
{
    unsigned char around[2] = {0, 0};

    if (at) {
        CONF_SETUP(cuMemcpyDtoH_v2(&around[0], s->b + at - 1, 1));
    }
    CONF_SETUP(cuMemcpyDtoH_v2(&around[1], s->b + at + bytes, 1));
    return (!at || around[0] == 0x5a) && around[1] == 0x5a;
}

static bool there_and_back(struct sweep *s, size_t bytes, size_t src, size_t dst)
{
    CONF_SETUP(cuMemsetD8_v2(s->b, 0x5a, src + bytes + 1));
    CONF_SETUP(cuMemcpyHtoD_v2(s->a + dst, s->in + src, bytes));
    CONF_SETUP(cuMemcpyDtoD_v2(s->b + src, s->a + dst, bytes));
    memset(s->out, 0, bytes);
    CONF_SETUP(cuMemcpyDtoH_v2(s->out, s->b + src, bytes));
    return checksum(s->out, bytes) == checksum(s->in + src, bytes) && frame_kept(s, src, bytes);
}

CONF_POSITIVE(cuMemcpyDtoD_v2, sizes_and_offsets)
{
    static struct sweep s;
    int wrong = 0, done = 0;

    setup(&s);
    for (size_t i = 0; i < SIZES; i++) {
        /* The largest sizes once, the others at every pair of offsets. */
        size_t pairs = sizes[i] < MIB ? OFFSETS * OFFSETS : 2;

        for (size_t k = 0; k < pairs; k++) {
            wrong += !there_and_back(&s, sizes[i], offsets[k % OFFSETS], offsets[k / OFFSETS]);
            done++;
        }
    }
    CONF_VALUE(done);
    CONF_VALUE(wrong);
    CONF_EXPECT(wrong == 0);
}

/* Pinned both ways, the same sizes, asynchronous, in one stream. */
CONF_POSITIVE(cuMemcpyHtoDAsync_v2, pinned_sizes_and_offsets)
{
    CUstream stream = NULL;
    void *pinned = NULL;
    unsigned char *in, *out;
    CUdeviceptr d;
    int wrong = 0;

    conf_context();
    d = conf_memory(ROOM);
    CONF_SETUP(cuMemAllocHost_v2(&pinned, 2 * ROOM));
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    in = pinned;
    out = in + ROOM;
    conf_fill(in, ROOM, 99);
    for (size_t i = 0; i < SIZES; i++) {
        size_t at = offsets[i % OFFSETS];

        memset(out, 0, sizes[i]);
        CONF_SETUP(cuMemcpyHtoDAsync_v2(d + at, in + 2 * at, sizes[i], stream));
        CONF_SETUP(cuMemcpyDtoHAsync_v2(out, d + at, sizes[i], stream));
        CONF_SETUP(cuStreamSynchronize(stream));
        wrong += checksum(out, sizes[i]) != checksum(in + 2 * at, sizes[i]);
    }
    CONF_EXPECT(wrong == 0);
}

/* Pageable both ways, asynchronous: the source may change at once. */
CONF_POSITIVE(cuMemcpyDtoHAsync_v2, pageable_sizes_and_offsets)
{
    static struct sweep s;
    CUstream stream = NULL;
    int wrong = 0;

    setup(&s);
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_DEFAULT));
    for (size_t i = 0; i < SIZES; i++) {
        size_t at = offsets[i % OFFSETS];
        unsigned long long sum = checksum(s.in + at, sizes[i]);

        CONF_SETUP(cuMemcpyHtoDAsync_v2(s.a + at, s.in + at, sizes[i], stream));
        s.in[at] ^= 0xff;
        memset(s.out, 0, sizes[i]);
        CONF_SETUP(cuMemcpyDtoHAsync_v2(s.out, s.a + at, sizes[i], stream));
        CONF_SETUP(cuStreamSynchronize(stream));
        wrong += checksum(s.out, sizes[i]) != sum;
        s.in[at] ^= 0xff;
    }
    CONF_EXPECT(wrong == 0);
}

CONF_POSITIVE(cuMemsetD8_v2, sizes_and_offsets)
{
    static struct sweep s;
    int wrong = 0;

    setup(&s);
    for (size_t i = 0; i < SIZES; i++) {
        size_t at = offsets[i % OFFSETS];

        CONF_SETUP(cuMemsetD8_v2(s.b, 0x5a, at + sizes[i] + 1));
        CONF_SETUP(cuMemsetD8_v2(s.b + at, 0xc3, sizes[i]));
        CONF_SETUP(cuMemcpyDtoH_v2(s.out, s.b + at, sizes[i]));
        memset(s.in, 0xc3, sizes[i]);
        wrong += memcmp(s.out, s.in, sizes[i]) != 0 || !frame_kept(&s, at, sizes[i]);
    }
    CONF_EXPECT(wrong == 0);
}
