/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/image.h"

/* Places are whole 64ths of an element, which the hardware measures exactly. */
#define N 256

static const CUaddress_mode modes[] = {CU_TR_ADDRESS_MODE_WRAP, CU_TR_ADDRESS_MODE_CLAMP,
                                       CU_TR_ADDRESS_MODE_MIRROR, CU_TR_ADDRESS_MODE_BORDER};

static void fill(float *data, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        data[k] = px_random_float();
    }
}

/* From least to most elements, never on the border between two. */
static double place(int least, int most)
{
    double p = (double)(px_random() % (uint64_t)((most - least) * 64)) / 64 + least;

    return p == (double)(int)p ? p + 1.0 / 64 : p;
}

/* Where hardware's weights of 8 bits hold the product over all dimensions without rounding. */
static double between(int least, int most, int steps)
{
    return (double)(px_random() % (uint64_t)((most - least) * steps)) / steps + least;
}

/* A picture of 16 by 8 elements, read in one way. */
static void read_2d(CUaddress_mode mode, bool linear, bool normed)
{
    static float data[8 * 16];
    static float at[N][2];
    static float got[N];
    static float want[N];
    struct px_picture picture = {data, {16, 8, 1}, 1, mode, linear, 5.5f};
    struct px_reading how = {mode, linear ? CU_TR_FILTER_MODE_LINEAR : CU_TR_FILTER_MODE_POINT,
                             normed ? CU_TRSF_NORMALIZED_COORDINATES : 0, 5.5f};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(px_array((size_t[]){16, 8, 0}, CU_AD_FORMAT_FLOAT, 1, 0, data), &how);
    for (int i = 0; i < N; i++) {
        double p[3] = {linear ? between(-40, 56, 16) : place(-40, 56),
                       linear ? between(-20, 28, 16) : place(-20, 28), 0};

        at[i][0] = (float)(normed ? p[0] / 16 : p[0]);
        at[i][1] = (float)(normed ? p[1] / 8 : p[1]);
        want[i] = (float)px_sample(&picture, 2, p, 0);
    }
    in = px_in(at, sizeof(at));
    px_run("at_2d", N / 32, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, N, 1e-5);
}

PX_CASE(texture, nearest)
{
    for (size_t k = 0; k < 4; k++) {
        read_2d(modes[k], false, true);
    }
    read_2d(CU_TR_ADDRESS_MODE_CLAMP, false, false);
    read_2d(CU_TR_ADDRESS_MODE_BORDER, false, false);
}

PX_CASE(texture, between)
{
    for (size_t k = 0; k < 4; k++) {
        read_2d(modes[k], true, true);
    }
    read_2d(CU_TR_ADDRESS_MODE_CLAMP, true, false);
    read_2d(CU_TR_ADDRESS_MODE_BORDER, true, false);
}

