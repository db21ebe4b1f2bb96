/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

/* Atomic operations and barriers. */

#define N 96

struct cells {
    int32_t i[8];
    uint32_t u[8];
    int64_t l[3];
    uint64_t ul[6];
    float f;
    double d;
};

/* The same operations one after another; their results do not depend on the order. */
static void one(struct cells *c, int32_t v)
{
    uint32_t u = (uint32_t)v;
    uint64_t w = (uint64_t)(int64_t)v;

    c->i[0] = (int32_t)((uint32_t)c->i[0] + u);
    c->i[1] = (int32_t)((uint32_t)c->i[1] - u);
    c->i[2] = v < c->i[2] ? v : c->i[2];
    c->i[3] = v > c->i[3] ? v : c->i[3];
    c->i[4] &= v | 0xff;
    c->i[5] |= v & 0xff00;
    c->i[6] ^= v;
    c->i[7]++;
    c->u[0] += u;
    c->u[1] = u < c->u[1] ? u : c->u[1];
    c->u[2] = u > c->u[2] ? u : c->u[2];
    c->u[3] = c->u[3] >= 100 ? 0 : c->u[3] + 1;
    c->u[4] = c->u[4] == 0 || c->u[4] > 100 ? 100 : c->u[4] - 1;
    c->u[5]++;
    c->l[0] = (int64_t)(w << 8) < c->l[0] ? (int64_t)(w << 8) : c->l[0];
    c->l[1] = (int64_t)(w << 8) > c->l[1] ? (int64_t)(w << 8) : c->l[1];
    c->ul[0] += w;
    c->ul[1] &= w | 1;
    c->ul[2] |= w << 20;
    c->ul[3] ^= w << 7;
    c->ul[4] = w > c->ul[4] ? w : c->ul[4];
    c->ul[5] = w < c->ul[5] ? w : c->ul[5];
    c->f += 1;
    c->d += 0.5;
}

PX_CASE(atomics, all)
{
    int32_t a[N];
    struct cells got;
    struct cells want;
    CUdeviceptr p;
    CUdeviceptr cells;

    memset(&want, 0, sizeof(want));
    want.i[4] = -1;
    want.u[1] = UINT32_MAX;
    want.ul[1] = UINT64_MAX;
    want.ul[5] = UINT64_MAX;
    cells = px_in(&want, sizeof(want));
    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)px_random();
        one(&want, a[i]);
    }
    p = px_in(a, sizeof(a));
    px_run("atomics", 3, N / 3, PX_ARGS(&cells, &p));
    px_out(&got, cells, sizeof(got));
    px_same("cells", &got, &want, sizeof(want) / 4, 4);
}

PX_CASE(atomics, swaps)
{
    uint32_t got32 = 0;
    uint64_t got64 = 0;
    uint16_t got16 = 0;
    uint32_t want = 0;
    CUdeviceptr a = px_zero(4);
    CUdeviceptr b = px_zero(8);
    CUdeviceptr c = px_zero(4);

    for (int i = 0; i < 64; i++) {
        want = want * 3 + 1;
    }
    px_run("swaps", 2, 32, PX_ARGS(&a, &b, &c));
    px_out(&got32, a, 4);
    px_out(&got64, b, 8);
    px_out(&got16, c, 2);
    px_expect(got32 == want, "the product in 32 bits");
    px_expect(got64 == UINT64_C(64) * 0x100000001, "the sum in 64 bits");
    px_expect(got16 == 64 * 5, "the sum in 16 bits");
}

PX_CASE(atomics, list)
{
    int32_t sum = 0;
    int32_t count = 0;
    CUdeviceptr nodes = px_zero((size_t)N * 16);
    CUdeviceptr head = px_zero(8);
    CUdeviceptr s = px_zero(4);
    CUdeviceptr n = px_zero(4);

    px_run("push", 3, N / 3, PX_ARGS(&nodes, &head));
    px_run("walk", 1, 1, PX_ARGS(&head, &s, &n));
    px_out(&sum, s, 4);
    px_out(&count, n, 4);
    px_expect(count == N && sum == N * (N - 1) / 2, "the list holds every node once");
}

PX_CASE(atomics, shared)
{
    int32_t a[N];
    int32_t got[6];
    int32_t want[6] = {0, 0, 1 << 30, 77, 0, 2 * N};
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)(px_random() % 1000);
        want[0] += a[i];
        want[1] = a[i] > want[1] ? a[i] : want[1];
        want[2] = a[i] < want[2] ? a[i] : want[2];
    }
    want[4] = want[0];
    p = px_in(a, sizeof(a));
    px_run("shared_atomics", 1, N, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(barriers, votes)
{
    int32_t a[N];
    int32_t got[N];
    int32_t want[N];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        a[i] = (int32_t)(px_random() % 60) + (i < 48 ? 0 : 40);
    }
    for (int i = 0; i < N; i++) {
        int count = 0;
        bool all = true;
        bool any = false;

        for (int k = i / 48 * 48; k < i / 48 * 48 + 48; k++) {
            count += a[k] & 1;
            all &= a[k] > 0;
            any |= a[k] > 90;
        }
        want[i] = count * 4 + all * 2 + any;
    }
    p = px_in(a, sizeof(a));
    px_run("block_votes", 2, 48, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(barriers, named)
{
    int32_t a[5 * 64];
    int32_t got[64];
    int32_t want[64];
    int rounds = 5;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 5 * 64; i++) {
        a[i] = (int32_t)(px_random() % 1000);
    }
    for (int t = 64; t < 128; t++) {
        want[t - 64] = 0;
        for (int r = 0; r < rounds; r++) {
            want[t - 64] += 2 * a[r * 64 + ((t * 3 + r) & 63)];
        }
    }
    p = px_in(a, sizeof(a));
    px_run("named", 1, 128, PX_ARGS(&p, &out, &rounds));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(barriers, leavers)
{
    int32_t got[N];
    int32_t want[N];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N; i++) {
        want[i] = i % 5 == 4 ? 0 : N - N / 5;
    }
    px_run("leavers", 1, N, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(barriers, rotate)
{
    int32_t a[3 * N];
    int32_t want[3 * N];
    CUdeviceptr p;

    for (int i = 0; i < 3 * N; i++) {
        a[i] = (int32_t)px_random();
    }
    for (int i = 0; i < 3 * N; i++) {
        want[i] = a[i / N * N + (i % N + i / N + 1) % N];
    }
    p = px_in(a, sizeof(a));
    px_run("rotate", 3, N, PX_ARGS(&p));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}
