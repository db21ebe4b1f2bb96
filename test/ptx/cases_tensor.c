/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/half_ref.h"
#include "test/ptx/px.h"

/*
 * Matrix instructions.  All numbers are small integers or quarters, so that
 * every sum is exact in whatever way the hardware adds.
 */

#define MOST 512

/* The exact product: a (m x k) by rows, b (k x n) by columns. */
static void product(const double *a, const double *b, const double *c, double *d, int m, int n,
                    int k)
{
    for (int row = 0; row < m; row++) {
        for (int col = 0; col < n; col++) {
            d[row * n + col] = c == NULL ? 0 : c[row * n + col];
            for (int i = 0; i < k; i++) {
                d[row * n + col] += a[row * k + i] * b[col * k + i];
            }
        }
    }
}

static void small(double *a, int count)
{
    for (int i = 0; i < count; i++) {
        a[i] = (double)((int)(px_random() >> 33) % 8);
    }
}

static uint16_t half_of(double d, bool bf)
{
    return half_ref_bits(half_ref_fixed(d), bf, REF_NEAREST);
}

static CUdeviceptr halves(const double *a, int count, bool bf)
{
    static uint16_t bits[MOST];

    for (int i = 0; i < count; i++) {
        bits[i] = half_of(a[i], bf);
    }
    return px_in(bits, (size_t)count * 2);
}

static CUdeviceptr singles(const double *a, int count)
{
    static float f[MOST];

    for (int i = 0; i < count; i++) {
        f[i] = (float)a[i];
    }
    return px_in(f, (size_t)count * 4);
}

static double a[MOST];
static double b[MOST];
static double c[MOST];
static double d[MOST];

static void begin(int m, int n, int k)
{
    small(a, m * k);
    small(b, k * n);
    small(c, m * n);
    product(a, b, c, d, m, n, k);
}

static void check_singles(CUdeviceptr out, int count, double factor)
{
    static float got[MOST];
    static float want[MOST];

    px_out(got, out, (size_t)count * 4);
    for (int i = 0; i < count; i++) {
        want[i] = (float)(d[i] * factor);
    }
    px_same("product", got, want, (size_t)count, 4);
}

static void run(const char *kernel, CUdeviceptr x, CUdeviceptr y, CUdeviceptr z, CUdeviceptr out)
{
    px_run(kernel, 1, 32, PX_ARGS(&x, &y, &z, &out));
}

PX_CASE(tensor, wmma_half)
{
    CUdeviceptr out = px_zero(256 * 4);

    begin(16, 16, 16);
    run("wmma_half", halves(a, 256, false), halves(b, 256, false), singles(c, 256), out);
    check_singles(out, 256, 2);
}

PX_CASE(tensor, wmma_half_half)
{
    CUdeviceptr out = px_zero(256 * 2);
    uint16_t got[256];
    uint16_t want[256];

    begin(32, 8, 16);
    run("wmma_half_half", halves(a, 512, false), halves(b, 128, false), halves(c, 256, false), out);
    px_out(got, out, sizeof(got));
    for (int i = 0; i < 256; i++) {
        want[i] = half_of(2 * d[i], false);
    }
    PX_SAME(got, want);
}

PX_CASE(tensor, wmma_bytes)
{
    CUdeviceptr out = px_zero(256 * 4);
    static int8_t bytes[2][256];
    static int32_t sums[256];
    static int32_t got[256];
    static int32_t want[256];

    begin(16, 16, 16);
    for (int i = 0; i < 256; i++) {
        a[i] -= 100;
        b[i] *= 15;
        bytes[0][i] = (int8_t)a[i];
        bytes[1][i] = (int8_t)b[i];
        sums[i] = (int32_t)c[i];
    }
    product(a, b, c, d, 16, 16, 16);
    run("wmma_bytes", px_in(bytes[0], 256), px_in(bytes[1], 256), px_in(sums, sizeof(sums)), out);
    px_out(got, out, sizeof(got));
    for (int i = 0; i < 256; i++) {
        want[i] = (int32_t)(2 * d[i]);
    }
    PX_SAME(got, want);
}

PX_CASE(tensor, wmma_bf16)
{
    CUdeviceptr out = px_zero(256 * 4);

    begin(8, 32, 16);
    run("wmma_bf16", halves(a, 128, true), halves(b, 512, true), singles(c, 256), out);
    check_singles(out, 256, 2);
}

PX_CASE(tensor, wmma_double)
{
    CUdeviceptr out = px_zero(64 * 8);
    double got[64];
    double want[64];

    begin(8, 8, 4);
    run("wmma_double", px_in(a, 32 * 8), px_in(b, 32 * 8), px_in(c, 64 * 8), out);
    px_out(got, out, sizeof(got));
    for (int i = 0; i < 64; i++) {
        want[i] = 2 * d[i];
    }
    PX_SAME(got, want);
}

PX_CASE(tensor, mma_half)
{
    CUdeviceptr out = px_zero(128 * 4);
    CUdeviceptr x;
    CUdeviceptr y;
    double rows[128];

    begin(16, 8, 16);
    for (int i = 0; i < 128; i++) { /* the kernel wants b by rows */
        rows[i] = b[i % 8 * 16 + i / 8];
    }
    product(a, b, NULL, d, 16, 8, 16);
    x = halves(a, 256, false);
    y = halves(rows, 128, false);
    px_run("mma_half", 1, 32, PX_ARGS(&x, &y, &out));
    check_singles(out, 128, 1);
}

PX_CASE(tensor, mma_bytes)
{
    CUdeviceptr out = px_zero(128 * 4);
    static int8_t x[512];
    static uint8_t y[256];
    static int32_t got[128];
    static int32_t want[128];
    CUdeviceptr p;
    CUdeviceptr q;

    for (int i = 0; i < 512; i++) {
        a[i] = x[i] = (int8_t)px_random();
        y[i % 256] = (uint8_t)px_random();
    }
    for (int i = 0; i < 256; i++) {
        b[i] = y[i];
    }
    product(a, b, NULL, d, 16, 8, 32);
    p = px_in(x, sizeof(x));
    q = px_in(y, sizeof(y));
    px_run("mma_bytes", 1, 32, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < 128; i++) {
        want[i] = (int32_t)d[i];
    }
    PX_SAME(got, want);
}

PX_CASE(tensor, mma_tf32)
{
    CUdeviceptr out = px_zero(128 * 4);
    CUdeviceptr x;
    CUdeviceptr y;

    small(a, 128);
    small(b, 64);
    for (int i = 0; i < 128; i++) {
        a[i] += 0.25;
    }
    product(a, b, NULL, d, 16, 8, 8);
    for (int i = 0; i < 128; i++) { /* below a tf32's digits: rounded away */
        a[i] += 0x1p-14;
    }
    x = singles(a, 128);
    y = singles(b, 64);
    px_run("mma_tf32", 1, 32, PX_ARGS(&x, &y, &out));
    check_singles(out, 128, 1);
}
