/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "test/ptx/px.h"

#define COMPARE(name, type)                                                                        \
    static int compare_##name(const void *a, const void *b)                                        \
    {                                                                                              \
        type x;                                                                                    \
        type y;                                                                                    \
                                                                                                   \
        memcpy(&x, a, sizeof(x));                                                                  \
        memcpy(&y, b, sizeof(y));                                                                  \
        return x < y ? -1 : x > y;                                                                 \
    }

COMPARE(u32, uint32_t)
COMPARE(i32, int32_t)
COMPARE(i16, int16_t)
COMPARE(i8, int8_t)
COMPARE(i64, int64_t)
COMPARE(f32, float)
COMPARE(f64, double)

#define SORTED(array, name)                                                                        \
    qsort(array, sizeof(array) / sizeof((array)[0]), sizeof((array)[0]), compare_##name)

PX_CASE(sort, bitonic_block)
{
    static uint32_t a[512];
    static uint32_t got[512];
    int n = 512;
    CUdeviceptr p;

    for (int i = 0; i < n; i++) {
        a[i] = (uint32_t)px_random();
    }
    p = px_in(a, sizeof(a));
    px_run("bitonic_block", 1, 256, PX_ARGS(&p, &n));
    SORTED(a, u32);
    px_out(got, p, sizeof(got));
    PX_SAME(got, a);
}

PX_CASE(sort, bitonic_step)
{
    static float a[256];
    static float got[256];
    CUdeviceptr p;

    for (int i = 0; i < 256; i++) {
        a[i] = px_random_float();
    }
    p = px_in(a, sizeof(a));
    for (unsigned k = 2; k <= 256; k *= 2) {
        for (unsigned j = k / 2; j > 0; j /= 2) {
            px_run("bitonic_step", 4, 64, PX_ARGS(&p, &j, &k));
        }
    }
    px_out(got, p, sizeof(got));
    SORTED(a, f32);
    PX_SAME(got, a);
}

PX_CASE(sort, odd_even)
{
    static int16_t a[99];
    static int16_t got[99];
    int n = 99;
    CUdeviceptr p;

    for (int i = 0; i < n; i++) {
        a[i] = (int16_t)px_random();
    }
    p = px_in(a, sizeof(a));
    px_run("odd_even", 1, 64, PX_ARGS(&p, &n));
    px_out(got, p, sizeof(got));
    SORTED(a, i16);
    PX_SAME(got, a);
}

PX_CASE(sort, radix_block)
{
    static uint32_t a[256];
    static uint32_t got[256];
    CUdeviceptr p;

    for (int i = 0; i < 256; i++) {
        a[i] = (uint32_t)px_random();
    }
    p = px_in(a, sizeof(a));
    px_run("radix_block", 1, 256, PX_ARGS(&p));
    px_out(got, p, sizeof(got));
    SORTED(a, u32);
    PX_SAME(got, a);
}

PX_CASE(sort, insertion_rows)
{
    static int8_t a[64][24];
    static int8_t got[64 * 24];
    CUdeviceptr p;

    for (int i = 0; i < 64 * 24; i++) {
        a[i / 24][i % 24] = (int8_t)px_random();
    }
    p = px_in(a, sizeof(a));
    px_run("insertion_rows", 2, 32, PX_ARGS(&p));
    px_out(got, p, sizeof(got));
    for (int i = 0; i < 64; i++) {
        SORTED(a[i], i8);
    }
    px_same("rows", got, a, sizeof(got), 1);
}

PX_CASE(sort, rank_sort)
{
    static double a[150];
    static double got[150];
    int n = 150;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        a[i] = (double)px_random_float();
    }
    p = px_in(a, sizeof(a));
    px_run("rank_sort", 3, 64, PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    SORTED(a, f64);
    PX_SAME(got, a);
}

PX_CASE(sort, merge_sorted)
{
    static int64_t a[230];
    static int64_t got[230];
    int na = 100;
    int nb = 130;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 230; i++) {
        a[i] = (int64_t)(px_random() % 500) - 250;
    }
    qsort(a, 100, sizeof(a[0]), compare_i64);
    qsort(a + 100, 130, sizeof(a[0]), compare_i64);
    p = px_in(a, 100 * sizeof(a[0]));
    q = px_in(a + 100, 130 * sizeof(a[0]));
    px_run("merge_sorted", 4, 64, PX_ARGS(&p, &na, &q, &nb, &out));
    px_out(got, out, sizeof(got));
    SORTED(a, i64);
    PX_SAME(got, a);
}

PX_CASE(sort, quick_rows)
{
    static int32_t a[32][40];
    static int32_t got[32 * 40];
    int n = 40;
    CUdeviceptr p;

    for (int i = 0; i < 32 * 40; i++) {
        a[i / 40][i % 40] = (int32_t)px_random() % 1000;
    }
    p = px_in(a, sizeof(a));
    px_run("quick_rows", 1, 32, PX_ARGS(&p, &n));
    px_out(got, p, sizeof(got));
    for (int i = 0; i < 32; i++) {
        SORTED(a[i], i32);
    }
    px_same("rows", got, a, 32 * 40, 4);
}
