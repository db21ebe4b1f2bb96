/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "test/ptx/px.h"

#define N 64

PX_CASE(groups, tiles)
{
    int32_t a[N];
    int32_t got[N];
    int32_t want[N];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)(px_random() % 1000);
    }
    for (int i = 0; i < N; i++) {
        int sum = 0;

        for (int k = 0; k < 8; k++) {
            sum += a[i / 8 * 8 + k];
        }
        want[i] = sum * 10 + i % 8 + i / 8 * 100 + (sum & 1);
    }
    p = px_in(a, sizeof(a));
    px_run("tiles", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static int compare(const void *a, const void *b)
{
    int32_t x;
    int32_t y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

PX_CASE(groups, coalesced)
{
    int32_t a[N];
    int32_t got[N] = {0};
    int32_t want[N];
    int32_t count = 0;
    int32_t n = 0;
    CUdeviceptr p;
    CUdeviceptr c = px_zero(4);
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)(px_random() % 1000);
        if (a[i] % 3 == 0) {
            want[count++] = a[i];
        }
    }
    p = px_in(a, sizeof(a));
    px_run("coalesced", 2, N / 2, PX_ARGS(&p, &c, &out));
    px_out(&n, c, 4);
    px_out(got, out, sizeof(got));
    px_expect(n == count, "the number of those that divide");
    qsort(got, (size_t)n, 4, compare);
    qsort(want, (size_t)n, 4, compare);
    px_same("numbers", got, want, (size_t)n, 4);
}

PX_CASE(groups, reduce)
{
    int32_t a[N];
    int32_t got[N * 4];
    int32_t want[N * 4];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)(px_random() % 10000) - 5000;
    }
    for (int i = 0; i < N; i++) {
        int32_t *o = want + (size_t)i * 4;
        int first = i / 32 * 32;

        memset(o, 0, 4 * sizeof(*o));
        o[1] = INT32_MAX;
        for (int k = first; k < first + 32; k++) {
            o[0] += a[k];
            o[1] = a[k] < o[1] ? a[k] : o[1];
            o[2] += k <= i ? a[k] : 0;
            o[3] ^= k < i ? a[k] : 0;
        }
    }
    p = px_in(a, sizeof(a));
    px_run("group_reduce", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(groups, partitions)
{
    uint32_t a[N];
    uint32_t got[N];
    uint32_t want[N];
    int size = 4;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (uint32_t)(px_random() % 256);
    }
    for (int i = 0; i < N; i++) {
        uint32_t same = 0;
        uint32_t rank = 0;
        uint32_t half = 0;

        for (int k = i / 32 * 32; k < i / 32 * 32 + 32; k++) {
            same += (a[k] & 3) == (a[i] & 3);
            rank += (a[k] & 3) == (a[i] & 3) && k < i;
            half += (a[k] & 1) == (a[i] & 1);
        }
        want[i] = a[i / 4 * 4] ^ same << 8 ^ rank << 16 ^ half << 24;
    }
    p = px_in(a, sizeof(a));
    px_run("partitions", 1, N, PX_ARGS(&p, &out, &size));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(groups, grid)
{
    int32_t a[128];
    int32_t want[128];
    int n = 128;
    CUdeviceptr p;

    for (int i = 0; i < n; i++) {
        want[i] = a[i] = (int32_t)(px_random() % 1000);
    }
    p = px_in(a, sizeof(a));
    for (int round = 0; round < 3; round++) {
        int32_t was[128];

        memcpy(was, want, sizeof(was));
        for (int i = 0; i < n; i++) {
            want[i] += was[(i + 1) % n];
        }
    }
    px_run_shape("grid_rounds", &(struct px_shape){{4, 1}, {32, 1}, 0, true}, PX_ARGS(&p, &n));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}
