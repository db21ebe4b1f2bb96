/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <stdlib.h>
#include <string.h>

/* Arrays: what can be made, and what they say of themselves. */

#define SPARE (64ul << 20)

static CUDA_ARRAY_DESCRIPTOR plane(void)
{
    return (CUDA_ARRAY_DESCRIPTOR){
        .Width = 60, .Height = 30, .Format = CU_AD_FORMAT_FLOAT, .NumChannels = 1};
}

static CUDA_ARRAY3D_DESCRIPTOR volume(void)
{
    return (CUDA_ARRAY3D_DESCRIPTOR){.Width = 20,
                                     .Height = 10,
                                     .Depth = 5,
                                     .Format = CU_AD_FORMAT_UNSIGNED_INT8,
                                     .NumChannels = 4};
}

static void tell(CUarray array)
{
    CUDA_ARRAY3D_DESCRIPTOR d;

    memset(&d, 0xff, sizeof(d));
    CONF_OK(cuArray3DGetDescriptor_v2(&d, array));
    CONF_VALUE(d.Width);
    CONF_VALUE(d.Height);
    CONF_VALUE(d.Depth);
    CONF_VALUE(d.Format);
    CONF_VALUE(d.NumChannels);
    CONF_VALUE(d.Flags);
}

CONF_POSITIVE(cuArrayCreate_v2, one_and_two_dimensions)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    CONF_OK(cuArrayCreate_v2(&array, &d));
    CONF_EXPECT(array != NULL);
    tell(array);
    CONF_OK(cuArrayDestroy(array));
    d.Height = 0;
    d.Format = CU_AD_FORMAT_HALF;
    d.NumChannels = 2;
    CONF_OK(cuArrayCreate_v2(&array, &d));
    tell(array);
    CONF_OK(cuArrayDestroy(array));
}

CONF_POSITIVE(cuArrayCreate_v2, every_format)
{
    static const CUarray_format formats[] = {
        CU_AD_FORMAT_UNSIGNED_INT8, CU_AD_FORMAT_UNSIGNED_INT16, CU_AD_FORMAT_UNSIGNED_INT32,
        CU_AD_FORMAT_SIGNED_INT8,   CU_AD_FORMAT_SIGNED_INT16,   CU_AD_FORMAT_SIGNED_INT32,
        CU_AD_FORMAT_HALF,          CU_AD_FORMAT_FLOAT};
    unsigned char data[64 * 16];
    unsigned char seen[64 * 16];
    int wrong = 0;

    conf_context();
    for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        for (unsigned int channels = 1; channels <= 4; channels *= 2) {
            CUarray array = conf_array(formats[i], channels, 16, 4, 0, 0);

            conf_fill(data, sizeof(data), i);
            conf_array_write(array, data);
            memset(seen, 0, sizeof(seen));
            conf_array_read(array, seen);
            wrong += memcmp(seen, data, 64) != 0;
            CONF_SETUP(cuArrayDestroy(array));
        }
    }
    CONF_VALUE(wrong);
    CONF_EXPECT(wrong == 0);
}

CONF_NEGATIVE(cuArrayCreate_v2, null_out)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();

    conf_context();
    CONF_RESULT(cuArrayCreate_v2(NULL, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, null_descriptor)
{
    CUarray array = NULL;

    conf_context();
    CONF_RESULT(cuArrayCreate_v2(&array, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, three_channels)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    d.NumChannels = 3;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
    d.NumChannels = 0;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, no_width)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    d.Width = 0;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, unknown_format)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    d.Format = (CUarray_format)7;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, too_large)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;
    int most = 0;

    conf_context();
    CONF_SETUP(cuDeviceGetAttribute(&most, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH, 0));
    d.Height = 0;
    d.Width = (size_t)most + 1;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
    d.Width = SIZE_MAX;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
    d.Width = SIZE_MAX / 4 + 1;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

