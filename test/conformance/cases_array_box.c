/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <stdlib.h>
#include <string.h>

/* Rectangles and boxes with arrays at an end. */

#define SIDE  40ul
#define ROW   (SIDE * 4)
#define PLANE (ROW * SIDE)

static unsigned char host_a[PLANE * 8];
static unsigned char host_b[PLANE * 8];
static unsigned char wanted[PLANE * 8];

static CUarray plane(unsigned int seed)
{
    CUarray array = conf_array(CU_AD_FORMAT_UNSIGNED_INT8, 4, SIDE, SIDE, 0, 0);

    conf_fill(host_a, PLANE, seed);
    conf_array_write(array, host_a);
    return array;
}

/* 20 elements wide and 10 rows high: from (2, 3) in host memory to (8, 5) in the array. */
static CUDA_MEMCPY2D into(CUarray array, const void *host)
{
    return (CUDA_MEMCPY2D){
        .srcXInBytes = 8,
        .srcY = 3,
        .srcMemoryType = CU_MEMORYTYPE_HOST,
        .srcHost = host,
        .srcPitch = ROW,
        .dstXInBytes = 32,
        .dstY = 5,
        .dstMemoryType = CU_MEMORYTYPE_ARRAY,
        .dstArray = array,
        .WidthInBytes = 80,
        .Height = 10,
    };
}

static void model(unsigned char *dst, const unsigned char *src)
{
    for (unsigned int y = 0; y < 10; y++) {
        memcpy(dst + 32 + (y + 5) * ROW, src + 8 + (y + 3) * ROW, 80);
    }
}

static void expect(CUarray array)
{
    unsigned char *all = host_b;

    memset(all, 0, PLANE);
    conf_array_read(array, all);
    CONF_EXPECT(!memcmp(all, wanted, PLANE));
}

static void prepare(unsigned int seed)
{
    memcpy(wanted, host_a, PLANE);
    conf_fill(host_a, PLANE, seed);
    model(wanted, host_a);
}

CONF_POSITIVE(cuMemcpy2D_v2, into_an_array)
{
    CUDA_MEMCPY2D c;
    CUarray array = NULL;

    conf_context();
    array = plane(1);
    prepare(2);
    c = into(array, host_a);
    CONF_OK(cuMemcpy2D_v2(&c));
    expect(array);
}

CONF_POSITIVE(cuMemcpy2DUnaligned_v2, into_an_array)
{
    CUDA_MEMCPY2D c;
    CUarray array = NULL;

    conf_context();
    array = plane(3);
    prepare(4);
    c = into(array, host_a);
    CONF_OK(cuMemcpy2DUnaligned_v2(&c));
    expect(array);
}

CONF_POSITIVE(cuMemcpy2DAsync_v2, into_an_array_from_pinned_memory)
{
    CUDA_MEMCPY2D c;
    CUarray array = NULL;
    CUstream s = NULL;
    void *pinned = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuMemAllocHost_v2(&pinned, PLANE));
    array = plane(5);
    prepare(6);
    memcpy(pinned, host_a, PLANE);
    c = into(array, pinned);
    CONF_OK(cuMemcpy2DAsync_v2(&c, s));
    CONF_OK(cuStreamSynchronize(s));
    expect(array);
}

CONF_POSITIVE(cuMemcpy2D_v2, from_an_array_to_the_device)
{
    CUDA_MEMCPY2D c = {.WidthInBytes = 80, .Height = 10};
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(512 * SIDE);
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    c.srcArray = plane(7);
    c.srcXInBytes = 16;
    c.srcY = 2;
    c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
    c.dstDevice = d;
    c.dstPitch = 512;
    CONF_OK(cuMemcpy2D_v2(&c));
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, 512ul * 9 + 80));
    for (unsigned int y = 0; y < 10; y++) {
        CONF_EXPECT(!memcmp(host_b + 512ul * y, host_a + 16 + (y + 2) * ROW, 80));
    }
}

CONF_POSITIVE(cuMemcpy2D_v2, between_arrays)
{
    CUDA_MEMCPY2D c = {.WidthInBytes = ROW, .Height = SIDE};
    CUarray to = NULL;

    conf_context();
    to = plane(8);
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    c.srcArray = plane(9);
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    c.dstArray = to;
    CONF_OK(cuMemcpy2D_v2(&c));
    memcpy(wanted, host_a, PLANE);
    expect(to);
}

