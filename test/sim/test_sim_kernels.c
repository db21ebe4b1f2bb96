/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

/* Compiled kernels, against the same computed here. */

static int setup(void **state)
{
    *state = sim_context();
    return 0;
}

static int teardown(void **state)
{
    OK(cuCtxDestroy(*state));
    return 0;
}

static void test_vecadd_large_matches(void **state)
{
    enum { N = 1 << 16 };
    CUfunction f = sim_function(sim_module("vecadd.ptx"), "vecadd");
    float *a = malloc(N * sizeof(float));
    float *b = malloc(N * sizeof(float));
    float *c = malloc(N * sizeof(float));
    CUdeviceptr da, db, dc;
    int n = N;

    (void)state;
    for (int i = 0; i < N; i++) {
        a[i] = (float)(sim_random() % 1000) / 7.0f;
        b[i] = (float)i;
    }
    da = sim_device(a, N * sizeof(float));
    db = sim_device(b, N * sizeof(float));
    dc = sim_device(NULL, N * sizeof(float));
    sim_launch(f, N / 256, 256, 0, (void *[]){&da, &db, &dc, &n});
    sim_fetch(c, dc, N * sizeof(float));
    for (int i = 0; i < N; i++) {
        assert_true(c[i] == a[i] + b[i]);
    }
    free(a);
    free(b);
    free(c);
}

static void test_vector_types_match(void **state)
{
    enum { N = 1000 };
    CUfunction f = sim_function(sim_module("vecadd.ptx"), "saxpy4");
    static float x[N * 4], y[N * 4], got[N * 4];
    CUdeviceptr dx, dy;
    float a = 2.5f;
    int n = N;

    (void)state;
    for (int i = 0; i < N * 4; i++) {
        x[i] = (float)(sim_random() % 512);
        y[i] = (float)(sim_random() % 512);
    }
    dx = sim_device(x, sizeof(x));
    dy = sim_device(y, sizeof(y));
    sim_launch(f, 3, 64, 0, (void *[]){&dy, &dx, &a, &n});
    sim_fetch(got, dy, sizeof(got));
    for (int i = 0; i < N * 4; i++) {
        assert_true(got[i] == y[i] + a * x[i]);
    }
}

static void test_matmul_tiled_matches(void **state)
{
    enum { N = 64 };
    CUfunction f = sim_function(sim_module("matmul.ptx"), "matmul");
    static float a[N * N], b[N * N], c[N * N];
    CUdeviceptr da, db, dc;
    int n = N;
    int shared = 0;

    (void)state;
    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(sim_random() % 16);
        b[i] = (float)(sim_random() % 16);
    }
    da = sim_device(a, sizeof(a));
    db = sim_device(b, sizeof(b));
    dc = sim_device(NULL, sizeof(c));
    OK(cuFuncGetAttribute(&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f));
    assert_int_equal(shared, 2 * 16 * 16 * 4);
    OK(cuLaunchKernel(f, N / 16, N / 16, 1, 16, 16, 1, 0, NULL, (void *[]){&da, &db, &dc, &n},
                      NULL));
    OK(cuCtxSynchronize());
    sim_fetch(c, dc, sizeof(c));
    for (int i = 0; i < N * N; i++) {
        float sum = 0;

        for (int k = 0; k < N; k++) {
            sum += a[i / N * N + k] * b[k * N + i % N];
        }
        assert_true(c[i] == sum);
    }
}

static void test_dynamic_shared_reverses(void **state)
{
    enum { N = 512 };
    CUfunction f = sim_function(sim_module("matmul.ptx"), "reverse");
    int data[N];
    CUdeviceptr d;
    int n = N;

    (void)state;
    for (int i = 0; i < N; i++) {
        data[i] = i * 3;
    }
    d = sim_device(data, sizeof(data));
    sim_launch(f, 1, N, N * sizeof(int), (void *[]){&d, &n});
    sim_fetch(data, d, sizeof(data));
    for (int i = 0; i < N; i++) {
        assert_int_equal(data[i], (N - 1 - i) * 3);
    }
}

static void test_reduction_sums(void **state)
{
    enum { N = 10000 };
    CUfunction f = sim_function(sim_module("reduce.ptx"), "reduce");
    static int in[N];
    int want = 0;
    int got;
    CUdeviceptr din, dout;
    int n = N;

    (void)state;
    for (int i = 0; i < N; i++) {
        in[i] = (int)(sim_random() % 2001) - 1000;
        want += in[i];
    }
    din = sim_device(in, sizeof(in));
    dout = sim_device(NULL, sizeof(got));
    sim_launch(f, 7, 224, 0, (void *[]){&din, &dout, &n});
    sim_fetch(&got, dout, sizeof(got));
    assert_int_equal(got, want);
}

static unsigned same(const int *in, int v, int mod)
{
    unsigned mask = 0;

    for (int k = 0; k < 32; k++) {
        mask |= in[k] % mod == v % mod ? 1u << k : 0;
    }
    return mask;
}

static unsigned above(const int *in, int bound)
{
    unsigned mask = 0;

    for (int k = 0; k < 32; k++) {
        mask |= in[k] > bound ? 1u << k : 0;
    }
    return mask;
}

