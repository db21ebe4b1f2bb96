/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "test/ptx/image.h"

/* Textures of integers, of memory, and pictures of bytes. */
#define WIDTH  64
#define HEIGHT 32

static int32_t numbers[128 * 4];

/* Behind the end of linear memory there are zeroes. */
PX_CASE(texture, linear_memory)
{
    int32_t at[64];
    static int32_t got[64 * 4];
    static int32_t want[64 * 4];
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUDA_TEXTURE_DESC how = {.flags = CU_TRSF_READ_AS_INTEGER};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    for (int k = 0; k < 128 * 4; k++) {
        numbers[k] = (int32_t)px_random();
    }
    for (int i = 0; i < 64; i++) {
        at[i] = i == 7 ? 128 : (int32_t)(px_random() % 128);
        for (int c = 0; c < 4; c++) {
            want[i * 4 + c] = at[i] == 128 ? 0 : numbers[at[i] * 4 + c];
        }
    }
    resource.res.linear.devPtr = px_in(numbers, sizeof(numbers));
    resource.res.linear.format = CU_AD_FORMAT_SIGNED_INT32;
    resource.res.linear.numChannels = 4;
    resource.res.linear.sizeInBytes = sizeof(numbers);
    in = px_in(at, sizeof(at));
    x = px_texture_of(&resource, &how);
    px_run("fetch", 2, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static uint8_t picture[HEIGHT][WIDTH];

static int pixel(int x, int y)
{
    x = x < 0 ? 0 : x >= WIDTH ? WIDTH - 1 : x;
    y = y < 0 ? 0 : y >= HEIGHT ? HEIGHT - 1 : y;
    return picture[y][x];
}

static uint8_t edge(int x, int y)
{
    int p[3][3];
    int dx;
    int dy;

    for (int k = 0; k < 9; k++) {
        p[k / 3][k % 3] = pixel(x + k % 3 - 1, y + k / 3 - 1);
    }
    dx = p[0][2] + 2 * p[1][2] + p[2][2] - p[0][0] - 2 * p[1][0] - p[2][0];
    dy = p[2][0] + 2 * p[2][1] + p[2][2] - p[0][0] - 2 * p[0][1] - p[0][2];
    return (uint8_t)((abs(dx) + abs(dy)) / 8);
}

static void check_edges(CUtexObject x)
{
    static uint8_t got[HEIGHT][WIDTH];
    static uint8_t want[HEIGHT][WIDTH];
    int width = WIDTH;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int k = 0; k < WIDTH * HEIGHT; k++) {
        want[k / WIDTH][k % WIDTH] = edge(k % WIDTH, k / WIDTH);
    }
    px_run("sobel", HEIGHT, WIDTH, PX_ARGS(&x, &out, &width));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static void draw(void)
{
    for (int k = 0; k < WIDTH * HEIGHT; k++) {
        picture[k / WIDTH][k % WIDTH] = (uint8_t)px_random();
    }
}

PX_CASE(texture, edges_of_array)
{
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT,
                             CU_TRSF_READ_AS_INTEGER, 0};

    draw();
    check_edges(px_texture(
        px_array((size_t[]){WIDTH, HEIGHT, 0}, CU_AD_FORMAT_UNSIGNED_INT8, 1, 0, picture), &how));
}

PX_CASE(texture, edges_of_memory)
{
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_PITCH2D};
    CUDA_TEXTURE_DESC how = {.flags = CU_TRSF_READ_AS_INTEGER,
                             .addressMode = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_ADDRESS_MODE_CLAMP}};

    draw();
    resource.res.pitch2D.devPtr = px_in(picture, sizeof(picture));
    resource.res.pitch2D.format = CU_AD_FORMAT_UNSIGNED_INT8;
    resource.res.pitch2D.numChannels = 1;
    resource.res.pitch2D.width = WIDTH;
    resource.res.pitch2D.height = HEIGHT;
    resource.res.pitch2D.pitchInBytes = WIDTH;
    check_edges(px_texture_of(&resource, &how));
}

/* Bytes are read as numbers from 0 to 1; where four are mixed the hardware rounds in its own way.
 */
PX_CASE(texture, resize)
{
    static uint8_t bytes[16 * 16 * 4];
    static float data[16 * 16 * 4];
    static float got[32 * 8 * 4];
    static float want[32 * 8 * 4];
    int side[2] = {32, 8};
    struct px_picture source = {data, {16, 16, 1}, 4, CU_TR_ADDRESS_MODE_CLAMP, true, 0};
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_LINEAR,
                             CU_TRSF_NORMALIZED_COORDINATES, 0};
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    for (int k = 0; k < 16 * 16 * 4; k++) {
        bytes[k] = (uint8_t)px_random();
        data[k] = (float)bytes[k] / 255;
    }
    for (int k = 0; k < 32 * 8 * 4; k++) {
        int row = k / 4 / 32;
        double at[3] = {(k / 4 % 32 + 0.5) / 2, (row + 0.5) * 2, 0};

        want[k] = (float)px_sample(&source, 2, at, k % 4);
    }
    x = px_texture(px_array((size_t[]){16, 16, 0}, CU_AD_FORMAT_UNSIGNED_INT8, 4, 0, bytes), &how);
    px_run("resize", 8, 32, PX_ARGS(&x, &out, &side[0], &side[1]));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, sizeof(got) / sizeof(got[0]), 1.0 / 512);
}

PX_CASE(texture, signed_numbers)
{
    int16_t data[4 * 4 * 2];
    float at[16][2];
    int16_t got[4 * 4 * 2];
    struct px_reading how = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_FILTER_MODE_POINT,
                             CU_TRSF_READ_AS_INTEGER, 0};
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    for (int k = 0; k < 4 * 4 * 2; k++) {
        data[k] = (int16_t)px_random();
        at[k / 2][k % 2] = (float)(k % 2 == 0 ? k / 2 % 4 : k / 8) + 0.5f;
    }
    x = px_texture(px_array((size_t[]){4, 4, 0}, CU_AD_FORMAT_SIGNED_INT16, 2, 0, data), &how);
    in = px_in(at, sizeof(at));
    px_run("signs", 1, 16, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, data);
}

PX_CASE(texture, texels)
{
    float data[4 * 8];
    int32_t at[64][2];
    float got[64];
    float want[64];
    struct px_reading how = {CU_TR_ADDRESS_MODE_WRAP, CU_TR_FILTER_MODE_POINT, 0, 0};
    int32_t size[2];
    CUdeviceptr in;
    CUdeviceptr out = px_zero(sizeof(got));
    CUtexObject x;

    for (int k = 0; k < 4 * 8; k++) {
        data[k] = px_random_float();
    }
    for (int i = 0; i < 64; i++) {
        bool inside;

        at[i][0] = (int32_t)(px_random() % 12) - 2;
        at[i][1] = (int32_t)(px_random() % 8) - 2;
        inside = at[i][0] >= 0 && at[i][0] < 8 && at[i][1] >= 0 && at[i][1] < 4;
        want[i] = inside ? data[at[i][1] * 8 + at[i][0]] : 0;
    }
    x = px_texture(px_array((size_t[]){8, 4, 0}, CU_AD_FORMAT_FLOAT, 1, 0, data), &how);
    in = px_in(at, sizeof(at));
    px_run("texels", 2, 32, PX_ARGS(&x, &in, &out));
    px_out(got, out, sizeof(got));
    px_near32("got", got, want, 64, 0);
    px_run("size_of", 1, 1, PX_ARGS(&x, &out));
    px_out(size, out, sizeof(size));
    PX_SAME(size, ((int32_t[]){8, 4}));
}
