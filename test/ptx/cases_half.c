/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/half_ref.h"
#include "test/ptx/px.h"

#define N 256

/* Numbers of all sizes that the checker can hold, zeroes, infinities, NaN. */
static uint16_t some(bool bf)
{
    static const uint16_t special[2][8] = {
        {0, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3c00, 0x0001, 0x7bff},
        {0, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x3f80, 0xbf80, 0x4300},
    };
    uint64_t r = px_random();

    if (r % 11 == 0) {
        return special[bf][r >> 32 & 7];
    }
    if (bf) { /* exponents from 2^-18 to 2^17 */
        return (uint16_t)((r & 0x807f) | (109 + (r >> 32) % 36) << 7);
    }
    return (uint16_t)((r & 0x83ff) | (r >> 32) % 31 << 10);
}

static void fill(uint16_t *a, size_t n, bool bf)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = some(bf);
    }
}

/* The results 0 to 10 of the kernels *_arith but number 3, the quotient. */
static void arith(uint16_t a, uint16_t b, uint16_t *o, bool bf)
{
    o[0] = half_ref_add(a, b, bf);
    o[1] = half_ref_add(a, b ^ 0x8000, bf);
    o[2] = half_ref_mul(a, b, bf);
    o[4] = half_ref_fma(a, b, a, bf);
    o[5] = a ^ 0x8000;
    o[6] = a & 0x7fff;
    o[7] = half_ref_extreme(a, b, 1, bf);
    o[8] = half_ref_extreme(a, b, -1, bf);
    o[9] = half_ref_sat(o[0], bf);
    o[10] = half_ref_sat(o[2], bf);
}

static bool is_nan(uint16_t bits, bool bf)
{
    return isnan(half_ref_value(bits, bf));
}

/* Equal, or both not a number: the sign of that is not defined. */
static void compare(const uint16_t *got, const uint16_t *want, size_t n, bool bf)
{
    for (size_t i = 0; i < n; i++) {
        bool nan = is_nan(want[i], bf);

        if (i % 12 == 3) { /* a quotient is a unit or so off */
            double g = half_ref_value(got[i], bf);
            double w = half_ref_value(want[i], bf);

            px_near("quotient", &g, &w, 1, bf ? 0.01 : 0.002);
        } else if (!nan || !is_nan(got[i], bf)) {
            px_same("result", &got[i], &want[i], 1, 2);
        }
    }
}

static uint16_t quotient(uint16_t a, uint16_t b, bool bf)
{
    double q = half_ref_value(a, bf) / half_ref_value(b, bf);

    if (isnan(q)) {
        return 0x7fff;
    }
    if (isinf(q) || fabs(q) >= (bf ? 0x1p60 : 65520)) {
        return (uint16_t)((bf ? 0x7f80 : 0x7c00) | (q < 0 ? 0x8000 : 0));
    }
    return half_ref_bits(half_ref_fixed(q), bf, REF_NEAREST);
}

