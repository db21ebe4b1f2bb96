/* SPDX-License-Identifier: Apache-2.0 */
#include <fenv.h>
#include <math.h>

#include "test/ptx/px.h"

#define N 64

PX_CASE(real64, newton)
{
    double a[N];
    double got[N];
    double want[N];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = fabs((double)px_random_float()) + 0.125;
        want[i] = sqrt(a[i]);
    }
    p = px_in(a, sizeof(a));
    px_run("newton", 2, N / 2, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    px_near("root", got, want, N, 1e-14);
}

PX_CASE(real64, horner)
{
    double c[12];
    double got[N];
    double want[N];
    int n = 12;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        c[i] = (double)px_random_float() / 3;
    }
    for (int k = 0; k < N; k++) {
        double x = -2 + k * (1.0 / 64);

        want[k] = 0;
        for (int i = n - 1; i >= 0; i--) {
            want[k] = fma(want[k], x, c[i]);
        }
    }
    p = px_in(c, sizeof(c));
    px_run("horner", 1, N, PX_ARGS(&p, &n, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(real64, kahan)
{
    float a[200];
    double got[8];
    double want[8];
    int n = 200;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        a[i] = px_random_float() * (float)(i % 7 == 0 ? 1e20 : 1e-3);
    }
    for (int k = 0; k < 8; k++) {
        volatile double sum = 0;
        volatile double lost = 0;

        for (int i = 0; i < n; i++) {
            volatile double y = (double)a[(i + k) % n] - lost;
            volatile double s = sum + y;
            volatile double part = s - sum;

            lost = part - y;
            sum = s;
        }
        want[k] = sum;
    }
    p = px_in(a, sizeof(a));
    px_run("kahan", 1, 8, PX_ARGS(&p, &n, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static uint8_t escape(double cx, double cy)
{
    volatile double x = 0;
    volatile double y = 0;
    uint8_t i = 0;

    for (; i < 50; i++) {
        volatile double xx = x * x;
        volatile double yy = y * y;
        volatile double xy = 2 * x * y;
        volatile double dif = xx - yy;

        if (xx + yy > 4) {
            break;
        }
        y = xy + cy;
        x = dif + cx;
    }
    return i;
}

PX_CASE(real64, mandelbrot)
{
    static uint8_t got[24 * 16];
    static uint8_t want[24 * 16];
    int w = 24;
    int h = 16;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < w * h; i++) {
        want[i] = escape(-2 + 3.0 * (i % w) / w, -1 + 2.0 * (i / w) / h);
    }
    px_run_shape("mandelbrot", &(struct px_shape){{3, 4}, {8, 4}, 0, false}, PX_ARGS(&out, &w, &h));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(real64, functions64)
{
    double a[N];
    static double got[N * 16];
    static double want[N * 16];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        double x = a[i] = (double)px_random_float() / 9;
        double o[16] = {exp(x),
                        log(fabs(x) + 1),
                        pow(fabs(x), 1.7),
                        sin(x),
                        cos(x),
                        tan(x * 0.1),
                        atan2(x, 2.0),
                        tanh(x),
                        cbrt(x),
                        erf(x),
                        sqrt(fabs(x)),
                        fmod(x, 0.7),
                        floor(x) + ceil(x) * 10 + rint(x) * 100 + trunc(x) * 1000,
                        hypot(x, 3.0),
                        log2(fabs(x) + 0.5),
                        exp2(x) + expm1(x) + log1p(fabs(x)) + 1 / sqrt(fabs(x) + 1)};

        memcpy(want + (size_t)16 * i, o, sizeof(o));
    }
    p = px_in(a, sizeof(a));
    px_run("functions64", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    px_near("function", got, want, (size_t)N * 16, 1e-12);
}

PX_CASE(real64, functions32)
{
    float a[N];
    static float got[N * 20];
    static float want[N * 20];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        double x = (double)(a[i] = px_random_float() / 16);
        double o[20] = {exp(x),
                        log(fabs(x) + 1),
                        pow(fabs(x), 1.7),
                        sin(x),
                        cos(x),
                        tan(x * 0.1),
                        atan2(x, 2.0),
                        tanh(x),
                        cbrt(x),
                        erf(x),
                        sqrt(fabs(x)),
                        (double)fmodf(a[i], 0.7f),
                        floor(x) + ceil(x) * 10 + rint(x) * 100 + trunc(x) * 1000,
                        hypot(x, 3.0),
                        log2(fabs(x) + 0.5),
                        exp(x * 0.5),
                        sin(x * 0.3) + cos(x * 0.3),
                        x / 3 + sqrt(fabs(x) + 1),
                        1 / sqrt(fabs(x) + 1) + 1 / (fabs(x) + 1) + sqrt(fabs(x)),
                        exp2(x) + pow(10, x * 0.1) + sin(x * 3.14159265358979323846) +
                            lgamma(fabs(x) + 1)};

        for (int k = 0; k < 20; k++) {
            want[20 * i + k] = (float)o[k];
        }
    }
    p = px_in(a, sizeof(a));
    px_run("functions32", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    px_near32("function", got, want, (size_t)N * 20, 2e-5);
}

/* Each operation under a rounding mode; volatile, so that it happens there. */
#define ROUNDED(name, type, expr)                                                                  \
    static type name(int mode, type x, type y)                                                     \
    {                                                                                              \
        volatile type a = x;                                                                       \
        volatile type b = y;                                                                       \
        volatile type r;                                                                           \
                                                                                                   \
        (void)b;                                                                                   \
        (void)fesetround(mode);                                                                    \
        r = expr;                                                                                  \
        (void)fesetround(FE_TONEAREST);                                                            \
        return r;                                                                                  \
    }

ROUNDED(add64, double, a + b)
ROUNDED(mul64, double, a *b)
ROUNDED(div64, double, a / b)
ROUNDED(fma64, double, fma(a, b, a))
ROUNDED(add32, float, a + b)
ROUNDED(mul32, float, a *b)
ROUNDED(div32, float, a / b)
ROUNDED(sqrt32, float, sqrtf(a))
ROUNDED(fma32, float, fmaf(a, b, a))

static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD};

static float narrow(int mode, double x)
{
    volatile double a = x;
    volatile float r;

    (void)fesetround(mode);
    r = (float)a;
    (void)fesetround(FE_TONEAREST);
    return r;
}

static float integer(int mode, int64_t x)
{
    volatile int64_t a = x;
    volatile float r;

    (void)fesetround(mode);
    r = (float)a;
    (void)fesetround(FE_TONEAREST);
    return r;
}

static void roundings64(double x, double y, double *o)
{
    volatile double square = x * x;
    volatile double root;

    for (int k = 0; k < 4; k++) {
        o[k] = add64(modes[k], x, y);
        o[4 + k] = mul64(modes[k], x, y);
        o[8 + k] = div64(modes[k], x, y);
    }
    (void)fesetround(FE_UPWARD);
    root = sqrt(square);
    o[12] = root;
    (void)fesetround(FE_DOWNWARD);
    root = sqrt(square);
    o[13] = root;
    (void)fesetround(FE_TONEAREST);
    o[14] = fma64(FE_TOWARDZERO, x, y);
    o[15] = div64(FE_UPWARD, 1, y);
}

static void roundings32(double x, double y, uint32_t i, float *o)
{
    float fx = (float)x;
    float fy = (float)y;

    for (int k = 0; k < 4; k++) {
        o[k] = add32(modes[k], fx, fy);
        o[4 + k] = mul32(modes[k], fx, fy);
        o[8 + k] = div32(modes[k], fx, fy);
    }
    o[12] = sqrt32(FE_UPWARD, fabsf(fx), 0);
    o[13] = sqrt32(FE_DOWNWARD, fabsf(fx), 0);
    o[14] = fma32(FE_TOWARDZERO, fx, fy);
    o[15] = div32(FE_UPWARD, 1, fy);
    o[16] = narrow(FE_TOWARDZERO, x);
    o[17] = narrow(FE_UPWARD, y);
    o[18] = integer(FE_DOWNWARD, (int64_t)(x * 1e9));
    o[19] = integer(FE_TOWARDZERO, i * 0x01234567u);
}

PX_CASE(real64, roundings)
{
    double a[N];
    double b[N];
    static double got[N * 16];
    static double want[N * 16];
    static float got32[N * 20];
    static float want32[N * 20];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));
    CUdeviceptr out32 = px_zero(sizeof(got32));

    for (int i = 0; i < N; i++) {
        a[i] = (double)(int64_t)px_random() / 1e17;
        b[i] = (double)(int64_t)px_random() / 1e16;
        roundings64(a[i], b[i], want + (size_t)i * 16);
        roundings32(a[i], b[i], (uint32_t)i, want32 + (size_t)i * 20);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("roundings", 1, N, PX_ARGS(&p, &q, &out, &out32));
    px_out(got, out, sizeof(got));
    px_out(got32, out32, sizeof(got32));
    PX_SAME(got, want);
    PX_SAME(got32, want32);
}
