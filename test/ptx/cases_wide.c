/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"
#include "test/ptx/wide.h"

#define N 64

static uint64_t some(int i)
{
    uint64_t v = px_random();

    return i % 5 == 0 ? v >> (v & 63) : i % 17 == 3 ? (uint64_t) - (int64_t)(v & 255) : v;
}

PX_CASE(wide, all)
{
    uint64_t a[N];
    uint64_t b[N];
    static uint64_t got[N * 12];
    static uint64_t want[N * 12];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = some(i) & INT64_MAX; /* a conversion to float and back must fit */
        b[i] = some(i + 1);
        a[i] >>= 1;
        wide_ops(a[i], b[i], want + (size_t)i * 12);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("wide_all", 2, N / 2, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(wide, gcd)
{
    uint64_t a[N];
    uint64_t b[N];
    uint64_t got[N];
    uint64_t want[N];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        uint64_t f = px_random() % 1000 + 1;

        a[i] = (px_random() >> 12) * f;
        b[i] = (px_random() >> 20) * f;
        want[i] = gcd64(a[i], b[i]);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("gcd", 1, N, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(wide, powmod)
{
    uint64_t a[16];
    uint64_t got[16];
    uint64_t want[16];
    uint64_t e = 0x1fff1;
    uint64_t m = UINT64_C(0xffffffffffffffc5);
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 16; i++) {
        a[i] = px_random();
        want[i] = powmod64(a[i], e, m);
    }
    p = px_in(a, sizeof(a));
    px_run("powmod", 1, 16, PX_ARGS(&p, &e, &m, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static void carry256(const uint32_t *x, const uint32_t *y, uint32_t *out)
{
    uint64_t sum = 0;
    uint64_t borrow = 0;

    for (int i = 0; i < 8; i++) {
        uint64_t d = (uint64_t)x[i] - y[i] - borrow;
        uint32_t carry = 0;
        uint32_t low = 0;

        sum += (uint64_t)x[i] + y[i];
        out[i] = (uint32_t)sum;
        sum >>= 32;
        out[8 + i] = (uint32_t)d;
        borrow = d >> 63;
        for (int k = 0; k <= i; k++) {
            uint64_t p = (uint64_t)x[k] * y[i - k] + low;

            low = (uint32_t)p;
            carry += (uint32_t)(p >> 32) & 1;
        }
        out[16 + i] = low ^ carry;
    }
}

PX_CASE(wide, carry256)
{
    static uint32_t a[32][8];
    static uint32_t b[32][8];
    static uint32_t got[32][24];
    static uint32_t want[32][24];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 32; i++) {
        for (int k = 0; k < 8; k++) {
            a[i][k] = i % 4 == 1 ? UINT32_MAX : (uint32_t)px_random();
            b[i][k] = i % 4 == 1 ? k == 0 : (uint32_t)px_random();
        }
        carry256(a[i], b[i], want[i]);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("carry256", 1, 32, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static int32_t narrow(int32_t v)
{
    int8_t c = (int8_t)v;
    uint8_t uc = (uint8_t)(v >> 3);
    int16_t s = (int16_t)(v >> 5);
    uint16_t us = (uint16_t)(v >> 7);
    uint32_t u = (uint32_t)v;
    int64_t w = (int64_t)v * v;

    c = (int8_t)(c * 3 + s);
    uc = (uint8_t)(uc / 3 + us % 7);
    s = (int16_t)(s * c - uc);
    us = (uint16_t)(us >> (uc & 7) | us << 3);
    w = w / (c | 1) + (s < us) * 1000 + (uc > c);
    u = u * uc + (uint32_t)(w >> 7) + (uint16_t)s;
    return (int32_t)((uint32_t)c + uc * 5u + (uint32_t)s * 7u + us * 11u + (uint32_t)w + u);
}

PX_CASE(wide, narrow)
{
    int32_t a[N];
    int32_t got[N];
    int32_t want[N];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)px_random();
        want[i] = narrow(a[i]);
    }
    p = px_in(a, sizeof(a));
    px_run("narrow", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
