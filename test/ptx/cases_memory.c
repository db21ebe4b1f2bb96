/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/px.h"

PX_CASE(memory, dynamic_parts)
{
    double a[60];
    double got[60];
    double want[60];
    int n = 60;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        a[i] = (double)px_random_float();
    }
    for (int t = 0; t < n; t++) {
        want[t] = a[n - 1 - t] + (int)(a[(n - t) % n] * 10);
    }
    p = px_in(a, sizeof(a));
    px_run_shape("dynamic_parts", &(struct px_shape){{1, 1}, {60, 1}, 60 * 13, false},
                 PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(memory, stencil)
{
    float a[150];
    float got[150];
    float want[150];
    int n = 150;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < n; i++) {
        a[i] = px_random_float();
    }
    for (int i = 0; i < n; i++) {
        want[i] = 0.25f * (i >= 2 ? a[i - 2] : 0) + 2 * a[i] - (i + 1 < n ? a[i + 1] : 0) +
                  0.5f * (i + 2 < n ? a[i + 2] : 0);
    }
    p = px_in(a, sizeof(a));
    px_run_shape("stencil", &(struct px_shape){{3, 1}, {64, 1}, 68 * 4, false},
                 PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static int bounded(int v, int n)
{
    return v < 0 ? 0 : v >= n ? n - 1 : v;
}

PX_CASE(memory, blur)
{
    static const int weights[9] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
    uint8_t a[20 * 13];
    uint8_t got[20 * 13];
    uint8_t want[20 * 13];
    int w = 20;
    int h = 13;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < w * h; i++) {
        a[i] = (uint8_t)px_random();
    }
    for (int i = 0; i < w * h; i++) {
        int sum = 0;

        for (int k = 0; k < 9; k++) {
            sum +=
                weights[k] * a[bounded(i / w + k / 3 - 1, h) * w + bounded(i % w + k % 3 - 1, w)];
        }
        want[i] = (uint8_t)(sum / 16);
    }
    p = px_in(a, sizeof(a));
    px_run_shape("blur", &(struct px_shape){{2, 2}, {16, 8}, 0, false}, PX_ARGS(&p, &out, &w, &h));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(memory, settings)
{
    struct {
        int16_t scale;
        char name[6];
        double factor;
    } setting = {7, "tyger", 1.25};
    double got[12];
    double want[12];
    CUdeviceptr at = px_variable("setting", sizeof(setting));
    CUdeviceptr out = px_zero(sizeof(got));

    px_expect(drv.cuMemcpyHtoD_v2(at, &setting, sizeof(setting)) == CUDA_SUCCESS, "copy");
    for (int i = 0; i < 12; i++) {
        want[i] = 7 * 1.25 + setting.name[i % 6];
    }
    px_run("settings", 1, 12, PX_ARGS(&out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(memory, globals)
{
    static const int data[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {-1, -2, -3, -4}};
    int32_t got[12];
    int32_t want[12];
    uint32_t counter = 0;
    CUdeviceptr at = px_variable("counter", 4);
    CUdeviceptr out = px_zero(sizeof(got));

    for (int round = 0; round < 2; round++) {
        int pointed = round == 0 ? 7 : -1; /* the first run moves the pointer at its end */

        px_run("globals", 1, 12, PX_ARGS(&out));
        px_out(got, out, sizeof(got));
        for (int i = 0; i < 12; i++) {
            want[i] = data[i % 3][i & 3] + pointed + ((i & 1) == 0 ? 6 : -9) + "ene"[i % 3];
            want[i] += i % 3 == 1 ? 'n' - 'n' : 0;
            want[i] += i % 3 == 2 ? 'w' - 'e' : 0;
        }
        PX_SAME(got, want);
    }
    px_out(&counter, at, 4);
    px_expect(counter == 5 + 24, "the counter");
}

struct big {
    int head;
    double values[500];
    uint8_t tail[20];
};

PX_CASE(memory, by_value)
{
    static struct big b;
    double got[64];
    double want[64];
    CUdeviceptr out = px_zero(sizeof(got));

    b.head = 11;
    for (int i = 0; i < 500; i++) {
        b.values[i] = (double)px_random_float();
        b.tail[i % 20] = (uint8_t)px_random();
    }
    for (int i = 0; i < 64; i++) {
        want[i] = b.values[(i * 37 + 11) % 500] + b.tail[i % 20];
    }
    px_run("by_value", 1, 64, PX_ARGS(&b, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(memory, vectors)
{
    static int32_t a[32][4];
    static uint8_t b[32][4];
    static int16_t c[32][2];
    static double got[32][2];
    static double want[32][2];
    static uint16_t got4[32][4];
    static uint16_t want4[32][4];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr r;
    CUdeviceptr out = px_zero(sizeof(got));
    CUdeviceptr out4 = px_zero(sizeof(got4));

    for (int i = 0; i < 32; i++) {
        for (int k = 0; k < 4; k++) {
            a[i][k] = (int32_t)px_random();
            b[i][k] = (uint8_t)px_random();
            c[i][k & 1] = (int16_t)px_random();
        }
        want[i][0] = (double)((int64_t)a[i][0] * a[i][1]) + b[i][3];
        want[i][1] = (double)(int64_t)((uint64_t)(int64_t)a[i][2] << 20) - c[i][1];
        want4[i][0] = (uint16_t)(b[i][0] + c[i][0]);
        want4[i][1] = (uint16_t)(b[i][1] * c[i][1]);
        want4[i][2] = (uint16_t)a[i][3];
        want4[i][3] = (uint16_t)(b[i][2] - b[i][3]);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    r = px_in(c, sizeof(c));
    px_run("vectors", 1, 32, PX_ARGS(&p, &q, &r, &out, &out4));
    px_out(got, out, sizeof(got));
    px_out(got4, out4, sizeof(got4));
    PX_SAME(got, want);
    PX_SAME(got4, want4);
}

PX_CASE(memory, generic)
{
    int32_t a[64];
    int32_t got[32];
    int32_t want[32];
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 64; i++) {
        a[i] = (int32_t)(px_random() % 100);
    }
    for (int t = 0; t < 64; t++) {
        int want_one = t % 3 == 0 ? 2000 : t % 3 == 1 ? 1000 : 4000;

        for (int i = 0; i < 4; i++) {
            want_one += (i + 1) * a[t % 3 == 0 ? i : t % 3 == 1 ? 8 + i : (t + i * 3) & 63];
        }
        want[t & 31] = t < 32 ? want_one : want[t & 31];
    }
    p = px_in(a, sizeof(a));
    px_run("generic", 1, 32, PX_ARGS(&p, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(memory, copy_any)
{
    uint8_t a[77];
    uint8_t got[82];
    uint8_t want[82];
    size_t n = 77;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (size_t i = 0; i < n; i++) {
        a[i] = (uint8_t)px_random();
    }
    memcpy(want, a, n);
    memset(want + n, 0xab, 5);
    p = px_in(a, sizeof(a));
    px_run("copy_any", 1, 32, PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
