/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

/* Calls, recursion, structures, switches, globals, blocks that wait for each other. */

struct pair {
    int x;
    long long y;
    char tag;
};
struct big {
    int v[12];
    double scale;
    struct pair p[2];
};

static CUmodule control;

static int setup(void **state)
{
    *state = sim_context();
    control = sim_module("control.ptx");
    return 0;
}

static long long fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void test_recursion_counts(void **state)
{
    long long out[16];
    CUdeviceptr d = sim_device(NULL, sizeof(out));

    (void)state;
    sim_launch(sim_function(control, "recursion"), 1, 16, 0, (void *[]){&d});
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < 16; i++) {
        assert_true(out[i] == fib(i));
    }
}

static void test_structs_by_value_arrive(void **state)
{
    struct big b = {.scale = 2.5};
    struct pair p = {7, 1000000007, 'a'};
    short s = -3;
    double out[12];
    CUdeviceptr d = sim_device(NULL, sizeof(out));
    size_t offset = 0;
    size_t size = 0;
    double sum = 0;

    (void)state;
    for (int i = 0; i < 12; i++) {
        b.v[i] = i * i - 30;
        sum += b.v[i];
    }
    b.p[1].y = 77;
    OK(cuFuncGetParamInfo(sim_function(control, "structs"), 1, &offset, &size));
    assert_int_equal(offset, sizeof(b));
    assert_int_equal(size, sizeof(p));
    sim_launch(sim_function(control, "structs"), 1, 12, 0, (void *[]){&b, &p, &s, &d});
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < 12; i++) {
        assert_true(out[i] == sum * 3.5 + (int)p.y * 1000.0 + p.x + ('a' + 1) * 0.5 + 77 - 3);
    }
}

static int switched(const int *in, int i)
{
    static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19};

    switch (in[i]) {
    case 0:
        return 10;
    case 1:
        return in[i + 1] * 3;
    case 2:
        return i;
    case 3:
        return -i;
    case 4:
        return in[0] ^ i;
    case 5:
        return i * i;
    case 6:
        return primes[i & 7];
    case 7:
        return 7;
    case 8:
        return 1 << (i & 7);
    default:
        return -1;
    }
}

static void test_switch_tables_jump(void **state)
{
    enum { N = 200 };
    int in[N + 1], out[N + 1];
    CUdeviceptr din, dout;
    int n = N;
    int sevens = 0;

    (void)state;
    for (int i = 0; i <= N; i++) {
        in[i] = (int)(sim_random() % 12) - 1;
        sevens += i < N && in[i] == 7;
    }
    din = sim_device(in, sizeof(in));
    dout = sim_device(NULL, sizeof(out));
    sim_launch(sim_function(control, "switches"), 2, 128, 0, (void *[]){&din, &dout, &n});
    sim_fetch(out, dout, sizeof(out));
    for (int i = 0; i < N; i++) {
        assert_int_equal(out[i], switched(in, i));
    }
    assert_int_equal(out[N], sevens);
}

static void test_globals_keep_values(void **state)
{
    static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19};
    CUmodule m = sim_module("control.ptx");
    int out[65];
    CUdeviceptr d = sim_device(NULL, sizeof(out));
    CUdeviceptr counter = 0;
    CUdeviceptr pointer = 0;
    CUdeviceptr value = 0;
    size_t size = 0;

    (void)state;
    OK(cuModuleGetGlobal(&counter, &size, m, "counter"));
    assert_int_equal(size, 4);
    OK(cuModuleGetGlobal(&pointer, &size, m, "pointer"));
    sim_fetch(&value, pointer, sizeof(value));
    assert_true(value == counter);
    sim_launch(sim_function(m, "globals"), 1, 64, 0, (void *[]){&d});
    sim_fetch(out, d, sizeof(out));
    for (int t = 0; t < 64; t++) {
        int at = 0;

        for (int i = 0; i < 32; i++) {
            at = ((i * 7 + t) & 31) == (t & 31) ? i : at;
        }
        assert_int_equal(out[t], at + primes[t & 7] * 100 + "hello"[t % 5]);
    }
    assert_int_equal(out[64], 5 + 64);
}

static void test_function_pointers_call(void **state)
{
    int out[32];
    CUdeviceptr d = sim_device(NULL, sizeof(out));

    (void)state;
    sim_launch(sim_function(control, "indirect"), 1, 32, 0, (void *[]){&d});
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < 32; i++) {
        assert_int_equal(out[i], i % 2 != 0 ? i * 3 : i + 3);
    }
}

static void test_grid_sync_waits_for_all_blocks(void **state)
{
    enum { BLOCKS = 20, THREADS = 64, N = BLOCKS * THREADS };
    CUfunction f = sim_function(sim_module("grid.ptx"), "grid_sync");
    static int out[N];
    CUdeviceptr d = sim_device(NULL, sizeof(out));
    int n = N;

    (void)state;
    OK(cuLaunchCooperativeKernel(f, BLOCKS, 1, 1, THREADS, 1, 1, 0, NULL, (void *[]){&d, &n}));
    OK(cuCtxSynchronize());
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < N; i++) {
        assert_int_equal(out[i], (i + THREADS) % N);
    }
}

static void test_blocks_that_wait_for_later_ones_end(void **state)
{
    enum { BLOCKS = 24 };
    CUfunction f = sim_function(sim_module("grid.ptx"), "chain");
    int out[BLOCKS];
    CUdeviceptr d = sim_device(NULL, sizeof(out));
    CUdeviceptr turn = sim_device(NULL, sizeof(int));

    (void)state;
    sim_launch(f, BLOCKS, 32, 0, (void *[]){&turn, &d});
    sim_fetch(out, d, sizeof(out));
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(out[i], i * 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recursion_counts),
        cmocka_unit_test(test_structs_by_value_arrive),
        cmocka_unit_test(test_switch_tables_jump),
        cmocka_unit_test(test_globals_keep_values),
        cmocka_unit_test(test_function_pointers_call),
        cmocka_unit_test(test_grid_sync_waits_for_all_blocks),
        cmocka_unit_test(test_blocks_that_wait_for_later_ones_end),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
