/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

#define N 64
/* %nwarpid of every multiprocessor so far is at most this. */
#define WARPS_MAX 64u

static void fill(uint32_t *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a[i] = (uint32_t)px_random();
    }
}

PX_CASE(warp, shuffles)
{
    uint32_t a[N];
    static uint32_t got[N * 8];
    static uint32_t want[N * 8];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(a, N);
    for (int i = 0; i < N; i++) {
        const uint32_t *w = a + i / 32 * 32;
        uint32_t *o = want + (size_t)i * 8;
        int l = i % 32;

        o[0] = w[l * 7 % 32];
        o[1] = w[l >= 3 ? l - 3 : l];
        o[2] = w[l + 5 < 32 ? l + 5 : l];
        o[3] = w[l ^ 9];
        o[4] = w[l / 8 * 8 + (l + 1) % 8];
        o[5] = w[l % 16 >= 2 ? l - 2 : l];
        o[6] = w[l % 4 + 1 < 4 ? l + 1 : l];
        o[7] = w[l ^ 2] << 20;
    }
    p = px_in(a, sizeof(a));
    px_run("shuffles", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(warp, votes)
{
    uint32_t a[N];
    static uint32_t got[N * 6];
    static uint32_t want[N * 6];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(a, N);
    memset(a + 32, 0x5a, 32 * sizeof(a[0])); /* the second warp agrees */
    for (int i = 0; i < N; i++) {
        uint32_t *o = want + (size_t)i * 6;
        bool same = true;

        memset(o, 0, 6 * sizeof(*o));
        o[2] = 1;
        o[4] = UINT32_MAX;
        for (int k = 0; k < 32; k++) {
            uint32_t v = a[i / 32 * 32 + k];

            o[0] |= (v & 1) << k;
            o[1] |= v > 0xf0000000u;
            o[2] &= v < 0xf0000000u;
            o[3] |= (uint32_t)((v & 3) == (a[i] & 3)) << k;
            same &= v == a[i];
        }
        o[5] = same ? 7 : 0;
    }
    p = px_in(a, sizeof(a));
    px_run("votes", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < N; i++) { /* the order of evaluation of the flag is open */
        got[i * 6 + 5] |= (got[i * 6 + 5] & 2) >> 1;
        got[i * 6 + 5] &= (got[i * 6 + 5] & 2) != 0 ? 7u : 4u;
    }
    PX_SAME(got, want);
}

PX_CASE(warp, divergent)
{
    int32_t a[N];
    int32_t got[N];
    int32_t sum[N];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    fill((uint32_t *)a, N);
    for (int i = 0; i < N; i++) {
        int l = i % 32;
        uint32_t s = 0;

        if (l % 3 == 0) {
            for (int d = 3; d < 32; d *= 2) {
                s += (uint32_t)a[i / 32 * 32 + (l + d) % 33];
            }
        } else {
            for (int k = 0; k < l; k++) {
                s ^= (uint32_t)a[i] + (uint32_t)k;
            }
        }
        sum[i] = (int32_t)s;
    }
    p = px_in(a, sizeof(a));
    px_run("divergent", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < N; i++) {
        uint32_t rest = (uint32_t)got[i] - (uint32_t)sum[i] - (uint32_t)sum[i / 32 * 32];

        px_expect(rest >= 1 && rest <= 32, "a sum, and the lanes that are active");
    }
}

PX_CASE(warp, reduce)
{
    double a[N];
    double got[2];
    double want[2] = {0};
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (double)px_random_float();
        want[i / 32] += a[i];
    }
    p = px_in(a, sizeof(a));
    px_run("warp_reduce", 2, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static void run_lock(const char *kernel)
{
    int32_t count = 0;
    CUdeviceptr lock = px_zero(4);
    CUdeviceptr p = px_zero(4);

    px_run(kernel, 2, 64, PX_ARGS(&lock, &p));
    px_out(&count, p, 4);
    px_expect(count == 128, "the number of those that had the lock");
}

PX_CASE(warp, spin_lock)
{
    run_lock("spin_lock");
}

PX_CASE(warp, spin_lock_strict)
{
    run_lock("spin_lock_strict");
}

PX_CASE(warp, ring)
{
    int32_t got[N];
    int32_t want[N];
    CUdeviceptr flag = px_zero(sizeof(got));
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        want[i] = i == 0 ? 1 : want[i - 1] + i;
    }
    px_run("ring", 1, N, PX_ARGS(&flag, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(warp, lanes)
{
    static uint32_t got[N * 7];
    static uint32_t want[N * 7];
    CUdeviceptr out = px_zero(sizeof(got));

    for (uint32_t i = 0; i < N; i++) {
        uint32_t l = i % 32;
        uint32_t eq = 1u << l;
        uint32_t o[7] = {l, eq - 1, eq | (eq - 1), eq, ~(eq - 1), ~(eq | (eq - 1)), 0};

        memcpy(want + (size_t)i * 7, o, sizeof(o));
    }
    px_run("lanes", 1, N, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < N; i++) { /* which number a warp has is open */
        px_expect(got[i * 7 + 6] < WARPS_MAX, "%warpid is a number of a multiprocessor's warp");
        got[i * 7 + 6] = 0;
    }
    PX_SAME(got, want);
}

PX_CASE(redux, redux)
{
    uint32_t a[N];
    static uint32_t got[N * 8];
    static uint32_t want[N * 8];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    fill(a, N);
    for (int i = 0; i < N; i++) {
        uint32_t o[8] = {0, UINT32_MAX, 0, INT32_MAX, 0x80000000u, UINT32_MAX, 0, 0};

        for (int k = 0; k < 32; k++) {
            uint32_t v = a[i / 32 * 32 + k];

            o[0] += v;
            o[1] = v < o[1] ? v : o[1];
            o[2] = v > o[2] ? v : o[2];
            o[3] = (int32_t)v < (int32_t)o[3] ? v : o[3];
            o[4] = (int32_t)v > (int32_t)o[4] ? v : o[4];
            o[5] &= v;
            o[6] |= v;
            o[7] ^= k % 2 == i % 2 ? v : 0;
        }
        memcpy(want + (size_t)i * 8, o, sizeof(o));
    }
    p = px_in(a, sizeof(a));
    px_run("redux", 2, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(redux, async_copy)
{
    float a[512];
    float got[128];
    float want[128];
    int n = 512;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        a[i] = px_random_float();
    }
    for (int t = 0; t < 128; t++) {
        want[t] = t == 0 ? a[0] : 0;
        for (int k = 0; k < n; k += 128) {
            want[t] += a[k + (t * 5 & 127)];
        }
    }
    p = px_in(a, sizeof(a));
    px_run("async_copy", 1, 128, PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(redux, mbarrier)
{
    int32_t a[128];
    int32_t got[128];
    int32_t want[128];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 128; i++) {
        a[i] = (int32_t)(px_random() % 1000);
    }
    for (int t = 0; t < 128; t++) {
        want[t] = 0;
        for (int r = 0; r < 4; r++) {
            want[t] += (a[(t + r + 1) & 127] + r) * (r + 1);
        }
    }
    p = px_in(a, sizeof(a));
    px_run("mbarrier", 1, 128, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(redux, big_tiles)
{
    int32_t a[256];
    int32_t got[256];
    int32_t want[256];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 256; i++) {
        a[i] = (int32_t)(px_random() % 200);
    }
    for (int i = 0; i < 256; i++) {
        const int32_t *tile = a + i / 64 * 64;
        bool any = false;

        want[i] = tile[40] + i % 64;
        for (int k = 0; k < 64; k++) {
            want[i] += tile[k];
            any |= tile[k] == 7;
        }
        want[i] += any ? 100000 : 0;
    }
    p = px_in(a, sizeof(a));
    px_run("big_tiles", 1, 256, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