/* Native sees the lower 32 bits, and makes another array. */
CONF_OURS(cuArrayCreate_v2, more_than_32_bits)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    d.Width = 16;
    d.Height = (size_t)1 << 40;
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayCreate_v2, no_context)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_device();
    CONF_RESULT(cuArrayCreate_v2(&array, &d), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuArray3DCreate_v2, every_shape)
{
    conf_context();
    tell(conf_array(CU_AD_FORMAT_FLOAT, 1, 100, 0, 0, 0));
    tell(conf_array(CU_AD_FORMAT_FLOAT, 1, 100, 50, 0, CUDA_ARRAY3D_SURFACE_LDST));
    tell(conf_array(CU_AD_FORMAT_FLOAT, 2, 33, 17, 9, 0));
    tell(conf_array(CU_AD_FORMAT_HALF, 4, 33, 0, 9, CUDA_ARRAY3D_LAYERED));
    tell(conf_array(CU_AD_FORMAT_UNSIGNED_INT8, 1, 33, 17, 9, CUDA_ARRAY3D_LAYERED));
    tell(conf_array(CU_AD_FORMAT_FLOAT, 1, 32, 32, 6, CUDA_ARRAY3D_CUBEMAP));
    tell(
        conf_array(CU_AD_FORMAT_FLOAT, 1, 32, 32, 12, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED));
    tell(conf_array(CU_AD_FORMAT_FLOAT, 1, 64, 64, 0, CUDA_ARRAY3D_TEXTURE_GATHER));
}

CONF_POSITIVE(cuArray3DCreate_v2, counts_as_used_memory)
{
    CUDA_ARRAY3D_DESCRIPTOR d = {2048, 2048, 0, CU_AD_FORMAT_FLOAT, 4, 0};
    CUarray array = NULL;
    size_t before = 0, during = 0, total = 0;
    int less = 0;

    /* Others may give memory back meanwhile, as a process does that ends: what most rounds say. */
    conf_context();
    for (int i = 0; i < 9; i++) {
        CONF_SETUP(cuMemGetInfo_v2(&before, &total));
        CONF_SETUP(cuArray3DCreate_v2(&array, &d));
        CONF_SETUP(cuMemGetInfo_v2(&during, &total));
        CONF_SETUP(cuArrayDestroy(array));
        less += during + SPARE / 2 <= before;
    }
    CONF_EXPECT(less >= 5);
}
CONF_ALONE(cuArray3DCreate_v2, counts_as_used_memory)

