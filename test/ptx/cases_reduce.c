/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

#define N 700

/* Sum, least, greatest of n numbers of each type. */
#define REDUCE(name, type, sum_type, number)                                                       \
    PX_CASE(reduce, name)                                                                          \
    {                                                                                              \
        static type a[N];                                                                          \
        type got[3];                                                                               \
        type want[3];                                                                              \
        int n = N;                                                                                 \
        sum_type sum = 0;                                                                          \
        CUdeviceptr p;                                                                             \
        CUdeviceptr out = px_zero(sizeof(got));                                                    \
                                                                                                   \
        for (int i = 0; i < N; i++) {                                                              \
            a[i] = (type)(number);                                                                 \
            sum = (sum_type)(sum + (sum_type)a[i]);                                                \
            want[1] = i == 0 || a[i] < want[1] ? a[i] : want[1];                                   \
            want[2] = i == 0 || a[i] > want[2] ? a[i] : want[2];                                   \
        }                                                                                          \
        want[0] = (type)sum;                                                                       \
        p = px_in(a, sizeof(a));                                                                   \
        px_run("reduce_" #name, 1, 128, PX_ARGS(&p, &n, &out));                                    \
        px_out(got, out, sizeof(got));                                                             \
        PX_SAME(got, want);                                                                        \
    }

REDUCE(i8, int8_t, uint32_t, px_random())
REDUCE(u8, uint8_t, uint32_t, px_random())
REDUCE(i16, int16_t, uint32_t, px_random())
REDUCE(u16, uint16_t, uint32_t, px_random())
REDUCE(i32, int32_t, uint32_t, px_random())
REDUCE(u32, uint32_t, uint32_t, px_random())
REDUCE(i64, int64_t, uint64_t, px_random())
REDUCE(u64, uint64_t, uint64_t, px_random())
REDUCE(f32, float, float, px_random_float())
REDUCE(f64, double, double, px_random_float())

PX_CASE(reduce, last)
{
    static uint32_t a[N];
    uint32_t got[1] = {0};
    uint32_t want[1] = {0};
    int n = N;
    CUdeviceptr p;
    CUdeviceptr partial = px_zero(5 * 4);
    CUdeviceptr out = px_zero(4);

    for (int i = 0; i < N; i++) {
        a[i] = (uint32_t)px_random();
        want[0] += a[i];
    }
    p = px_in(a, sizeof(a));
    for (int round = 0; round < 2; round++) { /* the counter is as before after each */
        px_run("reduce_last", 5, 64, PX_ARGS(&p, &n, &partial, &out));
        px_out(got, out, sizeof(got));
        PX_SAME(got, want);
    }
}

PX_CASE(histogram, shared)
{
    static uint8_t a[N];
    uint32_t got[256];
    uint32_t want[256] = {0};
    int n = N;
    CUdeviceptr p;
    CUdeviceptr bins = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (uint8_t)(px_random() & px_random());
        want[a[i]]++;
    }
    p = px_in(a, sizeof(a));
    px_run("histogram_shared", 3, 96, PX_ARGS(&p, &n, &bins));
    px_out(got, bins, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(histogram, match)
{
    static uint8_t a[256];
    uint32_t got[16];
    uint32_t want[16] = {0};
    CUdeviceptr p;
    CUdeviceptr bins = px_zero(sizeof(got));

    for (int i = 0; i < 256; i++) {
        a[i] = (uint8_t)px_random();
        want[a[i] & 15]++;
    }
    p = px_in(a, sizeof(a));
    px_run("histogram_match", 2, 128, PX_ARGS(&p, &bins));
    px_out(got, bins, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(histogram, packed)
{
    static uint8_t a[32 * 20];
    uint32_t got[64];
    uint32_t want[64] = {0};
    int n = 20;
    CUdeviceptr p;
    CUdeviceptr bins = px_zero(sizeof(got));

    for (int i = 0; i < 32 * 20; i++) {
        a[i] = (uint8_t)px_random();
        want[a[i] & 63]++;
    }
    p = px_in(a, sizeof(a));
    px_run("histogram_packed", 1, 32, PX_ARGS(&p, &n, &bins));
    px_out(got, bins, sizeof(got));
    PX_SAME(got, want);
}
