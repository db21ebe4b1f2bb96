/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <string.h>

/* Surface objects: kernels read and write arrays. */

#define WIDE 32u
#define HIGH 8u

static CUarray plane(unsigned int flags)
{
    return conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, WIDE, HIGH, 0, flags);
}

static CUsurfObject surface(CUarray array)
{
    CUDA_RESOURCE_DESC what = conf_resource(array);
    CUsurfObject made = 0;

    CONF_SETUP(cuSurfObjectCreate(&made, &what));
    return made;
}

CONF_POSITIVE(cuSurfObjectCreate, read_and_written)
{
    unsigned int data[WIDE * HIGH];
    unsigned int number = 1000, wrong = 0;
    CUsurfObject s = 0;
    void *params[] = {&s, &number};
    CUarray array = NULL;

    for (unsigned int i = 0; i < WIDE * HIGH; i++) {
        data[i] = i;
    }
    conf_context();
    array = plane(CUDA_ARRAY3D_SURFACE_LDST);
    conf_array_write(array, data);
    s = surface(array);
    CONF_OK(cuLaunchKernel(conf_image_kernel("surface_add"), HIGH, 1, 1, WIDE, 1, 1, 0, NULL,
                           params, NULL));
    CONF_OK(cuLaunchKernel(conf_image_kernel("surface_add"), HIGH, 1, 1, WIDE, 1, 1, 0, NULL,
                           params, NULL));
    conf_array_read(array, data);
    for (unsigned int i = 0; i < WIDE * HIGH; i++) {
        wrong += data[i] != i + 2000;
    }
    CONF_VALUE(wrong);
    CONF_EXPECT(wrong == 0);
    CONF_OK(cuSurfObjectDestroy(s));
}

CONF_POSITIVE(cuSurfObjectCreate, layers)
{
    unsigned int data[WIDE * HIGH * 3];
    unsigned int wrong = 0;
    CUsurfObject s = 0;
    void *params[] = {&s};
    CUarray array = NULL;

    memset(data, 0, sizeof(data));
    conf_context();
    array = conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, WIDE, HIGH, 3,
                       CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_LAYERED);
    s = surface(array);
    CONF_OK(cuLaunchKernel(conf_image_kernel("surface_number_layers"), HIGH, 3, 1, WIDE, 1, 1, 0,
                           NULL, params, NULL));
    conf_array_read(array, data);
    for (unsigned int i = 0; i < WIDE * HIGH * 3; i++) {
        unsigned int x = i % WIDE, y = i / WIDE % HIGH, z = i / WIDE / HIGH;

        wrong += data[i] != (((z << 8) + y) << 8) + x;
    }
    CONF_VALUE(wrong);
    CONF_EXPECT(wrong == 0);
}

/* A texture over the same array sees what the surface has written. */
CONF_POSITIVE(cuSurfObjectCreate, seen_by_a_texture)
{
    static const float at[][4] = {{3.5f, 2.5f}, {31.5f, 7.5f}};
    CUDA_TEXTURE_DESC how = conf_plain_texture();
    CUDA_RESOURCE_DESC what;
    unsigned int data[WIDE * HIGH];
    unsigned int words[2][4];
    unsigned int number = 5;
    CUsurfObject s = 0;
    void *params[] = {&s, &number};

    for (unsigned int i = 0; i < WIDE * HIGH; i++) {
        data[i] = i;
    }
    conf_context();
    what = conf_resource(plane(CUDA_ARRAY3D_SURFACE_LDST));
    conf_array_write(what.res.array.hArray, data);
    s = surface(what.res.array.hArray);
    CONF_OK(cuLaunchKernel(conf_image_kernel("surface_add"), HIGH, 1, 1, WIDE, 1, 1, 0, NULL,
                           params, NULL));
    how.flags = CU_TRSF_READ_AS_INTEGER;
    conf_sample("sample_words", conf_texture(&what, &how, NULL), 2, &at[0][0], words);
    CONF_VALUE(words[0][0]);
    CONF_VALUE(words[1][0]);
    CONF_EXPECT(words[0][0] == 2 * WIDE + 3 + 5 && words[1][0] == 7 * WIDE + 31 + 5);
}

CONF_NEGATIVE(cuSurfObjectCreate, null_descriptor)
{
    CUsurfObject s = 0;

    conf_context();
    CONF_RESULT(cuSurfObjectCreate(&s, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuSurfObjectCreate, linear_memory)
{
    CUDA_RESOURCE_DESC what = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUsurfObject s = 0;

    conf_context();
    what.res.linear.devPtr = conf_memory(4096);
    what.res.linear.format = CU_AD_FORMAT_FLOAT;
    what.res.linear.numChannels = 1;
    what.res.linear.sizeInBytes = 4096;
    CONF_RESULT(cuSurfObjectCreate(&s, &what), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuSurfObjectDestroy, again_and_again)
{
    CUDA_RESOURCE_DESC what;
    int refused = 0;

    conf_context();
    what = conf_resource(plane(CUDA_ARRAY3D_SURFACE_LDST));
    for (unsigned int i = 0; i < 200; i++) {
        CUsurfObject s = 0;

        refused += drv.cuSurfObjectCreate(&s, &what) != CUDA_SUCCESS;
        refused += drv.cuSurfObjectDestroy(s) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
    CONF_EXPECT(refused == 0);
}

CONF_POSITIVE(cuSurfObjectDestroy, never_made)
{
    conf_context();
    CONF_OK(cuSurfObjectDestroy(0x123456));
}

CONF_NEGATIVE(cuSurfObjectDestroy, no_context)
{
    conf_device();
    CONF_RESULT(cuSurfObjectDestroy(1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuSurfObjectGetResourceDesc, as_made)
{
    CUDA_RESOURCE_DESC seen;
    CUarray array = NULL;

    memset(&seen, 0xff, sizeof(seen));
    conf_context();
    array = plane(CUDA_ARRAY3D_SURFACE_LDST);
    CONF_OK(cuSurfObjectGetResourceDesc(&seen, surface(array)));
    CONF_EXPECT(seen.resType == CU_RESOURCE_TYPE_ARRAY && seen.res.array.hArray == array);
}

CONF_NEGATIVE(cuSurfObjectGetResourceDesc, null_out)
{
    conf_context();
    CONF_RESULT(cuSurfObjectGetResourceDesc(NULL, surface(plane(CUDA_ARRAY3D_SURFACE_LDST))),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuSurfObjectGetResourceDesc, never_made)
{
    CUDA_RESOURCE_DESC seen;

    conf_context();
    CONF_EITHER(cuSurfObjectGetResourceDesc(&seen, 0x123456), CUDA_ERROR_INVALID_VALUE,
                CUDA_ERROR_INVALID_HANDLE);
}
