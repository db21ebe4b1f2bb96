/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <math.h>

/* Compiled arithmetic: 64-bit and 32-bit integers, doubles, floats. */

enum { N = 64 };

static int setup(void **state)
{
    *state = sim_context();
    return 0;
}

static void run(const char *file, const char *kernel, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out)
{
    int n = N;

    sim_launch(sim_function(sim_module(file), kernel), 2, N / 2, 0, (void *[]){&a, &b, &out, &n});
}

static void check_int64(int64_t x, int64_t y, const int64_t *o)
{
    uint64_t u = (uint64_t)x;
    uint64_t v = (uint64_t)y;
    uint64_t reversed = 0;

    for (int k = 0; k < 64; k++) {
        reversed |= (u >> k & 1) << (63 - k);
    }
    assert_true(o[0] == x / y);
    assert_true(o[1] == x % y);
    assert_true((uint64_t)o[2] == u / v);
    assert_true((uint64_t)o[3] == u % v);
    assert_true(o[4] == (int64_t)(((__int128)x * y) >> 64));
    assert_true((uint64_t)o[5] == (uint64_t)(((unsigned __int128)u * v) >> 64));
    assert_true((uint64_t)o[6] == u << (v & 63));
    assert_true(o[7] == x >> (v & 63));
    assert_true(o[8] == __builtin_popcountll(u) + (v == 0 ? 64 : __builtin_clzll(v)) * 100 +
                            __builtin_ffsll(x) * 10000);
    assert_true((uint64_t)o[9] == reversed);
    assert_true(o[10] == (int64_t)(int)x * (int)y);
    assert_true(o[11] == ((x < y) | (x <= y) << 1 | (u > v) << 2));
}

static void test_int64_matches(void **state)
{
    int64_t a[N], b[N];
    static int64_t out[N * 12];
    CUdeviceptr da, db, d;

    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = (int64_t)sim_random() >> (i % 50);
        b[i] = (int64_t)sim_random() >> (i * 7 % 60);
    }
    a[0] = INT64_MIN;
    b[0] = 3;
    da = sim_device(a, sizeof(a));
    db = sim_device(b, sizeof(b));
    d = sim_device(NULL, sizeof(out));
    run("math64.ptx", "int64", da, db, d);
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < N; i++) {
        check_int64(a[i], b[i] != 0 ? b[i] : 1, out + i * 12);
    }
}

static uint32_t byte_perm(uint32_t a, uint32_t b, uint32_t s)
{
    uint64_t both = (uint64_t)b << 32 | a;
    uint32_t r = 0;

    for (int k = 0; k < 4; k++) {
        r |= (uint32_t)(both >> ((s >> 4 * k & 7) * 8) & 0xff) << 8 * k;
    }
    return r;
}

static void check_int32(int x, int y, const int *o)
{
    uint32_t u = (uint32_t)x;
    uint32_t v = (uint32_t)y;
    uint64_t both = (uint64_t)v << 32 | u;

    assert_int_equal(o[0], y == -1 ? 0 : x / y);
    assert_int_equal(o[1], y == -1 ? 0 : x % y);
    assert_int_equal(o[2], (int)(u / v));
    assert_int_equal(o[3], (int)(u % v));
    assert_int_equal(o[4], (int)(((int64_t)x * y) >> 32));
    assert_int_equal(o[5], (int)(((uint64_t)u * v) >> 32));
    assert_int_equal(o[6], (int)byte_perm(u, v, 0x6172));
    assert_int_equal(o[7], (int)(both << 13 >> 32));
    assert_int_equal(o[8], (int)(both >> ((y & 63) > 32 ? 32 : (y & 63))));
    assert_int_equal(o[12], (int)((u & v) | ((~u & 0x00ff00ff) ^ v)));
    assert_int_equal(o[13], (int8_t)x + (int16_t)y + (uint8_t)u + (uint16_t)v);
    assert_int_equal(o[17], (int)((v & 40) > 31 ? 0 : u << (v & 40)));
    assert_int_equal(o[18], x >> ((y & 40) > 31 ? 31 : (y & 40)));
    assert_int_equal(o[19], (int16_t)x * (int16_t)y % 77 + ((x >> 3) & 0x1f) * 3);
}