static void run_arith(const char *kernel, bool bf, bool two)
{
    static uint16_t a[N];
    static uint16_t b[N];
    static uint16_t got[N * 12];
    static uint16_t want[N * 12];
    size_t step = two ? 2 : 1;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(a, N, bf);
    fill(b, N, bf);
    for (size_t i = 0; i < N; i++) {
        uint16_t o[12];

        arith(a[i], b[i], o, bf);
        o[3] = quotient(a[i], b[i], bf);
        o[11] = half_ref_sat(half_ref_fma(a[i], b[i], b[i], bf), bf);
        if (bf && !two) { /* relu instead of sat */
            o[11] = half_ref_fma(a[i], b[i], b[i], bf);
            o[11] = is_nan(o[11], bf) ? 0x7fff : (o[11] & 0x8000) != 0 ? 0 : o[11];
        } else if (bf) { /* the greater, NaN if either is */
            o[11] = is_nan(a[i], bf) || is_nan(b[i], bf) ? 0x7fff : o[8];
        }
        for (size_t k = 0; k < 12; k++) {
            want[(i / step * 12 + k) * step + i % step] = o[k];
        }
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run(kernel, 2, (unsigned)(N / step / 2), PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    for (size_t i = 0; i < (size_t)N * 12; i += 12 * step) {
        for (size_t half = 0; half < step; half++) {
            uint16_t g[12];
            uint16_t w[12];

            for (size_t k = 0; k < 12; k++) {
                g[k] = got[i + k * step + half];
                w[k] = want[i + k * step + half];
            }
            compare(g, w, 12, bf);
        }
    }
}

PX_CASE(half, arith)
{
    run_arith("half_arith", false, false);
}

PX_CASE(half, arith2)
{
    run_arith("half2_arith", false, true);
}

PX_CASE(bfloat, arith)
{
    run_arith("bf_arith", true, false);
}

PX_CASE(bfloat, arith2)
{
    run_arith("bf2_arith", true, true);
}

static uint32_t relations(double x, double y, double x2, double y2)
{
    uint32_t o = 0;

    o |= (uint32_t)(x == y) << 0 | (uint32_t)(x < y || x > y) << 1 | (uint32_t)(x < y) << 2;
    o |= (uint32_t)(x <= y) << 3 | (uint32_t)(x > y) << 4 | (uint32_t)(x >= y) << 5;
    o |= (uint32_t) !(x >= y) << 6 | (uint32_t) !(x <= y) << 7 | (uint32_t)(isnan(x) != 0) << 8;
    o |= (uint32_t)(isinf(x) != 0) << 9 | (uint32_t)(x == y && x2 == y2) << 10;
    return o | (uint32_t)(x < y && x2 < y2) << 11 | (uint32_t)(!(x < y) && !(x2 < y2)) << 12;
}

static void run_compare(const char *kernel, bool bf, size_t results)
{
    static uint16_t a[N][2];
    static uint16_t b[N][2];
    static uint32_t got[N * 4];
    static uint32_t want[N * 4];
    uint32_t one = bf ? 0x3f80 : 0x3c00;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(a[0], 2 * N, bf);
    fill(b[0], 2 * N, bf);
    for (size_t i = 0; i < N; i++) {
        double x[2];
        double y[2];
        uint32_t o[4] = {0};

        b[i][1] = i % 7 == 0 ? a[i][1] : b[i][1];
        b[i][0] = i % 5 == 0 ? a[i][0] : b[i][0];
        for (int k = 0; k < 2; k++) {
            x[k] = half_ref_value(a[i][k], bf);
            y[k] = half_ref_value(b[i][k], bf);
            o[1] |= x[k] > y[k] ? one << (16 * k) : 0;
            o[2] |= x[k] <= y[k] ? 0xffffu << (16 * k) : 0;
            o[3] |= x[k] < y[k] || x[k] > y[k] ? one << (16 * k) : 0;
        }
        o[0] = relations(x[0], y[0], x[1], y[1]);
        memcpy(want + i * results, o, results * sizeof(o[0]));
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run(kernel, 2, N / 2, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    px_same("relations", got, want, N * results, 4);
}

PX_CASE(half, compare)
{
    run_compare("half_compare", false, 4);
}

PX_CASE(bfloat, compare)
{
    run_compare("bf_compare", true, 3);
}

static int64_t clamp(double d, double least, double most)
{
    return (int64_t)(d < least ? least : d > most ? most : d);
}

/* A number that is one of the format as it stands, and those between. */
static float number(void)
{
    float f = (float)(int32_t)px_random() / (float)(1u << (px_random() % 31));

    return px_random() % 9 == 0 ? f * 0x1p-20f : f;
}

static void convert(float f, uint16_t *h, float *back, int32_t *ints, bool bf)
{
    __int128 v = half_ref_fixed((double)f);
    __int128 whole = (__int128)(int32_t)f * ((__int128)1 << 60);
    double near;

    for (int k = 0; k < 4; k++) {
        h[k] = half_ref_bits(v, bf, (enum half_ref_mode)k);
    }
    h[4] = half_ref_bits(half_ref_fixed(bf ? (double)f : (double)f * 1.0000001), bf, REF_NEAREST);
    h[5] = half_ref_bits(whole, bf, REF_NEAREST);
    if (bf) {
        h[6] = h[0];
        h[7] = h[0] ^ 0x8000;
    } else {
        h[6] = half_ref_bits((__int128)(double)(f * f) << 60, bf, REF_ZERO);
        h[7] = half_ref_bits((__int128)(int16_t)(int32_t)f * ((__int128)1 << 60), bf, REF_DOWN);
    }
    near = half_ref_value(h[0], bf);
    *back = (float)near;
    ints[0] = (int32_t)clamp(trunc(near), INT32_MIN, INT32_MAX);
    ints[1] = (int32_t)clamp(rint(near), 0, UINT16_MAX);
    ints[2] = (int32_t)clamp(ceil(near), -0x1p62, 0x1p62);
    ints[3] = (int32_t)clamp(floor(near), INT16_MIN, INT16_MAX);
}

static void run_convert(const char *kernel, bool bf)
{
    static float a[N];
    static uint16_t h[N * 8];
    static uint16_t want_h[N * 8];
    static float back[N];
    static float want_back[N];
    static int32_t ints[N * 4];
    static int32_t want_ints[N * 4];
    CUdeviceptr p;
    CUdeviceptr q = px_zero(sizeof(h));
    CUdeviceptr r = px_zero(sizeof(back));
    CUdeviceptr s = px_zero(sizeof(ints));

    for (size_t i = 0; i < N; i++) {
        a[i] = number();
        if (bf && fabsf(a[i]) < 0x1p-20f) {
            a[i] = 0.75f;
        }
        if (!bf && fabsf(a[i]) > 65000) {
            a[i] = a[i] / 0x1p20f; /* no infinity, which no integer is */
        }
        convert(a[i], want_h + i * 8, want_back + i, want_ints + i * 4, bf);
    }
    p = px_in(a, sizeof(a));
    px_run(kernel, 2, N / 2, PX_ARGS(&p, &q, &r, &s));
    px_out(h, q, sizeof(h));
    px_out(back, r, sizeof(back));
    px_out(ints, s, sizeof(ints));
    PX_SAME(h, want_h);
    PX_SAME(back, want_back);
    PX_SAME(ints, want_ints);
}

PX_CASE(half, convert)
{
    run_convert("half_convert", false);
}

PX_CASE(bfloat, convert)
{
    run_convert("bf_convert", true);
}

PX_CASE(half, math)
{
    static uint16_t a[N];
    static uint16_t got[N * 12];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = half_ref_bits(half_ref_fixed((double)px_random_float() / 8), false, REF_NEAREST);
    }
    p = px_in(a, sizeof(a));
    px_run("half_math", 2, N / 2, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < N; i++) {
        double x = half_ref_value(a[i], false);
        double m = fabs(x);
        double want[12] = {exp(x), log(m),  sqrt(m), 1 / sqrt(m), sin(x),  cos(x),
                           1 / x,  exp2(x), log2(m), floor(x),    rint(x), trunc(x)};

        for (int k = 0; k < 12; k++) {
            double g = half_ref_value(got[i * 12 + k], false);

            want[k] = fabs(want[k]) >= 65520 ? copysign((double)INFINITY, want[k]) : want[k];
            px_near("function", &g, &want[k], 1, 2e-3);
        }
    }
}

PX_CASE(half, dot)
{
    static uint16_t a[N];
    static uint16_t b[N];
    float got = 0;
    double want = 0;
    double have;
    int n = N / 2;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = half_ref_bits((__int128)(px_random() % 8) << 60, false, REF_NEAREST);
        b[i] = half_ref_bits((__int128)(px_random() % 4) << 60, false, REF_NEAREST);
        want += half_ref_value(a[i], false) * half_ref_value(b[i], false);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("half_dot", 1, 32, PX_ARGS(&p, &q, &n, &out));
    px_out(&got, out, sizeof(got));
    have = (double)got;
    px_near("dot", &have, &want, 1, 0);
}

static void run_atomic(const char *kernel, bool bf)
{
    uint16_t sum[1] = {0};
    uint16_t sum2[2] = {0};
    CUdeviceptr p = px_zero(2);
    CUdeviceptr q = px_zero(4);

    px_run(kernel, 2, 32, PX_ARGS(&p, &q));
    px_out(sum, p, sizeof(sum));
    px_out(sum2, q, sizeof(sum2));
    px_expect(half_ref_value(sum[0], bf) == 64, "the sum of one");
    px_expect(half_ref_value(sum2[0], bf) == 64, "the sum of the lower");
    px_expect(half_ref_value(sum2[1], bf) == 128, "the sum of the upper");
}

PX_CASE(half, atomic)
{
    run_atomic("half_atomic", false);
}

PX_CASE(bfloat, atomic)
{
    run_atomic("bf_atomic", true);
}

PX_CASE(bfloat, matvec)
{
    static uint16_t m[32 * 16];
    static uint16_t v[16];
    float got[32];
    float want[32];
    int n = 16;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(v, 16, true);
    for (int i = 0; i < 16; i++) {
        v[i] = is_nan(v[i], true) || (v[i] & 0x7fff) == 0x7f80 ? 0x3f80 : v[i];
    }
    for (int i = 0; i < 32 * 16; i++) {
        m[i] = (uint16_t)(0x3f80 | (px_random() & 0x807f));
    }
    for (int i = 0; i < 32; i++) {
        want[i] = 0;
        for (int k = 0; k < n; k++) {
            want[i] = fmaf((float)half_ref_value(m[i * 16 + k], true),
                           (float)half_ref_value(v[k], true), want[i]);
        }
    }
    p = px_in(m, sizeof(m));
    q = px_in(v, sizeof(v));
    px_run("bf_matvec", 1, 32, PX_ARGS(&p, &q, &n, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
