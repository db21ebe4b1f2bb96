/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <string.h>

/* Texture objects over arrays: what kernels read through them. */

#define WIDE 8u
#define HIGH 4u

/* Element (x, y) of `array` is 10 y + x. */
static CUarray numbers(void)
{
    CUarray array = conf_array(CU_AD_FORMAT_FLOAT, 1, WIDE, HIGH, 0, 0);
    float data[WIDE * HIGH];

    for (unsigned int i = 0; i < WIDE * HIGH; i++) {
        unsigned int row = i / WIDE;

        data[i] = (float)(10 * row + i % WIDE);
    }
    conf_array_write(array, data);
    return array;
}

static void sample(const char *kernel, CUtexObject texture, unsigned int count, const float at[][4],
                   const float *wanted)
{
    float out[16][4];

    conf_sample(kernel, texture, count, &at[0][0], out);
    for (unsigned int i = 0; i < count; i++) {
        CONF_VALUE(out[i][0] * 256);
        CONF_EXPECT(out[i][0] == wanted[i]);
    }
}

CONF_POSITIVE(cuTexObjectCreate, points)
{
    static const float at[][4] = {{0.5f, 0.5f},   {7.5f, 3.5f}, {3.0f, 2.0f},
                                  {3.99f, 2.99f}, {-5, 1.5f},   {100, 100}};
    static const float wanted[] = {0, 37, 23, 23, 10, 37};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = conf_resource(numbers());
    sample("sample_2d", conf_texture(&what, &how, NULL), 6, at, wanted);
}

CONF_POSITIVE(cuTexObjectCreate, filtered)
{
    static const float at[][4] = {{0.5f, 0.5f}, {1, 0.5f}, {1, 1}, {7.5f, 3.5f}, {2.25f, 0.5f}};
    static const float wanted[] = {0, 0.5f, 5.5f, 37, 1.75f};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = conf_resource(numbers());
    how.filterMode = CU_TR_FILTER_MODE_LINEAR;
    sample("sample_2d", conf_texture(&what, &how, NULL), 5, at, wanted);
}

CONF_POSITIVE(cuTexObjectCreate, border)
{
    static const float at[][4] = {{-1, 0.5f}, {8.5f, 0.5f}, {0.5f, 4.5f}, {2.5f, 1.5f}};
    static const float wanted[] = {-7, -7, -7, 12};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = conf_resource(numbers());
    how.addressMode[0] = how.addressMode[1] = CU_TR_ADDRESS_MODE_BORDER;
    how.borderColor[0] = -7;
    sample("sample_2d", conf_texture(&what, &how, NULL), 4, at, wanted);
}

CONF_POSITIVE(cuTexObjectCreate, normalized_and_wrapped)
{
    static const float at[][4] = {
        {0.0625f, 0.125f}, {0.9375f, 0.875f}, {1.0625f, 0.125f}, {-0.0625f, 1.875f}};
    static const float wanted[] = {0, 37, 0, 37};
    static const float mirrored[] = {0, 37, 7, 0};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;

    conf_context();
    what = conf_resource(numbers());
    how.flags = CU_TRSF_NORMALIZED_COORDINATES;
    how.addressMode[0] = how.addressMode[1] = CU_TR_ADDRESS_MODE_WRAP;
    sample("sample_2d", conf_texture(&what, &how, NULL), 4, at, wanted);
    how.addressMode[0] = how.addressMode[1] = CU_TR_ADDRESS_MODE_MIRROR;
    sample("sample_2d", conf_texture(&what, &how, NULL), 4, at, mirrored);
}

/* Bytes are read as numbers from 0 to 1, or as they are. */
CONF_POSITIVE(cuTexObjectCreate, bytes_as_numbers_and_as_they_are)
{
    static const unsigned char data[4 * 4] = {0,  255, 51, 102, 255, 0, 0, 0,
                                              10, 20,  30, 40,  1,   2, 3, 4};
    static const float at[][4] = {{0.5f, 0.5f}, {1.5f, 0.5f}, {2.5f, 0.5f}};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    unsigned int words[3][4];
    float out[3][4];

    conf_context();
    what = conf_resource(conf_array(CU_AD_FORMAT_UNSIGNED_INT8, 4, 4, 1, 0, 0));
    conf_array_write(what.res.array.hArray, data);
    conf_sample("sample_2d", conf_texture(&what, &how, NULL), 3, &at[0][0], out);
    CONF_EXPECT(out[0][0] == 0 && out[0][1] == 1 && out[1][0] == 1 && out[1][3] == 0);
    CONF_EXPECT(out[0][2] > 0.1999f && out[0][2] < 0.2001f);
    how.flags = CU_TRSF_READ_AS_INTEGER;
    conf_sample("sample_words", conf_texture(&what, &how, NULL), 3, &at[0][0], words);
    CONF_EXPECT(words[0][1] == 255 && words[0][3] == 102 && words[2][0] == 10 && words[2][3] == 40);
}

