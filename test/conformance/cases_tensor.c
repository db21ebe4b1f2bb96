/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

/* A good map of a matrix; what a case changes in it makes it bad. */
struct tiled {
    CUtensorMap *map;
    CUtensorMapDataType type;
    cuuint32_t rank;
    void *address;
    cuuint64_t dims[5];
    cuuint64_t strides[5];
    cuuint32_t box[5];
    cuuint32_t steps[5];
    CUtensorMapInterleave interleave;
    CUtensorMapSwizzle swizzle;
    CUtensorMapL2promotion promotion;
    CUtensorMapFloatOOBfill fill;
};

static CUtensorMap result, other;

static struct tiled good(void)
{
    struct tiled t = {.map = &result,
                      .type = CU_TENSOR_MAP_DATA_TYPE_FLOAT32,
                      .rank = 2,
                      .dims = {256, 128},
                      .strides = {1024},
                      .box = {32, 8},
                      .steps = {1, 1, 1, 1, 1},
                      .interleave = CU_TENSOR_MAP_INTERLEAVE_NONE,
                      .swizzle = CU_TENSOR_MAP_SWIZZLE_NONE,
                      .promotion = CU_TENSOR_MAP_L2_PROMOTION_NONE,
                      .fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE};
    CUdevice dev = conf_device();
    CUdeviceptr p = 0;
    int major = 0;

    CONF_SETUP(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev));
    if (major < 9) {
        conf_skip("the device has no tensor maps");
    }
    conf_context();
    p = conf_memory(1 << 20);
    memcpy(&t.address, &p, sizeof(p));
    return t;
}

static CUresult encode(const struct tiled *t)
{
    return drv.cuTensorMapEncodeTiled(t->map, t->type, t->rank, t->address, t->dims, t->strides,
                                      t->box, t->steps, t->interleave, t->swizzle, t->promotion,
                                      t->fill);
}