PX_CASE(texture, row)
{
    static float data[32 * 4];
    static float at[N];
    static float got[N * 4];
    static float want[N * 4];
    struct px_picture picture = {data, {32, 1, 1}, 4, CU_TR_ADDRESS_MODE_CLAMP, true, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, 0, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(px_array((size_t[]){32, 0, 0}, CU_AD_FORMAT_FLOAT, 4, 0, data), &how);
    for (int i = 0; i < N; i++) {
        double p[3] = {place(-4, 36), 0, 0};

        at[i] = (float)p[0];
        for (int c = 0; c < 4; c++) {
            want[i * 4 + c] = (float)px_sample(&picture, 1, p, c);
        }
    }
    in = px_in(at, sizeof(at));
    px_run("at_1d", N / 32, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, (size_t)N * 4, 1e-5);
}

PX_CASE(texture, volume)
{
    static float data[8 * 4 * 16 * 2];
    static float at[N][4];
    static float got[N * 2];
    static float want[N * 2];
    struct px_picture picture = {data, {16, 4, 8}, 2, CU_TR_ADDRESS_MODE_MIRROR, true, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_MIRROR, CU_TR_FILTER_MODE_LINEAR,
                             CU_TRSF_NORMALIZED_COORDINATES, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(px_array((size_t[]){16, 4, 8}, CU_AD_FORMAT_FLOAT, 2, 0, data), &how);
    for (int i = 0; i < N; i++) {
        double p[3] = {between(-16, 32, 4), between(-4, 8, 4), between(-8, 16, 4)};

        at[i][0] = (float)(p[0] / 16);
        at[i][1] = (float)(p[1] / 4);
        at[i][2] = (float)(p[2] / 8);
        at[i][3] = 0;
        for (int c = 0; c < 2; c++) {
            want[i * 2 + c] = (float)px_sample(&picture, 3, p, c);
        }
    }
    in = px_in(at, sizeof(at));
    px_run("at_3d", N / 32, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, (size_t)N * 2, 1e-5);
}

PX_CASE(texture, layers)
{
    static float data[5 * 8 * 16];
    static float at[N][4];
    static float got[N];
    static float want[N];
    struct px_picture picture = {data, {16, 8, 1}, 1, CU_TR_ADDRESS_MODE_CLAMP, true, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR, 0, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(
        px_array((size_t[]){16, 8, 5}, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED, data), &how);
    for (int i = 0; i < N; i++) {
        double p[3] = {between(-3, 20, 16), between(-3, 12, 16), 0};
        int layer = (int)(px_random() % 5);

        at[i][0] = (float)p[0];
        at[i][1] = (float)p[1];
        at[i][2] = (float)layer;
        at[i][3] = 0;
        picture.data = data + (size_t)layer * 8 * 16;
        want[i] = (float)px_sample(&picture, 2, p, 0);
    }
    in = px_in(at, sizeof(at));
    px_run("layer_2d", N / 32, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, N, 1e-5);
}

PX_CASE(texture, layers_of_rows)
{
    static float data[3 * 16];
    static float at[N][2];
    static float got[N];
    static float want[N];
    struct px_picture picture = {data, {16, 1, 1}, 1, CU_TR_ADDRESS_MODE_CLAMP, false, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, 0, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(
        px_array((size_t[]){16, 0, 3}, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED, data), &how);
    for (int i = 0; i < N; i++) {
        double p[3] = {place(-3, 20), 0, 0};
        int layer = i % 3;

        at[i][0] = (float)p[0];
        at[i][1] = (float)layer;
        picture.data = data + (size_t)layer * 16;
        want[i] = (float)px_sample(&picture, 1, p, 0);
    }
    in = px_in(at, sizeof(at));
    px_run("layer_1d", N / 32, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, N, 1e-5);
}

/* The middle of each element of each face, seen from the middle of the cube. */
PX_CASE(texture, cube)
{
    static const float axes[6][3][3] = {
        /* towards the face, to the right on it, down on it */
        {{1, 0, 0}, {0, 0, -1}, {0, -1, 0}}, {{-1, 0, 0}, {0, 0, 1}, {0, -1, 0}},
        {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}},   {{0, -1, 0}, {1, 0, 0}, {0, 0, -1}},
        {{0, 0, 1}, {1, 0, 0}, {0, -1, 0}},  {{0, 0, -1}, {-1, 0, 0}, {0, -1, 0}},
    };
    static float data[6 * 4 * 4];
    static float at[6 * 4 * 4][4];
    static float got[6 * 4 * 4];
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT,
                             CU_TRSF_NORMALIZED_COORDINATES, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(px_array((size_t[]){4, 4, 6}, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_CUBEMAP, data),
                   &how);
    for (int i = 0; i < 6 * 4 * 4; i++) {
        float s = ((float)(i % 4) * 2 - 3) / 4;
        float t = ((float)(i / 4 % 4) * 2 - 3) / 4;

        for (int k = 0; k < 3; k++) {
            at[i][k] = axes[i / 16][0][k] + s * axes[i / 16][1][k] + t * axes[i / 16][2][k];
        }
        at[i][3] = 0;
    }
    in = px_in(at, sizeof(at));
    px_run("cube", 3, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, data);
}

/* Levels hold n * 100 + x + y: in the middle of a picture the place is known from the value. */
PX_CASE(texture, levels)
{
    static const struct {
        CUfilter_mode filter;
        float level;
        float want;
    } rows[] = {
        {CU_TR_FILTER_MODE_POINT, 0, 15},       {CU_TR_FILTER_MODE_POINT, 1.25f, 107},
        {CU_TR_FILTER_MODE_POINT, 1.75f, 203},  {CU_TR_FILTER_MODE_POINT, 9, 203},
        {CU_TR_FILTER_MODE_POINT, -3, 15},      {CU_TR_FILTER_MODE_LINEAR, 0.5f, 61},
        {CU_TR_FILTER_MODE_LINEAR, 1.25f, 131}, {CU_TR_FILTER_MODE_LINEAR, 2, 203},
    };
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY,
                                   .res.mipmap.hMipmappedArray = px_mipmap(16, 3)};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CUDA_TEXTURE_DESC how = {
            .filterMode = CU_TR_FILTER_MODE_LINEAR,
            .mipmapFilterMode = rows[i].filter,
            .flags = CU_TRSF_NORMALIZED_COORDINATES,
            .addressMode = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_ADDRESS_MODE_CLAMP,
                            CU_TR_ADDRESS_MODE_CLAMP},
            .maxMipmapLevelClamp = 16,
        };
        float at[4] = {0.5f, 0.5f, rows[i].level, 0};
        float got;
        CUdeviceptr in = px_in(at, sizeof(at));
        CUdeviceptr out = px_zero(sizeof(got));
        CUtexObject x = px_texture_of(&resource, &how);

        px_run("level", 1, 1, PX_ARGS(&x, &in, &out));
        px_out(&got, out, sizeof(got));
        px_near32("got", &got, &rows[i].want, 1, 1e-5);
    }
}

PX_CASE(texture, gather)
{
    static float data[8 * 8 * 2];
    float at[64][2];
    static float got[64][8];
    static float want[64][8];
    struct px_picture picture = {data, {8, 8, 1}, 2, CU_TR_ADDRESS_MODE_CLAMP, false, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT, 0, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    fill(data, sizeof(data) / sizeof(data[0]));
    x = px_texture(
        px_array((size_t[]){8, 8, 0}, CU_AD_FORMAT_FLOAT, 2, CUDA_ARRAY3D_TEXTURE_GATHER, data),
        &how);
    for (int i = 0; i < 64; i++) {
        static const double corner[4][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}};
        int row = i / 8;
        double p[2] = {(double)(i % 8) + 0.75, (double)row + 0.25};

        at[i][0] = (float)p[0];
        at[i][1] = (float)p[1];
        for (int k = 0; k < 8; k++) {
            double c[3] = {p[0] - 0.5 + corner[k % 4][0], p[1] - 0.5 + corner[k % 4][1], 0};

            want[i][k] = (float)px_sample(&picture, 2, c, k / 4);
        }
    }
    in = px_in(at, sizeof(at));
    px_run("gather", 2, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
