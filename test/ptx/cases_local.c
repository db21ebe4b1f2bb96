/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

static uint32_t permutations(uint32_t t)
{
    int a[6];
    int c[6] = {0};
    uint32_t sum = 0;

    for (uint32_t i = 0; i < 6; i++) {
        a[i] = (int)((t + i * i) % 11);
    }
    for (int i = 1; i < 6;) {
        if (c[i] < i) {
            int k = (i & 1) != 0 ? c[i] : 0;
            int x = a[k];

            a[k] = a[i];
            a[i] = x;
            sum = sum * 31 + (uint32_t)(a[0] * 7 + a[5]);
            c[i]++;
            i = 1;
        } else {
            c[i++] = 0;
        }
    }
    return sum;
}

PX_CASE(local, permutations)
{
    uint32_t got[33];
    uint32_t want[33];
    CUdeviceptr out = px_zero(sizeof(got));

    for (uint32_t i = 0; i < 33; i++) {
        want[i] = permutations(i);
    }
    px_run("permutations", 1, 33, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

struct particle {
    float x[3];
    int16_t id;
    char flag;
    double mass;
};

static struct particle step(struct particle p, const struct particle *q, int axis)
{
    p.x[axis] += (float)q->mass;
    p.id = (int16_t)(p.id + q->id);
    p.flag = q->flag;
    return p;
}

PX_CASE(local, structures)
{
    static struct particle in[16];
    static struct particle got[32];
    int n = 16;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        memset(&in[i], 0, sizeof(in[i]));
        in[i].id = (int16_t)px_random();
        in[i].flag = (char)('a' + i);
        in[i].mass = (double)px_random_float();
    }
    p = px_in(in, sizeof(in));
    px_run("structures", 1, 32, PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    for (int t = 0; t < 32; t++) {
        struct particle all[4];
        const struct particle *want = &all[t & 3];

        for (int i = 0; i < 4; i++) {
            all[i] = in[(t + i) % n];
        }
        for (int i = 0; i < 12; i++) {
            all[i & 3] = step(all[i & 3], &all[(i * 7 + t) & 3], i % 3);
        }
        px_same("position", got[t].x, want->x, 3, sizeof(float));
        px_expect(got[t].id == want->id && got[t].flag == want->flag && got[t].mass == want->mass,
                  "a particle's other members");
    }
}

PX_CASE(local, queens)
{
    int32_t got[6];
    int32_t want[6] = {0, 1, 1, 1, 1, 0}; /* the four solutions of six queens */
    int n = 6;
    CUdeviceptr out = px_zero(sizeof(got));

    px_run("queens", 1, 6, PX_ARGS(&n, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

union mixed {
    uint8_t b[16];
    uint16_t h[8];
    uint32_t w[4];
    uint64_t l[2];
};

PX_CASE(local, unions)
{
    uint32_t in[64];
    uint32_t got[48];
    uint32_t want[48];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 64; i++) {
        in[i] = (uint32_t)px_random();
    }
    for (int t = 0; t < 48; t++) {
        union mixed m;

        for (int i = 0; i < 4; i++) {
            m.w[i] = in[(t * 4 + i) & 63];
        }
        m.b[t & 15] ^= 0x5a;
        m.h[t & 7] = (uint16_t)(m.h[t & 7] + m.b[(t + 3) & 15]);
        m.l[1] ^= m.l[0] >> 17;
        m.w[t & 3] -= m.h[5];
        want[t] = 0;
        for (int i = 0; i < 16; i++) {
            want[t] = want[t] * 33 + m.b[i];
        }
    }
    p = px_in(in, sizeof(in));
    px_run("unions", 2, 24, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
