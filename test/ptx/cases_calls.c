/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/px.h"

/* Recursion, and calls through pointers. */

static int fib(int n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

PX_CASE(recursion, fibonacci)
{
    int32_t got[16];
    int32_t want[16];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 16; i++) {
        want[i] = fib(i);
    }
    px_run("fibonacci", 1, 16, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(recursion, ackermann)
{
    uint32_t got[32];
    uint32_t want[32];
    CUdeviceptr out = px_zero(sizeof(got));

    for (uint32_t i = 0; i < 32; i++) {
        want[i] = 2 * (i % 8) + 3; /* of 2 and n */
    }
    px_run("ackermann", 1, 32, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

struct node {
    int left;
    int right;
    int value;
};

static int64_t tree_sum(const struct node *t, int at, int depth)
{
    int local[4] = {depth, at, at < 0 ? 0 : t[at].value, 1};

    if (at < 0) {
        return 0;
    }
    return tree_sum(t, t[at].left, depth + 1) + tree_sum(t, t[at].right, depth + 1) +
           (int64_t)local[depth & 3] * local[(at + 2) & 3];
}

PX_CASE(recursion, tree)
{
    static struct node t[100];
    int64_t got[32];
    int64_t want[32];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 100; i++) {
        t[i] = (struct node){2 * i + 1 < 100 ? 2 * i + 1 : -1, 2 * i + 2 < 100 ? 2 * i + 2 : -1,
                             (int)(px_random() % 1000) - 500};
    }
    p = px_in(t, sizeof(t));
    for (int i = 0; i < 32; i++) {
        want[i] = tree_sum(t, i, 0);
    }
    px_run("tree", 1, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(recursion, parity)
{
    uint8_t got[20];
    uint8_t want[20];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 20; i++) {
        want[i] = i % 2 == 0 ? 2 : 1;
    }
    px_run("parity", 1, 20, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

struct pair {
    double mean;
    int count;
    char tag[5];
};

PX_CASE(recursion, means)
{
    float a[16];
    struct pair got[16];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));
    double sum = 0;

    for (int i = 0; i < 16; i++) {
        a[i] = px_random_float();
    }
    p = px_in(a, sizeof(a));
    px_run("means", 1, 16, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    for (int i = 0; i < 16; i++) {
        sum += (double)a[i];
        px_expect(got[i].count == i + 1 && fabs(got[i].mean - sum / (i + 1)) < 1e-9, "a mean");
        px_expect(got[i].tag[0] == 'l' && got[i].tag[1] == 'e' && got[i].tag[3] == 'f', "a tag");
    }
    px_expect(got[15].tag[2] == 'a' + 4, "the depth of the recursion");
}

PX_CASE(recursion, towers)
{
    int32_t got[32];
    int32_t want[32];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 32; i++) {
        want[i] = ((1 << i % 7) - 1) * 1000 + i % 7;
    }
    px_run("towers", 1, 32, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static int binary(int which, int a, int b)
{
    return which == 0 ? a + b : which == 1 ? a - b : which == 2 ? a * b : a ^ b;
}

PX_CASE(table, dispatch)
{
    int32_t a[64];
    int32_t got[64];
    int32_t want[64];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 64; i++) {
        a[i] = (int32_t)(px_random() % 100000) - 50000;
        want[i] = binary(a[i] & 3, a[i], i);
    }
    p = px_in(a, sizeof(a));
    px_run("dispatch", 2, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(table, virtuals)
{
    float got[33];
    float want[33];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 33; i++) {
        float x = (float)i;

        want[i] = i % 3 == 0 ? x * x * 4 : i % 3 == 1 ? x * 2 * 4 : 72;
    }
    px_run("virtuals", 1, 33, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(table, chosen)
{
    int32_t got[16];
    int32_t want[16];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int k = 0; k < 4; k++) {
        px_run("choose", 1, 1, PX_ARGS(&k));
        px_run("use_chosen", 1, 16, PX_ARGS(&out));
        px_out(got, out, sizeof(got));
        for (int i = 0; i < 16; i++) {
            want[i] = binary(k, i, 7);
        }
        PX_SAME(got, want);
    }
}

PX_CASE(table, local_table)
{
    static const int exponents[] = {1, 2, 3, 5};
    double got[16];
    double want[16];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 16; i++) {
        want[i] = 1 + i * 0.25;
        for (int k = 0; k < 3; k++) {
            want[i] = pow(want[i], exponents[(i + k) & 3]) * 0.5;
        }
    }
    px_run("local_table", 1, 16, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    px_near("power", got, want, 16, 1e-12);
}

PX_CASE(table, higher_order)
{
    int32_t got[32];
    int32_t want[32];
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 32; i++) {
        want[i] = i;
        for (int k = 1; k <= (i & 7); k++) {
            want[i] = binary((i & 1) != 0 ? 2 : 1, want[i], k);
        }
    }
    px_run("higher_order", 1, 32, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