CONF_NEGATIVE(cuArray3DCreate_v2, null_out)
{
    CUDA_ARRAY3D_DESCRIPTOR d = volume();

    conf_context();
    CONF_RESULT(cuArray3DCreate_v2(NULL, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArray3DCreate_v2, null_descriptor)
{
    CUarray array = NULL;

    conf_context();
    CONF_RESULT(cuArray3DCreate_v2(&array, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArray3DCreate_v2, cubes_that_are_none)
{
    CUDA_ARRAY3D_DESCRIPTOR d = volume();
    CUarray array = NULL;

    conf_context();
    d.Flags = CUDA_ARRAY3D_CUBEMAP;
    d.Depth = 6;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
    d.Height = d.Width;
    d.Depth = 5;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
    d.Depth = 8;
    d.Flags |= CUDA_ARRAY3D_LAYERED;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArray3DCreate_v2, products_that_overflow)
{
    CUDA_ARRAY3D_DESCRIPTOR d = volume();
    CUarray array = NULL;

    conf_context();
    d.Width = (size_t)1 << 32;
    d.Height = (size_t)1 << 32;
    d.Depth = (size_t)1 << 32;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

CONF_OURS(cuArray3DCreate_v2, more_than_32_bits)
{
    CUDA_ARRAY3D_DESCRIPTOR d = volume();
    CUarray array = NULL;

    conf_context();
    d.Depth = (size_t)1 << 32;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_INVALID_VALUE);
}

/* Arrays without memory of their own. */
CONF_UNSUPPORTED(cuArray3DCreate_v2, sparse)
{
    CUDA_ARRAY3D_DESCRIPTOR d = volume();
    CUarray array = NULL;

    conf_context();
    d.Flags = CUDA_ARRAY3D_SPARSE;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_NOT_SUPPORTED);
    d.Flags = CUDA_ARRAY3D_DEFERRED_MAPPING;
    CONF_RESULT(cuArray3DCreate_v2(&array, &d), CUDA_ERROR_NOT_SUPPORTED);
}

CONF_POSITIVE(cuArrayDestroy, again_and_again)
{
    int refused = 0;

    conf_context();
    for (unsigned int i = 0; i < 200; i++) {
        CUDA_ARRAY3D_DESCRIPTOR d = volume();
        CUarray array = NULL;

        d.Width = 1 + i;
        refused += drv.cuArray3DCreate_v2(&array, &d) != CUDA_SUCCESS;
        refused += drv.cuArrayDestroy(array) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_EXPECT(refused == 0);
}

CONF_NEGATIVE(cuArrayDestroy, null)
{
    conf_context();
    CONF_EITHER(cuArrayDestroy(NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayDestroy, before_init)
{
    CONF_RESULT(cuArrayDestroy(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuArrayGetDescriptor_v2, of_any_array)
{
    CUDA_ARRAY_DESCRIPTOR d;

    memset(&d, 0xff, sizeof(d));
    conf_context();
    CONF_OK(cuArrayGetDescriptor_v2(&d, conf_array(CU_AD_FORMAT_SIGNED_INT16, 2, 100, 50, 0, 0)));
    CONF_VALUE(d.Width);
    CONF_VALUE(d.Height);
    CONF_VALUE(d.Format);
    CONF_VALUE(d.NumChannels);
}

CONF_NEGATIVE(cuArrayGetDescriptor_v2, null_out)
{
    conf_context();
    CONF_RESULT(cuArrayGetDescriptor_v2(NULL, conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 8, 0, 0)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetDescriptor_v2, null_array)
{
    CUDA_ARRAY_DESCRIPTOR d;

    conf_context();
    CONF_EITHER(cuArrayGetDescriptor_v2(&d, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuArray3DGetDescriptor_v2, of_a_plane)
{
    CUDA_ARRAY_DESCRIPTOR d = plane();
    CUarray array = NULL;

    conf_context();
    CONF_SETUP(cuArrayCreate_v2(&array, &d));
    tell(array);
}

CONF_NEGATIVE(cuArray3DGetDescriptor_v2, null_out)
{
    conf_context();
    CONF_RESULT(cuArray3DGetDescriptor_v2(NULL, conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 8, 0, 0)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArray3DGetDescriptor_v2, null_array)
{
    CUDA_ARRAY3D_DESCRIPTOR d;

    conf_context();
    CONF_EITHER(cuArray3DGetDescriptor_v2(&d, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

/* ---- what only other arrays have ---- */

CONF_NEGATIVE(cuArrayGetMemoryRequirements, has_memory)
{
    CUDA_ARRAY_MEMORY_REQUIREMENTS r;

    conf_context();
    CONF_RESULT(cuArrayGetMemoryRequirements(&r, conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 8, 0, 0), 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetMemoryRequirements, null_array)
{
    CUDA_ARRAY_MEMORY_REQUIREMENTS r;

    conf_context();
    CONF_EITHER(cuArrayGetMemoryRequirements(&r, NULL, 0), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetSparseProperties, not_sparse)
{
    CUDA_ARRAY_SPARSE_PROPERTIES r;

    conf_context();
    CONF_RESULT(cuArrayGetSparseProperties(&r, conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 8, 0, 0)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetSparseProperties, null_array)
{
    CUDA_ARRAY_SPARSE_PROPERTIES r;

    conf_context();
    CONF_EITHER(cuArrayGetSparseProperties(&r, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetPlane, one_plane_only)
{
    CUarray out = NULL;

    conf_context();
    CONF_RESULT(cuArrayGetPlane(&out, conf_array(CU_AD_FORMAT_FLOAT, 1, 8, 8, 0, 0), 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuArrayGetPlane, null_array)
{
    CUarray out = NULL;

    conf_context();
    CONF_EITHER(cuArrayGetPlane(&out, NULL, 0), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}