static void test_int32_matches(void **state)
{
    int a[N], b[N];
    static int out[N * 20];
    CUdeviceptr da, db, d;

    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = (int)sim_random() >> (i % 30);
        b[i] = (int)sim_random() >> (i * 5 % 29);
        b[i] = b[i] == 0 ? 5 : b[i];
    }
    da = sim_device(a, sizeof(a));
    db = sim_device(b, sizeof(b));
    d = sim_device(NULL, sizeof(out));
    run("math64.ptx", "int32", da, db, d);
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < N; i++) {
        check_int32(a[i], b[i], out + i * 20);
    }
}

static void near(double got, double want, double relative)
{
    double bound = fabs(want) * relative + relative;

    if (!(fabs(got - want) <= bound)) {
        print_error("%.17g is not %.17g\n", got, want);
        fail();
    }
}

static void check_f64(double x, double y, const double *o)
{
    assert_true(o[0] == x + y);
    assert_true(o[1] == x - y);
    assert_true(o[2] == x * y);
    assert_true(o[3] == x / y);
    assert_true(o[4] == fma(x, y, 1.5));
    assert_true(o[5] == sqrt(fabs(x)));
    near(o[6], sin(x), 1e-15);
    near(o[7], exp(y * 0.01), 1e-15);
    near(o[8], log(fabs(x) + 1.0), 1e-15);
    assert_true(o[9] == floor(x) + ceil(y) + trunc(x) + rint(y));
    assert_true(o[10] == (double)(int64_t)x + (double)(uint32_t)fabs(y) + (double)(float)x);
    assert_true(o[11] == fmin(x, y) + fmax(x, y) + copysign(x, y));
    near(o[12], pow(fabs(x), 0.3), 1e-14);
    near(o[13], (x + y) - x * y + 1.0 / (y + 1000.0), 1e-14);
}

static void test_f64_matches(void **state)
{
    double a[N], b[N];
    static double out[N * 14];
    CUdeviceptr da, db, d;

    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = (double)(int64_t)sim_random() / 1e17;
        b[i] = (double)(int64_t)sim_random() / 1e16;
    }
    da = sim_device(a, sizeof(a));
    db = sim_device(b, sizeof(b));
    d = sim_device(NULL, sizeof(out));
    run("math.ptx", "f64", da, db, d);
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < N; i++) {
        check_f64(a[i], b[i], out + i * 14);
    }
}

static void check_f32(float x, float y, const float *o)
{
    assert_true(o[0] == x + y);
    /* The hardware's compiler may fuse these two; both are right. */
    assert_true(o[1] == fmaf(x, y, -x) || o[1] == x * y - x);
    assert_true(o[2] == x / y);
    assert_true(o[3] == sqrtf(fabsf(x)));
    near((double)o[4], 1.0 / sqrt(fabs((double)y) + 1.0), 1e-6);
    near((double)o[5], sin((double)x), 1e-6);
    near((double)o[6], exp((double)(y * 0.1f)), 1e-5);
    near((double)o[7], log(fabs((double)x) + 1.0), 1e-6);
    near((double)o[8], sin((double)(x * 0.01f)) + cos((double)(y * 0.01f)), 1e-5);
    near((double)o[9], exp((double)(y * 0.01f)) + log(fabs((double)x) + 2.0), 1e-5);
    assert_true(o[10] == floorf(x) + ceilf(y) + truncf(x) + rintf(y));
    assert_true(o[11] == fminf(x, y) + fmaxf(x, y) + copysignf(x, y));
    assert_true(o[12] == (float)(int)x + (float)(uint32_t)fabsf(y) + (float)(int64_t)x +
                             (float)(int16_t)(int)y);
    near((double)o[14], pow(fabs((double)x), 1.7) + tanh((double)y), 1e-4);
}

static void test_f32_matches(void **state)
{
    float a[N], b[N];
    static float out[N * 16];
    CUdeviceptr da, db, d;

    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = (float)(int64_t)sim_random() / 1e17f;
        b[i] = (float)(int64_t)sim_random() / 1e17f;
    }
    da = sim_device(a, sizeof(a));
    db = sim_device(b, sizeof(b));
    d = sim_device(NULL, sizeof(out));
    run("math.ptx", "f32", da, db, d);
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < N; i++) {
        check_f32(a[i], b[i], out + i * 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int64_matches),
        cmocka_unit_test(test_int32_matches),
        cmocka_unit_test(test_f64_matches),
        cmocka_unit_test(test_f32_matches),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