CONF_POSITIVE(cuTexObjectCreate, line_volume_layers)
{
    static const float at[][4] = {{0.5f, 0.5f, 0.5f}, {1.5f, 1.5f, 1.5f}, {3.5f, 2.5f, 2.5f}};
    static const float layer_at[][4] = {{0.5f, 0.5f, 0}, {1.5f, 1.5f, 1}, {3.5f, 2.5f, 2}};
    static const float line[] = {0, 1, 3};
    static const float volume[] = {0, 1 + 4 + 12, 3 + 8 + 24};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    float data[4 * 3 * 3];

    for (unsigned int i = 0; i < 36; i++) {
        data[i] = (float)i;
    }
    conf_context();
    what = conf_resource(conf_array(CU_AD_FORMAT_FLOAT, 1, 4, 0, 0, 0));
    conf_array_write(what.res.array.hArray, data);
    sample("sample_1d", conf_texture(&what, &how, NULL), 3, at, line);
    what = conf_resource(conf_array(CU_AD_FORMAT_FLOAT, 1, 4, 3, 3, 0));
    conf_array_write(what.res.array.hArray, data);
    sample("sample_3d", conf_texture(&what, &how, NULL), 3, at, volume);
    what = conf_resource(conf_array(CU_AD_FORMAT_FLOAT, 1, 4, 3, 3, CUDA_ARRAY3D_LAYERED));
    conf_array_write(what.res.array.hArray, data);
    sample("sample_layers", conf_texture(&what, &how, NULL), 3, layer_at, volume);
}

CONF_POSITIVE(cuTexObjectCreate, levels)
{
    static const float at[][4] = {{0.25f, 0.25f, 0}, {0.25f, 0.25f, 1}, {0.25f, 0.25f, 2}};
    static const float wanted[] = {100, 101, 102};
    CUDA_ARRAY3D_DESCRIPTOR shape = {
        .Width = 16, .Height = 16, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    float data[256];

    conf_context();
    CONF_SETUP(cuMipmappedArrayCreate(&what.res.mipmap.hMipmappedArray, &shape, 3));
    for (unsigned int i = 0; i < 3; i++) {
        CUarray level = NULL;

        for (unsigned int k = 0; k < 256; k++) {
            data[k] = 100.0f + (float)i;
        }
        CONF_SETUP(cuMipmappedArrayGetLevel(&level, what.res.mipmap.hMipmappedArray, i));
        conf_array_write(level, data);
    }
    how.flags = CU_TRSF_NORMALIZED_COORDINATES;
    how.maxMipmapLevelClamp = 2;
    sample("sample_level", conf_texture(&what, &how, NULL), 3, at, wanted);
}

/* The same bytes under another format. */
CONF_POSITIVE(cuTexObjectCreate, view_of_another_format)
{
    static const float at[][4] = {{0.5f, 0.5f}, {2.5f, 0.5f}};
    static const unsigned int data[4] = {0x04030201, 0, 0x0d0c0b0a, 0};
    CUDA_RESOURCE_VIEW_DESC view = {.format = CU_RES_VIEW_FORMAT_UINT_4X8, .width = 4, .height = 1};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    unsigned int words[2][4];

    conf_context();
    what = conf_resource(conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, 4, 1, 0, 0));
    conf_array_write(what.res.array.hArray, data);
    how.flags = CU_TRSF_READ_AS_INTEGER;
    conf_sample("sample_words", conf_texture(&what, &how, &view), 2, &at[0][0], words);
    CONF_EXPECT(words[0][0] == 1 && words[0][3] == 4 && words[1][0] == 10 && words[1][3] == 13);
}