static void refused(const struct tiled *t)
{
    CUresult cu = encode(t);

    CONF_EXPECT(cu == CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuTensorMapEncodeTiled, matrix)
{
    static const CUtensorMap zeros;
    struct tiled t = good();
    CUresult cu = encode(&t);

    CONF_EXPECT(cu == CUDA_SUCCESS);
    CONF_EXPECT(memcmp(&result, &zeros, sizeof(result)) != 0);
}

CONF_POSITIVE(cuTensorMapEncodeTiled, same_twice)
{
    struct tiled t = good();
    CUresult cu = encode(&t);

    t.map = &other;
    CONF_EXPECT(cu == CUDA_SUCCESS && encode(&t) == CUDA_SUCCESS);
    CONF_EXPECT(memcmp(&result, &other, sizeof(result)) == 0);
}

CONF_POSITIVE(cuTensorMapEncodeTiled, five_dimensions)
{
    struct tiled t = good();
    CUresult cu;

    t.rank = 5;
    for (int i = 0; i < 5; i++) {
        t.dims[i] = 16;
        t.box[i] = 4;
        t.strides[i] = 64ull << (4 * i);
    }
    cu = encode(&t);
    CONF_EXPECT(cu == CUDA_SUCCESS);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, null_out)
{
    struct tiled t = good();

    t.map = NULL;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, rank_zero)
{
    struct tiled t = good();

    t.rank = 0;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, rank_six)
{
    struct tiled t = good();

    t.rank = 6;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, unknown_type)
{
    struct tiled t = good();

    t.type = (CUtensorMapDataType)99;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, odd_address)
{
    struct tiled t = good();

    t.address = (char *)t.address + 4;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, dimension_zero)
{
    struct tiled t = good();

    t.dims[1] = 0;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, odd_stride)
{
    struct tiled t = good();

    t.strides[0] = 1028;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, box_zero)
{
    struct tiled t = good();

    t.box[0] = 0;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, box_too_large)
{
    struct tiled t = good();

    t.box[1] = 257;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, step_zero)
{
    struct tiled t = good();

    t.steps[1] = 0;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, step_too_large)
{
    struct tiled t = good();

    t.steps[1] = 9;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, unknown_swizzle)
{
    struct tiled t = good();

    t.swizzle = (CUtensorMapSwizzle)99;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, box_beyond_swizzle)
{
    struct tiled t = good();

    t.swizzle = CU_TENSOR_MAP_SWIZZLE_32B;
    refused(&t);
}

CONF_NEGATIVE(cuTensorMapEncodeTiled, before_init)
{
    CONF_RESULT(cuTensorMapEncodeTiled(&result, CU_TENSOR_MAP_DATA_TYPE_UINT8, 1, NULL, NULL, NULL,
                                       NULL, NULL, CU_TENSOR_MAP_INTERLEAVE_NONE,
                                       CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,
                                       CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
                CUDA_ERROR_NOT_INITIALIZED);
}

static CUresult columns(const struct tiled *t, const int *lower, const int *upper,
                        cuuint32_t channels, cuuint32_t pixels)
{
    return drv.cuTensorMapEncodeIm2col(t->map, t->type, t->rank, t->address, t->dims, t->strides,
                                       lower, upper, channels, pixels, t->steps, t->interleave,
                                       t->swizzle, t->promotion, t->fill);
}

static struct tiled good_image(void)
{
    struct tiled t = good();

    t.rank = 4;
    t.dims[0] = 32;
    t.dims[1] = t.dims[2] = 16;
    t.dims[3] = 2;
    t.strides[0] = 128;
    t.strides[1] = 2048;
    t.strides[2] = 32768;
    return t;
}

CONF_POSITIVE(cuTensorMapEncodeIm2col, image)
{
    static const int corner[3] = {0, 0, 0};
    struct tiled t = good_image();
    CUresult cu = columns(&t, corner, corner, 32, 64);

    CONF_EXPECT(cu == CUDA_SUCCESS);
}

CONF_NEGATIVE(cuTensorMapEncodeIm2col, rank_two)
{
    static const int corner[3] = {0, 0, 0};
    struct tiled t = good_image();

    t.rank = 2;
    CONF_EXPECT(columns(&t, corner, corner, 32, 64) == CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTensorMapEncodeIm2col, too_many_channels)
{
    static const int corner[3] = {0, 0, 0};
    struct tiled t = good_image();

    CONF_EXPECT(columns(&t, corner, corner, 257, 64) == CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTensorMapEncodeIm2col, too_many_pixels)
{
    static const int corner[3] = {0, 0, 0};
    struct tiled t = good_image();

    CONF_EXPECT(columns(&t, corner, corner, 32, 1025) == CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuTensorMapEncodeIm2col, corner_too_far)
{
    static const int far[3] = {200, 0, 0}, corner[3] = {0, 0, 0};
    struct tiled t = good_image();

    CONF_EXPECT(columns(&t, far, corner, 32, 64) == CUDA_ERROR_INVALID_VALUE);
}

/* The devices that have it are newer than those that this suite was written on. */
CONF_NEGATIVE(cuTensorMapEncodeIm2colWide, rank_two)
{
    struct tiled t = good_image();

    CONF_EITHER(cuTensorMapEncodeIm2colWide(t.map, t.type, 2, t.address, t.dims, t.strides, 0, 0,
                                            32, 64, t.steps, t.interleave,
                                            CU_TENSOR_MAP_IM2COL_WIDE_MODE_W,
                                            CU_TENSOR_MAP_SWIZZLE_128B, t.promotion, t.fill),
                CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_NOT_SUPPORTED);
}

CONF_NEGATIVE(cuTensorMapEncodeIm2colWide, null_out)
{
    struct tiled t = good_image();

    CONF_EITHER(cuTensorMapEncodeIm2colWide(NULL, t.type, 4, t.address, t.dims, t.strides, 0, 0, 32,
                                            64, t.steps, t.interleave,
                                            CU_TENSOR_MAP_IM2COL_WIDE_MODE_W,
                                            CU_TENSOR_MAP_SWIZZLE_128B, t.promotion, t.fill),
                CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_NOT_SUPPORTED);
}

CONF_POSITIVE(cuTensorMapReplaceAddress, as_if_made_so)
{
    struct tiled t = good();
    CUresult cu = encode(&t);

    CONF_EXPECT(cu == CUDA_SUCCESS);
    CONF_OK(cuTensorMapReplaceAddress(&result, (char *)t.address + 4096));
    t.map = &other;
    t.address = (char *)t.address + 4096;
    cu = encode(&t);
    CONF_EXPECT(cu == CUDA_SUCCESS && memcmp(&result, &other, sizeof(result)) == 0);
}

CONF_NEGATIVE(cuTensorMapReplaceAddress, odd_address)
{
    struct tiled t = good();
    CUresult cu = encode(&t);

    CONF_EXPECT(cu == CUDA_SUCCESS);
    CONF_RESULT(cuTensorMapReplaceAddress(&result, (char *)t.address + 4),
                CUDA_ERROR_INVALID_VALUE);
}
