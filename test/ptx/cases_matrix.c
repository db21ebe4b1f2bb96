/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/px.h"

#define N 32

PX_CASE(matrix, matmul_int)
{
    static int32_t a[N * N];
    static int32_t b[N * N];
    static int64_t got[N * N];
    static int64_t want[N * N];
    int n = N;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N * N; i++) {
        a[i] = (int32_t)px_random();
        b[i] = (int32_t)px_random();
    }
    for (int i = 0; i < N * N; i++) {
        want[i] = 0;
        for (int k = 0; k < N; k++) {
            want[i] += (int64_t)a[i / N * N + k] * b[k * N + i % N];
        }
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run_shape("matmul_int", &(struct px_shape){{2, 4}, {16, 8}, 0, false},
                 PX_ARGS(&p, &q, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(matrix, matmul_tiled)
{
    static float a[N * N];
    static float b[N * N];
    static float got[N * N];
    static float want[N * N];
    int n = N;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < N * N; i++) {
        a[i] = px_random_float() / 7;
        b[i] = px_random_float() / 3;
    }
    for (int i = 0; i < N * N; i++) {
        want[i] = 0;
        for (int k = 0; k < N; k++) {
            want[i] = fmaf(a[i / N * N + k], b[k * N + i % N], want[i]);
        }
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run_shape("matmul_tiled", &(struct px_shape){{2, 2}, {16, 16}, 0, false},
                 PX_ARGS(&p, &q, &out, &n));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(matrix, transpose)
{
    static uint8_t in[27 * 37];
    static uint8_t got[27 * 37];
    static uint8_t want[27 * 37];
    int w = 27;
    int h = 37;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < w * h; i++) {
        in[i] = (uint8_t)px_random();
        want[i % w * h + i / w] = in[i];
    }
    p = px_in(in, sizeof(in));
    px_run_shape("transpose", &(struct px_shape){{2, 3}, {16, 16}, 0, false},
                 PX_ARGS(&p, &out, &w, &h));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(matrix, lu)
{
    static double a[N * N];
    static double got[N * N];
    int n = N;
    CUdeviceptr p;

    for (int i = 0; i < N * N; i++) {
        a[i] = (double)px_random_float() + (i / N == i % N ? 1000 : 0);
    }
    p = px_in(a, sizeof(a));
    for (int k = 0; k < N; k++) {
        for (int t = k + 1; t < N; t++) {
            double f = a[t * N + k] / a[k * N + k];

            a[t * N + k] = f;
            for (int j = k + 1; j < N; j++) {
                a[t * N + j] = fma(-f, a[k * N + j], a[t * N + j]);
            }
        }
    }
    px_run("lu", 1, N, PX_ARGS(&p, &n));
    px_out(got, p, sizeof(got));
    PX_SAME(got, a);
}

PX_CASE(matrix, matvec4)
{
    static float m[16];
    static float v[64][4];
    static float got[64][4];
    static float want[64][4];
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 16; i++) {
        m[i] = px_random_float() / 3;
    }
    for (int i = 0; i < 64; i++) {
        for (int k = 0; k < 4; k++) {
            v[i][k] = px_random_float() / 7;
        }
        for (int r = 0; r < 4; r++) {
            const float *row = m + r * 4;

            want[i][r] = fmaf(row[3], v[i][3],
                              fmaf(row[2], v[i][2], fmaf(row[1], v[i][1], row[0] * v[i][0])));
        }
    }
    p = px_in(m, sizeof(m));
    q = px_in(v, sizeof(v));
    px_run("matvec4", 2, 32, PX_ARGS(&p, &q, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(bodies, nbody_f32)
{
    static float at[96][4];
    static float got[96][4];
    static float want[96][4];
    int n = 96;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < 96 * 4; i++) {
        at[i / 4][i % 4] = px_random_float() / 50;
    }
    for (int i = 0; i < 96; i++) {
        double f[3] = {0};

        for (int j = 0; j < 96; j++) {
            double d[3];
            double r = 0.01;

            for (int k = 0; k < 3; k++) {
                d[k] = (double)at[j][k] - (double)at[i][k];
                r += d[k] * d[k];
            }
            for (int k = 0; k < 3; k++) {
                f[k] += (double)at[j][3] * d[k] / (r * sqrt(r));
            }
        }
        for (int k = 0; k < 3; k++) {
            want[i][k] = (float)f[k];
        }
        want[i][3] = 0;
    }
    p = px_in(at, sizeof(at));
    px_run_shape("nbody_f32", &(struct px_shape){{3, 1}, {32, 1}, 32 * 16, false},
                 PX_ARGS(&p, &out, &n));
    px_out(got, out, sizeof(got));
    px_near32("force", got[0], want[0], (size_t)96 * 4, 1e-3);
}

PX_CASE(bodies, nbody_f64)
{
    static double at[64];
    static double speed[64];
    static double want[64];
    double dt = 0.125;
    int n = 64;
    CUdeviceptr p;
    CUdeviceptr v;

    for (int i = 0; i < n; i++) {
        at[i] = (double)px_random_float();
        speed[i] = (double)px_random_float();
    }
    for (int i = 0; i < n; i++) {
        want[i] = speed[i];
        for (int j = 0; j < n; j++) {
            double d = at[j] - at[i];

            want[i] += d / (d * d * fabs(d) + 1e-3) * dt;
        }
    }
    p = px_in(at, sizeof(at));
    v = px_in(speed, sizeof(speed));
    px_run("nbody_f64", 2, 32, PX_ARGS(&p, &v, &n, &dt));
    px_out(speed, v, sizeof(speed));
    px_near("speed", speed, want, 64, 1e-10);
}
