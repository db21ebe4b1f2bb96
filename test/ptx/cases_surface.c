/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/image.h"

PX_CASE(surface, transpose)
{
    static int32_t data[32 * 32];
    static int32_t got[32 * 32];
    static int32_t want[32 * 32];
    const size_t side[3] = {32, 32, 0};
    CUarray to = px_array(side, CU_AD_FORMAT_SIGNED_INT32, 1, CUDA_ARRAY3D_SURFACE_LDST, NULL);
    CUsurfObject from;
    CUsurfObject into = px_surface(to);

    for (int k = 0; k < 32 * 32; k++) {
        data[k] = (int32_t)px_random();
        want[k % 32 * 32 + k / 32] = data[k];
    }
    from =
        px_surface(px_array(side, CU_AD_FORMAT_SIGNED_INT32, 1, CUDA_ARRAY3D_SURFACE_LDST, data));
    px_run("transpose", 32, 32, PX_ARGS(&from, &into));
    px_array_out(got, to);
    PX_SAME(got, want);
}

PX_CASE(surface, outside_read)
{
    static int16_t data[4][16][2];
    static int16_t got[2][4][16][2];
    static int16_t want[2][4][16][2];
    CUdeviceptr clamped = px_zero(sizeof(got[0]));
    CUdeviceptr zeroed = px_zero(sizeof(got[0]));
    CUsurfObject x;

    for (int k = 0; k < 4 * 16 * 2; k++) {
        data[k / 32][k / 2 % 16][k % 2] = (int16_t)px_random();
    }
    for (int k = 0; k < 4 * 16 * 2; k++) {
        int u = k / 2 % 16 - 3;
        int v = k / 32 + 2;
        int16_t outside = u < 0 || v > 3 ? 0 : data[v][u][k % 2];

        want[0][k / 32][k / 2 % 16][k % 2] = data[v > 3 ? 3 : v][u < 0 ? 0 : u][k % 2];
        want[1][k / 32][k / 2 % 16][k % 2] = outside;
    }
    x = px_surface(px_array((size_t[]){16, 4, 0}, CU_AD_FORMAT_SIGNED_INT16, 2,
                            CUDA_ARRAY3D_SURFACE_LDST, data));
    px_run("shift", 4, 16, PX_ARGS(&x, &clamped, &zeroed));
    px_out(got[0], clamped, sizeof(got[0]));
    px_out(got[1], zeroed, sizeof(got[1]));
    PX_SAME(got, want);
}

PX_CASE(surface, outside_write)
{
    static int32_t got[24][2];
    static int32_t want[24][2];
    const size_t side[3] = {24, 0, 0};
    CUarray a = px_array(side, CU_AD_FORMAT_SIGNED_INT32, 2, CUDA_ARRAY3D_SURFACE_LDST, want);
    CUarray c = px_array(side, CU_AD_FORMAT_SIGNED_INT32, 2, CUDA_ARRAY3D_SURFACE_LDST, want);
    CUsurfObject zeroed = px_surface(a);
    CUsurfObject clamped = px_surface(c);

    px_run("scatter", 1, 32, PX_ARGS(&zeroed, &clamped));
    for (int k = 0; k < 24; k++) {
        want[k][0] = k + 4;
        want[k][1] = 7;
    }
    px_array_out(got, a);
    PX_SAME(got, want);
    memset(want, 0, sizeof(want));
    memcpy(want[0], (int32_t[]){-1, -2}, 8);
    memcpy(want[23], (int32_t[]){-3, -4}, 8);
    px_array_out(got, c);
    PX_SAME(got, want);
}

PX_CASE(surface, volume)
{
    static uint8_t data[4][8][16][4];
    static uint8_t got[4][8][16][4];
    int depth = 4;
    CUarray a;
    CUsurfObject x;
    uint8_t *p = &data[0][0][0][0];

    for (size_t k = 0; k < sizeof(data); k++) {
        p[k] = (uint8_t)px_random();
    }
    a = px_array((size_t[]){16, 8, 4}, CU_AD_FORMAT_UNSIGNED_INT8, 4, CUDA_ARRAY3D_SURFACE_LDST,
                 data);
    x = px_surface(a);
    px_run("volume", 8, 16, PX_ARGS(&x, &depth));
    for (size_t k = 0; k < sizeof(data); k += 4) {
        p[k] = (uint8_t)(p[k] + k / (sizeof(data) / 4));
        p[k + 3] = (uint8_t)(k / 4 % 16);
    }
    px_array_out(got, a);
    PX_SAME(got, data);
}

PX_CASE(surface, layers)
{
    static float data[3][4][8][4];
    static float got[3][4][8][4];
    float *p = &data[0][0][0][0];
    int count = 3;
    CUarray a;
    CUsurfObject x;

    for (size_t k = 0; k < sizeof(data) / sizeof(float); k++) {
        p[k] = px_random_float();
    }
    a = px_array((size_t[]){8, 4, 3}, CU_AD_FORMAT_FLOAT, 4,
                 CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_LAYERED, data);
    x = px_surface(a);
    px_run("layers", 4, 8, PX_ARGS(&x, &count));
    for (size_t k = 0; k < sizeof(data) / sizeof(float); k += 4) {
        size_t layer = k / (sizeof(data[0]) / sizeof(float));

        p[k + 1] = p[k] * 2;
        p[k + 2] = (float)layer;
    }
    px_array_out(got, a);
    PX_SAME(got, data);
}

/* What one kernel writes is there for the next, for copies and for textures. */
PX_CASE(surface, fill)
{
    static int64_t data[4 * 8];
    static int64_t got[4 * 8];
    int32_t size[2];
    CUarray a = px_array((size_t[]){8, 4, 0}, CU_AD_FORMAT_UNSIGNED_INT32, 2,
                         CUDA_ARRAY3D_SURFACE_LDST, NULL);
    CUsurfObject x = px_surface(a);
    CUdeviceptr in;

    for (int k = 0; k < 4 * 8; k++) {
        data[k] = (int64_t)px_random();
    }
    in = px_in(data, sizeof(data));
    px_run("fill", 4, 8, PX_ARGS(&x, &in));
    px_array_out(got, a);
    PX_SAME(got, data);
    px_run("size_of", 1, 1, PX_ARGS(&x, &in));
    px_out(size, in, sizeof(size));
    PX_SAME(size, ((int32_t[]){8, 4}));
}