/* A texture sees what is written to its array later. */
CONF_POSITIVE(cuTexObjectCreate, sees_later_writes)
{
    static const float at[][4] = {{0.5f, 0.5f}};
    static const float before[] = {0};
    static const float after[] = {42};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    float data[WIDE * HIGH] = {42};
    CUDA_RESOURCE_DESC what;
    CUtexObject texture = 0;

    conf_context();
    what = conf_resource(numbers());
    texture = conf_texture(&what, &how, NULL);
    sample("sample_2d", texture, 1, at, before);
    conf_array_write(what.res.array.hArray, data);
    sample("sample_2d", texture, 1, at, after);
    CONF_OK(cuTexObjectDestroy(texture));
    CONF_OK(cuArrayDestroy(what.res.array.hArray));
}

/* ---- linear memory ---- */

CONF_POSITIVE(cuTexObjectCreate, linear_memory)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    unsigned int words[8][4];
    float none[8][4] = {{0}};
    unsigned short data[8 * 2];
    int wrong = 0;

    for (unsigned int i = 0; i < 16; i++) {
        data[i] = (unsigned short)(1000 * i);
    }
    conf_context();
    what.res.linear.devPtr = conf_memory(sizeof(data));
    what.res.linear.format = CU_AD_FORMAT_UNSIGNED_INT16;
    what.res.linear.numChannels = 2;
    what.res.linear.sizeInBytes = sizeof(data);
    CONF_SETUP(cuMemcpyHtoD_v2(what.res.linear.devPtr, data, sizeof(data)));
    how.flags = CU_TRSF_READ_AS_INTEGER;
    conf_sample("fetch", conf_texture(&what, &how, NULL), 8, &none[0][0], words);
    for (unsigned int i = 0; i < 8; i++) {
        wrong += words[i][0] != data[2ul * i] || words[i][1] != data[2ul * i + 1];
    }
    CONF_EXPECT(wrong == 0);
}

static CUDA_RESOURCE_DESC pitched(void)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_PITCH2D};

    what.res.pitch2D.devPtr = conf_memory(512ul * 16);
    what.res.pitch2D.format = CU_AD_FORMAT_FLOAT;
    what.res.pitch2D.numChannels = 1;
    what.res.pitch2D.width = 20;
    what.res.pitch2D.height = 16;
    what.res.pitch2D.pitchInBytes = 512;
    return what;
}

CONF_POSITIVE(cuTexObjectCreate, rows_with_a_pitch)
{
    static const float at[][4] = {{0.5f, 0.5f}, {19.5f, 15.5f}, {3.0f, 7.5f}, {50, 50}};
    static const float wanted[] = {0, 1519, 702.5f, 1519};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    static float rows[16][128];

    for (unsigned int i = 0; i < 16 * 128; i++) {
        unsigned int row = i / 128;

        rows[row][i % 128] = (float)(100 * row + i % 128);
    }
    conf_context();
    what = pitched();
    CONF_SETUP(cuMemcpyHtoD_v2(what.res.pitch2D.devPtr, rows, sizeof(rows)));
    how.filterMode = CU_TR_FILTER_MODE_LINEAR;
    sample("sample_2d", conf_texture(&what, &how, NULL), 4, at, wanted);
}

CONF_POSITIVE(cuDeviceGetTexture1DLinearMaxWidth, of_two_formats)
{
    size_t small = 0, large = 0;
    CUdevice dev = conf_device();

    CONF_OK(cuDeviceGetTexture1DLinearMaxWidth(&small, CU_AD_FORMAT_UNSIGNED_INT8, 1, dev));
    CONF_OK(cuDeviceGetTexture1DLinearMaxWidth(&large, CU_AD_FORMAT_FLOAT, 4, dev));
    CONF_EXPECT(small >= 1u << 27 && large >= 1u << 27);
}

CONF_NEGATIVE(cuDeviceGetTexture1DLinearMaxWidth, null_out)
{
    CUdevice dev = conf_device();

    CONF_RESULT(cuDeviceGetTexture1DLinearMaxWidth(NULL, CU_AD_FORMAT_FLOAT, 1, dev),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDeviceGetTexture1DLinearMaxWidth, unknown_format)
{
    CUdevice dev = conf_device();
    size_t width = 0;

    CONF_RESULT(cuDeviceGetTexture1DLinearMaxWidth(&width, (CUarray_format)7, 1, dev),
                CUDA_ERROR_INVALID_VALUE);
}
