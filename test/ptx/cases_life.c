/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

#define W 24
#define H 18

PX_CASE(life, life)
{
    uint8_t a[W * H];
    uint8_t got[W * H];
    uint8_t want[W * H];
    int w = W;
    int h = H;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < W * H; i++) {
        a[i] = px_random() % 3 == 0;
    }
    for (int i = 0; i < W * H; i++) {
        int n = -a[i];

        for (int k = 0; k < 9; k++) {
            n += a[(i / W + k / 3 - 1 + H) % H * W + (i % W + k % 3 - 1 + W) % W];
        }
        want[i] = n == 3 || (n == 2 && a[i] != 0);
    }
    p = px_in(a, sizeof(a));
    px_run_shape("life", &(struct px_shape){{2, 3}, {16, 8}, 0, false}, PX_ARGS(&p, &out, &w, &h));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(life, collatz)
{
    uint64_t a[64];
    int32_t got[64];
    int32_t want[64];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 64; i++) {
        a[i] = px_random() % 1000000 + 1;
        want[i] = 0;
        for (uint64_t v = a[i]; v != 1; v = (v & 1) != 0 ? 3 * v + 1 : v / 2) {
            want[i]++;
        }
    }
    p = px_in(a, sizeof(a));
    px_run("collatz", 2, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(life, primes)
{
    uint8_t got[512];
    uint8_t want[512];
    CUdeviceptr out = px_zero(sizeof(got));

    memset(want, 1, sizeof(want));
    want[0] = want[1] = 0;
    for (int d = 2; d < 512; d++) {
        for (int m = 2 * d; m < 512; m += d) {
            want[m] = 0;
        }
    }
    px_run("primes", 4, 128, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(life, dot_shared)
{
    float a[256];
    float b[256];
    float got[2];
    float want[2] = {0};
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 256; i++) {
        a[i] = (float)(px_random() % 16);
        b[i] = (float)(px_random() % 16);
        want[i / 128] += a[i] * b[i];
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("dot_shared", 2, 128, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

struct machine {
    int64_t stack[16];
    int64_t acc;
    int top;
    int pc;
};

/* One instruction of the machine in life.cu. */
static void execute(struct machine *m, const uint8_t *code, uint32_t n)
{
    uint64_t u = (uint64_t)m->acc;

    switch (code[m->pc] % 12) {
    case 0:
        m->acc = (int64_t)(u + 3);
        break;
    case 1:
        m->acc = (int64_t)(u * 5);
        break;
    case 2:
        m->acc ^= m->acc >> 3;
        break;
    case 3:
        m->stack[m->top++ & 15] = m->acc;
        break;
    case 4:
        m->acc = (int64_t)(u - (uint64_t)m->stack[(m->top - 1) & 15]);
        break;
    case 5:
        m->top = m->top > 0 ? m->top - 1 : 15;
        break;
    case 6:
        m->acc = m->acc / 7 + m->acc % 11;
        break;
    case 7:
        m->pc += (int)(m->acc & 1);
        break;
    case 8:
        m->acc = (int64_t)(0 - u);
        break;
    case 9:
        m->acc = (int64_t)(u << 1 | u >> 63);
        break;
    case 10:
        m->acc = (int64_t)(u + code[(uint32_t)u % n]);
        break;
    default:
        m->acc = ~m->acc;
        break;
    }
}

PX_CASE(life, interpret)
{
    uint8_t code[100];
    int64_t got[64];
    int64_t want[64];
    int n = 100;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        code[i] = (uint8_t)px_random();
    }
    for (int i = 0; i < 64; i++) {
        struct machine m = {.acc = i};

        for (; m.pc < n; m.pc++) {
            execute(&m, code, (uint32_t)n);
            if (m.top == 0 && m.pc < 16) {
                m.stack[m.pc] = m.pc;
            }
            m.top = m.top > 15 ? 0 : m.top;
        }
        want[i] = m.acc;
    }
    p = px_in(code, sizeof(code));
    px_run("interpret", 1, 64, PX_ARGS(&p, &n, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