static void check_lane(const int *in, const unsigned *o, unsigned k)
{
    unsigned odd = 0;

    for (int m = 0; m < 32; m++) {
        odd |= (in[m] & 1) != 0 ? 1u << m : 0;
    }
    assert_int_equal(o[0], in[k < 3 ? k : k - 3]);
    assert_int_equal(o[1], in[(k & 16) | ((k * 7) & 15)]);
    assert_int_equal(o[2], odd);
    assert_int_equal(o[3], (same(in, 5, 1 << 20) != 0) | 2);
    assert_int_equal(o[4], same(in, in[k], 3));
    assert_int_equal(o[5], k % 2 != 0 ? 0xaaaaaaaau : 0x55555555u);
    assert_int_equal(o[6], in[k % 2 != 0 ? k ^ 2 : k ^ 4]);
    assert_int_equal(o[7], 0);
    assert_int_equal(o[8], __builtin_popcount(above(in, 50) & ((1u << k) - 1)));
    assert_int_equal(o[9], in[(k & 7) == 7 ? k : k + 1]);
}

static void test_warp_operations_match(void **state)
{
    CUfunction f = sim_function(sim_module("reduce.ptx"), "warp_ops");
    int in[32];
    unsigned out[320];
    CUdeviceptr din, dout;

    (void)state;
    for (int i = 0; i < 32; i++) {
        in[i] = (int)(sim_random() % 100);
    }
    din = sim_device(in, sizeof(in));
    dout = sim_device(NULL, sizeof(out));
    sim_launch(f, 1, 32, 0, (void *[]){&din, &dout});
    sim_fetch(out, dout, sizeof(out));
    for (unsigned k = 0; k < 32; k++) {
        check_lane(in, out + k * 10, k);
    }
}

static void test_barrier_reductions_match(void **state)
{
    CUfunction f = sim_function(sim_module("reduce.ptx"), "sync_count");
    int out[100 * 3];
    CUdeviceptr d = sim_device(NULL, sizeof(out));

    (void)state;
    sim_launch(f, 1, 100, 0, (void *[]){&d});
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(out[i * 3], 34);
        assert_false(out[i * 3 + 1]);
        assert_true(out[i * 3 + 2]);
    }
}

static void test_histogram_counts(void **state)
{
    enum { N = 20000 };
    CUfunction f = sim_function(sim_module("atomics.ptx"), "histogram");
    static unsigned char in[N];
    unsigned want[256] = {0};
    unsigned got[256];
    CUdeviceptr din, dout;
    int n = N;

    (void)state;
    for (int i = 0; i < N; i++) {
        in[i] = (unsigned char)(sim_random() >> 20);
        want[in[i]]++;
    }
    din = sim_device(in, N);
    dout = sim_device(NULL, sizeof(got));
    sim_launch(f, 5, 128, 0, (void *[]){&din, &dout, &n});
    sim_fetch(got, dout, sizeof(got));
    assert_memory_equal(got, want, sizeof(got));
}

static void test_atomics_all_operations(void **state)
{
    CUfunction f = sim_function(sim_module("atomics.ptx"), "atomics");
    unsigned u[10] = {1000, 0, ~0u, 0, 0, 0, 0, 0, 0, 0};
    int s[2] = {0, -1000};
    unsigned long long l[3] = {0, 0, 0};
    float fl = 0;
    double d = 0;
    unsigned x = 0;
    CUdeviceptr du = sim_device(u, sizeof(u)), ds = sim_device(s, sizeof(s));
    CUdeviceptr dl = sim_device(l, sizeof(l)), df = sim_device(&fl, 4), dd = sim_device(&d, 8);

    (void)state;
    sim_launch(f, 4, 64, 0, (void *[]){&du, &ds, &dl, &df, &dd});
    sim_fetch(u, du, sizeof(u));
    sim_fetch(s, ds, sizeof(s));
    sim_fetch(l, dl, sizeof(l));
    sim_fetch(&fl, df, 4);
    sim_fetch(&d, dd, 8);
    for (unsigned i = 0; i < 256; i++) {
        x ^= i;
    }
    assert_int_equal(u[0], 0);
    assert_int_equal(u[1], 255);
    assert_int_equal(u[2], 0);
    assert_int_equal(u[3], ~0u);
    assert_int_equal(u[4], x);
    assert_int_equal(u[5], 256 % 100);
    assert_int_equal(u[6], (100 - 256 % 100) % 100);
    assert_int_equal(u[7], 7);
    assert_int_equal(u[8], 0);
    assert_int_equal(u[9], 256);
    assert_int_equal(s[0], -255);
    assert_int_equal(s[1], -3);
    assert_true(l[0] == 256ull << 33);
    assert_true(l[1] == 255ull << 40);
    assert_true(l[2] == 42);
    assert_true(fl == 128.0f);
    assert_true(d == 64.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vecadd_large_matches),
        cmocka_unit_test(test_vector_types_match),
        cmocka_unit_test(test_matmul_tiled_matches),
        cmocka_unit_test(test_dynamic_shared_reverses),
        cmocka_unit_test(test_reduction_sums),
        cmocka_unit_test(test_warp_operations_match),
        cmocka_unit_test(test_barrier_reductions_match),
        cmocka_unit_test(test_histogram_counts),
        cmocka_unit_test(test_atomics_all_operations),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
