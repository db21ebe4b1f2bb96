/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <string.h>

/* Mipmapped arrays and their levels. */

static CUDA_ARRAY3D_DESCRIPTOR shape(size_t width, size_t height, size_t depth, unsigned int flags)
{
    return (CUDA_ARRAY3D_DESCRIPTOR){.Width = width,
                                     .Height = height,
                                     .Depth = depth,
                                     .Format = CU_AD_FORMAT_FLOAT,
                                     .NumChannels = 1,
                                     .Flags = flags};
}

static CUmipmappedArray mipmap(size_t width, size_t height, size_t depth, unsigned int flags,
                               unsigned int levels)
{
    CUDA_ARRAY3D_DESCRIPTOR d = shape(width, height, depth, flags);
    CUmipmappedArray made = NULL;

    CONF_SETUP(cuMipmappedArrayCreate(&made, &d, levels));
    return made;
}

static void tell(CUmipmappedArray made, unsigned int level)
{
    CUDA_ARRAY3D_DESCRIPTOR d;
    CUarray array = NULL;

    CONF_OK(cuMipmappedArrayGetLevel(&array, made, level));
    CONF_OK(cuArray3DGetDescriptor_v2(&d, array));
    CONF_VALUE(d.Width);
    CONF_VALUE(d.Height);
    CONF_VALUE(d.Depth);
}

CONF_POSITIVE(cuMipmappedArrayCreate, levels_get_smaller)
{
    CUmipmappedArray made = NULL;

    conf_context();
    made = mipmap(100, 40, 0, 0, 7);
    for (unsigned int i = 0; i < 7; i++) {
        tell(made, i);
    }
    CONF_OK(cuMipmappedArrayDestroy(made));
}

CONF_POSITIVE(cuMipmappedArrayCreate, layers_and_volumes)
{
    conf_context();
    tell(mipmap(16, 16, 8, CUDA_ARRAY3D_LAYERED, 3), 2);
    tell(mipmap(16, 16, 8, 0, 3), 2);
    tell(mipmap(64, 0, 0, 0, 3), 2);
}

/* As many levels as there can be. */
CONF_POSITIVE(cuMipmappedArrayCreate, more_levels_than_there_can_be)
{
    CUarray array = NULL;
    CUmipmappedArray made = NULL;

    conf_context();
    made = mipmap(16, 8, 0, 0, 100);
    tell(made, 4);
    CONF_RESULT(cuMipmappedArrayGetLevel(&array, made, 5), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayCreate, null_out)
{
    CUDA_ARRAY3D_DESCRIPTOR d = shape(16, 16, 0, 0);

    conf_context();
    CONF_RESULT(cuMipmappedArrayCreate(NULL, &d, 2), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayCreate, null_descriptor)
{
    CUmipmappedArray made = NULL;

    conf_context();
    CONF_RESULT(cuMipmappedArrayCreate(&made, NULL, 2), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayCreate, no_width)
{
    CUDA_ARRAY3D_DESCRIPTOR d = shape(0, 16, 0, 0);
    CUmipmappedArray made = NULL;

    conf_context();
    CONF_RESULT(cuMipmappedArrayCreate(&made, &d, 2), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMipmappedArrayDestroy, with_levels_in_use)
{
    int refused = 0;

    conf_context();
    for (unsigned int i = 0; i < 50; i++) {
        CUmipmappedArray made = mipmap(64, 64, 0, 0, 4);
        CUarray array = NULL;

        refused += drv.cuMipmappedArrayGetLevel(&array, made, i % 4) != CUDA_SUCCESS;
        refused += drv.cuMipmappedArrayDestroy(made) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_EXPECT(refused == 0);
}

CONF_NEGATIVE(cuMipmappedArrayDestroy, null)
{
    conf_context();
    CONF_EITHER(cuMipmappedArrayDestroy(NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayDestroy, before_init)
{
    CONF_RESULT(cuMipmappedArrayDestroy(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMipmappedArrayGetLevel, each_has_its_own_content)
{
    static float data[3][16 * 16];
    static float seen[3][16 * 16];
    CUarray level[3];
    CUmipmappedArray made = NULL;

    conf_context();
    made = mipmap(16, 16, 0, 0, 3);
    for (unsigned int i = 0; i < 3; i++) {
        CONF_OK(cuMipmappedArrayGetLevel(&level[i], made, i));
        conf_fill(data[i], sizeof(data[i]), i);
        conf_array_write(level[i], data[i]);
    }
    for (unsigned int i = 0; i < 3; i++) {
        conf_array_read(level[i], seen[i]);
        CONF_EXPECT(!memcmp(seen[i], data[i], 4ul * (16u >> i) * (16u >> i)));
    }
}

CONF_NEGATIVE(cuMipmappedArrayGetLevel, beyond_the_last)
{
    CUarray array = NULL;

    conf_context();
    CONF_RESULT(cuMipmappedArrayGetLevel(&array, mipmap(16, 16, 0, 0, 3), 3),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetLevel, null_out)
{
    conf_context();
    CONF_RESULT(cuMipmappedArrayGetLevel(NULL, mipmap(16, 16, 0, 0, 3), 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetLevel, null_array)
{
    CUarray array = NULL;

    conf_context();
    CONF_EITHER(cuMipmappedArrayGetLevel(&array, NULL, 0), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetMemoryRequirements, has_memory)
{
    CUDA_ARRAY_MEMORY_REQUIREMENTS r;

    conf_context();
    CONF_RESULT(cuMipmappedArrayGetMemoryRequirements(&r, mipmap(16, 16, 0, 0, 3), 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetMemoryRequirements, null_array)
{
    CUDA_ARRAY_MEMORY_REQUIREMENTS r;

    conf_context();
    CONF_EITHER(cuMipmappedArrayGetMemoryRequirements(&r, NULL, 0), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetSparseProperties, not_sparse)
{
    CUDA_ARRAY_SPARSE_PROPERTIES r;

    conf_context();
    CONF_RESULT(cuMipmappedArrayGetSparseProperties(&r, mipmap(16, 16, 0, 0, 3)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMipmappedArrayGetSparseProperties, null_array)
{
    CUDA_ARRAY_SPARSE_PROPERTIES r;

    conf_context();
    CONF_EITHER(cuMipmappedArrayGetSparseProperties(&r, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}
