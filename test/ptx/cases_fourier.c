/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "test/ptx/px.h"

#define N  256
#define PI 3.14159265358979323846

PX_CASE(fourier, fft)
{
    static float data[2 * N][2];
    static float want[2 * N][2];
    CUdeviceptr p;

    for (int i = 0; i < 2 * N; i++) {
        data[i][0] = px_random_float();
        data[i][1] = px_random_float();
    }
    for (int i = 0; i < 2 * N; i++) {
        double re = 0;
        double im = 0;

        for (int k = 0; k < N; k++) {
            const float *x = data[i / N * N + k];
            double c = cos(-2 * PI * (i % N) * k / N);
            double s = sin(-2 * PI * (i % N) * k / N);

            re += (double)x[0] * c - (double)x[1] * s;
            im += (double)x[0] * s + (double)x[1] * c;
        }
        want[i][0] = (float)re;
        want[i][1] = (float)im;
    }
    p = px_in(data, sizeof(data));
    px_run("fft", 2, N / 2, PX_ARGS(&p));
    px_out(data, p, sizeof(data));
    px_near32("spectrum", data[0], want[0], (size_t)4 * N, 2e-3);
}

PX_CASE(fourier, dft)
{
    static double in[N];
    static double got[2][64];
    static double want[2][64];
    int n = N;
    CUdeviceptr p;
    CUdeviceptr re = px_zero(sizeof(got[0]));
    CUdeviceptr im = px_zero(sizeof(got[0]));

    for (int i = 0; i < N; i++) {
        in[i] = (double)px_random_float();
    }
    for (int k = 0; k < 64; k++) {
        want[0][k] = 0;
        want[1][k] = 0;
        for (int i = 0; i < N; i++) {
            want[0][k] += in[i] * cos(-2 * PI * i * k / N);
            want[1][k] += in[i] * sin(-2 * PI * i * k / N);
        }
    }
    p = px_in(in, sizeof(in));
    px_run("dft", 2, 32, PX_ARGS(&p, &re, &im, &n));
    px_out(got[0], re, sizeof(got[0]));
    px_out(got[1], im, sizeof(got[1]));
    px_near("spectrum", got[0], want[0], 128, 1e-8);
}

#define P UINT64_C(998244353)

static uint64_t power(uint64_t a, uint64_t e)
{
    uint64_t out = 1;

    for (; e != 0; e >>= 1, a = a * a % P) {
        out = (e & 1) != 0 ? out * a % P : out;
    }
    return out;
}

PX_CASE(fourier, ntt)
{
    static uint32_t a[N];
    static uint32_t want[N];
    uint32_t root = (uint32_t)power(3, (P - 1) / N);
    CUdeviceptr p;

    for (int i = 0; i < N; i++) {
        a[i] = (uint32_t)(px_random() % P);
    }
    for (uint64_t k = 0; k < N; k++) {
        uint64_t sum = 0;

        for (uint64_t i = 0; i < N; i++) {
            sum = (sum + a[i] * power(root, i * k % N)) % P;
        }
        want[k] = (uint32_t)sum;
    }
    p = px_in(a, sizeof(a));
    px_run("ntt", 1, N / 2, PX_ARGS(&p, &root));
    px_out(a, p, sizeof(a));
    PX_SAME(a, want);
}