CONF_NEGATIVE(cuMemcpy2D_v2, beyond_an_array)
{
    CUDA_MEMCPY2D c;

    conf_context();
    c = into(plane(1), host_a);
    c.dstXInBytes = ROW - 76;
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
    c.dstXInBytes = 32;
    c.dstY = SIDE - 9;
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
    c.dstY = SIZE_MAX - 5;
    CONF_RESULT(cuMemcpy2D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

/* An offset within an element, which the documentation forbids: refused or done, and no harm. */
CONF_POSITIVE(cuMemcpy2D_v2, part_of_an_element)
{
    CUDA_MEMCPY2D c;
    CUarray array = NULL;

    conf_context();
    array = plane(1);
    c = into(array, host_a);
    c.dstXInBytes = 30;
    CONF_CALL(cuMemcpy2D_v2(&c));
    CONF_OK(cuCtxSynchronize());
    conf_array_write(array, host_a);
    memcpy(wanted, host_a, PLANE);
    expect(array);
}

CONF_POSITIVE(cuMemcpy3D_v2, into_slices_of_an_array)
{
    CUarray array = NULL;
    CUDA_MEMCPY3D c = {.WidthInBytes = 40, .Height = 6, .Depth = 3};

    conf_context();
    array = conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, 16, 10, 8, 0);
    memset(wanted, 0, sizeof(wanted));
    conf_array_write(array, wanted);
    conf_fill(host_a, sizeof(host_a), 12);
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcPitch = 100;
    c.srcHeight = 9;
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    c.dstArray = array;
    c.dstXInBytes = 8;
    c.dstY = 4;
    c.dstZ = 5;
    CONF_OK(cuMemcpy3D_v2(&c));
    for (unsigned int z = 0; z < 3; z++) {
        for (unsigned int y = 0; y < 6; y++) {
            memcpy(wanted + 8 + (y + 4) * 64ul + (z + 5) * 640ul, host_a + y * 100ul + z * 900ul,
                   40);
        }
    }
    conf_array_read(array, host_b);
    CONF_EXPECT(!memcmp(host_b, wanted, 64ul * 10 * 8));
}

CONF_POSITIVE(cuMemcpy3DAsync_v2, layers_of_an_array)
{
    CUarray array = NULL;
    CUstream s = NULL;
    CUDA_MEMCPY3D c = {.WidthInBytes = 64, .Height = 10, .Depth = 4};

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    array = conf_array(CU_AD_FORMAT_FLOAT, 1, 16, 10, 4, CUDA_ARRAY3D_LAYERED);
    conf_fill(host_a, 64ul * 10 * 4, 13);
    conf_array_write(array, host_a);
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
    c.srcArray = array;
    c.dstMemoryType = CU_MEMORYTYPE_HOST;
    c.dstHost = host_b;
    c.dstPitch = 64;
    c.dstHeight = 10;
    CONF_OK(cuMemcpy3DAsync_v2(&c, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(!memcmp(host_b, host_a, 64ul * 10 * 4));
}

CONF_NEGATIVE(cuMemcpy3D_v2, beyond_the_slices)
{
    CUDA_MEMCPY3D c = {.WidthInBytes = 40, .Height = 6, .Depth = 4};

    conf_context();
    c.srcMemoryType = CU_MEMORYTYPE_HOST;
    c.srcHost = host_a;
    c.srcPitch = 100;
    c.srcHeight = 9;
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
    c.dstArray = conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, 16, 10, 8, 0);
    c.dstZ = 5;
    CONF_RESULT(cuMemcpy3D_v2(&c), CUDA_ERROR_INVALID_VALUE);
}

/* More than is copied at once on the way, and rows that are no whole pages. */
CONF_POSITIVE(cuMemcpy2D_v2, a_large_array)
{
    enum { WIDE = 1500, HIGH = 1100 };
    size_t bytes = (size_t)WIDE * HIGH * 16;
    unsigned char *there = malloc(bytes), *back = calloc(1, bytes);
    CUarray array = NULL;

    conf_context();
    array = conf_array(CU_AD_FORMAT_FLOAT, 4, WIDE, HIGH, 0, 0);
    conf_fill(there, bytes, 14);
    conf_array_write(array, there);
    conf_array_read(array, back);
    CONF_EXPECT(!memcmp(there, back, bytes));
    free(there);
    free(back);
}
