/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

/* Arrays and mipmapped arrays: shapes, copies, memory, their end. */

static CUcontext context;

static int setup(void **state)
{
    (void)state;
    context = sim_context();
    return 0;
}

static CUresult create(CUarray *array, size_t width, size_t height, size_t depth, unsigned flags)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {width, height, depth, CU_AD_FORMAT_FLOAT, 1, flags};

    return cuArray3DCreate(array, &shape);
}

static void test_shapes(void **state)
{
    static const struct {
        size_t side[3];
        unsigned flags;
        bool good;
    } rows[] = {
        {{1, 0, 0}, 0, true},
        {{131072, 0, 0}, 0, true},
        {{131073, 0, 0}, 0, false},
        {{0, 0, 0}, 0, false},
        {{4, 4, 0}, 0, true},
        {{4, 65536, 0}, 0, true},
        {{4, 65537, 0}, 0, false},
        {{4, 4, 4}, 0, true},
        {{4, 0, 4}, 0, false},
        {{4, 4, 16385}, 0, true}, /* the other limits of volumes */
        {{4, 4, 32769}, 0, false},
        {{8193, 4, 16385}, 0, false},
        {{4, 0, 3}, CUDA_ARRAY3D_LAYERED, true},
        {{4, 4, 2049}, CUDA_ARRAY3D_LAYERED, false},
        {{4, 4, 0}, CUDA_ARRAY3D_LAYERED, false},
        {{4, 4, 6}, CUDA_ARRAY3D_CUBEMAP, true},
        {{4, 4, 5}, CUDA_ARRAY3D_CUBEMAP, false},
        {{4, 2, 6}, CUDA_ARRAY3D_CUBEMAP, false},
        {{4, 4, 12}, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED, true},
        {{4, 4, 13}, CUDA_ARRAY3D_CUBEMAP | CUDA_ARRAY3D_LAYERED, false},
        {{4, 4, 0}, CUDA_ARRAY3D_TEXTURE_GATHER, true},
        {{4, 4, 4}, CUDA_ARRAY3D_TEXTURE_GATHER, false},
        {{4, 4, 0}, 0x1000, false},
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        CUarray array = NULL;
        CUresult cu =
            create(&array, rows[k].side[0], rows[k].side[1], rows[k].side[2], rows[k].flags);

        assert_int_equal(cu, rows[k].good ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE);
        if (rows[k].good) {
            OK(cuArrayDestroy(array));
        }
    }
    FAILS(CUDA_ERROR_NOT_SUPPORTED, create(&(CUarray){NULL}, 64, 64, 0, CUDA_ARRAY3D_SPARSE));
}

static void test_wrong_arguments(void **state)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {4, 4, 0, CU_AD_FORMAT_FLOAT, 3, 0};
    CUarray array = NULL;

    (void)state;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, &shape));
    shape.NumChannels = 1;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(NULL, &shape));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, NULL));
    shape.Format = (CUarray_format)0x77;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, &shape));
    shape.Format = CU_AD_FORMAT_UNORM_INT8X2;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArray3DCreate(&array, &shape));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(NULL));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy((CUarray)context));
}

static void test_descriptors(void **state)
{
    CUDA_ARRAY_DESCRIPTOR flat = {8, 2, CU_AD_FORMAT_HALF, 4};
    CUDA_ARRAY_DESCRIPTOR got;
    CUDA_ARRAY3D_DESCRIPTOR whole;
    CUarray array;

    (void)state;
    OK(cuArrayCreate(&array, &flat));
    OK(cuArrayGetDescriptor(&got, array));
    assert_memory_equal(&got, &flat, sizeof(got));
    OK(cuArray3DGetDescriptor(&whole, array));
    assert_int_equal(whole.Width, 8);
    assert_int_equal(whole.Depth, 0);
    assert_int_equal(whole.NumChannels, 4);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuArrayGetDescriptor(NULL, array));
    OK(cuArrayDestroy(array));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArrayGetDescriptor(&got, array));
}

static CUDA_MEMCPY3D whole_of(CUarray array, void *host, bool to_array, const size_t side[3])
{
    return (CUDA_MEMCPY3D){
        .srcMemoryType = to_array ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_ARRAY,
        .srcHost = to_array ? host : NULL,
        .srcArray = to_array ? NULL : array,
        .srcPitch = side[0] * 4,
        .srcHeight = side[1],
        .dstMemoryType = to_array ? CU_MEMORYTYPE_ARRAY : CU_MEMORYTYPE_HOST,
        .dstHost = to_array ? NULL : host,
        .dstArray = to_array ? array : NULL,
        .dstPitch = side[0] * 4,
        .dstHeight = side[1],
        .WidthInBytes = side[0] * 4,
        .Height = side[1],
        .Depth = side[2],
    };
}

static void test_copies(void **state)
{
    static const size_t side[3] = {8, 4, 3};
    static uint32_t in[8 * 4 * 3];
    static uint32_t out[8 * 4 * 3];
    CUarray array;
    CUarray other;
    CUDA_MEMCPY3D c;

    (void)state;
    for (size_t k = 0; k < sizeof(in) / sizeof(in[0]); k++) {
        in[k] = (uint32_t)sim_random();
    }
    OK(create(&array, 8, 4, 3, 0));
    OK(create(&other, 8, 4, 3, CUDA_ARRAY3D_LAYERED));
    c = whole_of(array, in, true, side);
    OK(cuMemcpy3D(&c));
    /* From array to array, all but the first column, one row down. */
    c = (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                        .srcArray = array,
                        .srcXInBytes = 4,
                        .dstMemoryType = CU_MEMORYTYPE_ARRAY,
                        .dstArray = other,
                        .dstXInBytes = 4,
                        .dstY = 1,
                        .WidthInBytes = 28,
                        .Height = 3,
                        .Depth = 3};
    OK(cuMemcpy3DAsync(&c, NULL));
    c = whole_of(other, out, false, side);
    OK(cuMemcpy3D(&c));
    for (size_t k = 0; k < sizeof(in) / sizeof(in[0]); k++) {
        bool copied = k % 8 != 0 && k / 8 % 4 != 0;

        assert_int_equal(out[k], copied ? in[k - 8] : 0);
    }
    OK(cuArrayDestroy(array));
    OK(cuArrayDestroy(other));
}

static void test_copies_of_two_dimensions(void **state)
{
    uint32_t in[4][8];
    uint32_t out[2][3];
    CUdeviceptr p = sim_device(NULL, sizeof(in));
    CUarray array;
    CUDA_MEMCPY2D c = {.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                       .srcDevice = p,
                       .srcPitch = 32,
                       .dstMemoryType = CU_MEMORYTYPE_ARRAY,
                       .WidthInBytes = 32,
                       .Height = 4};

    (void)state;
    for (uint32_t k = 0; k < 32; k++) {
        in[k / 8][k % 8] = k;
    }
    OK(cuMemcpyHtoD(p, in, sizeof(in)));
    OK(create(&array, 8, 4, 0, 0));
    c.dstArray = array;
    OK(cuMemcpy2D(&c));
    c = (CUDA_MEMCPY2D){.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                        .srcArray = array,
                        .srcXInBytes = 8,
                        .srcY = 1,
                        .dstMemoryType = CU_MEMORYTYPE_HOST,
                        .dstHost = out,
                        .dstPitch = 12,
                        .WidthInBytes = 12,
                        .Height = 2};
    OK(cuMemcpy2DUnaligned(&c));
    for (uint32_t k = 0; k < 6; k++) {
        assert_int_equal(out[k / 3][k % 3], (k / 3 + 1) * 8 + k % 3 + 2);
    }
    OK(cuArrayDestroy(array));
    OK(cuMemFree(p));
}

static void test_copies_that_do_not_fit(void **state)
{
    static const size_t side[3] = {8, 4, 1};
    uint32_t data[8 * 8] = {0};
    CUarray array;
    CUDA_MEMCPY3D c;

    (void)state;
    OK(create(&array, 8, 4, 0, 0));
    c = whole_of(array, data, true, side);
    c.dstXInBytes = 4;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
    c = whole_of(array, data, true, side);
    c.dstY = 1;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
    c = whole_of(array, data, true, side);
    c.dstZ = 1;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
    c = whole_of(array, data, true, side);
    c.WidthInBytes = 6; /* an element and a half */
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
    c = whole_of(NULL, data, true, side);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
    OK(cuArrayDestroy(array));
    c = whole_of(array, data, true, side);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(&c));
}

static void test_levels(void **state)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {16, 4, 0, CU_AD_FORMAT_UNSIGNED_INT8, 4, 0};
    CUDA_ARRAY3D_DESCRIPTOR got;
    CUmipmappedArray mipmap;
    CUarray level;

    (void)state;
    OK(cuMipmappedArrayCreate(&mipmap, &shape, 100)); /* as many as there can be */
    OK(cuMipmappedArrayGetLevel(&level, mipmap, 4));
    OK(cuArray3DGetDescriptor(&got, level));
    assert_int_equal(got.Width, 1);
    assert_int_equal(got.Height, 1);
    OK(cuMipmappedArrayGetLevel(&level, mipmap, 1));
    OK(cuArray3DGetDescriptor(&got, level));
    assert_int_equal(got.Width, 8);
    assert_int_equal(got.Height, 2);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuMipmappedArrayGetLevel(&level, mipmap, 5));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(level));
    OK(cuMipmappedArrayDestroy(mipmap));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuMipmappedArrayDestroy(mipmap));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArray3DGetDescriptor(&got, level));
}

/* Small arrays share pages, and all of it comes back, with the context at the latest. */
static void test_memory(void **state)
{
    CUcontext ctx;
    size_t before;
    size_t now;
    size_t total;
    CUarray array[64];

    (void)state;
    OK(cuMemGetInfo(&before, &total));
    for (int k = 0; k < 64; k++) {
        OK(create(&array[k], 16, 16, 0, 0));
    }
    OK(cuMemGetInfo(&now, &total));
    assert_int_equal(before - now, 4 << 20);
    for (int k = 0; k < 64; k++) {
        OK(cuArrayDestroy(array[k]));
    }
    OK(cuMemGetInfo(&now, &total));
    assert_int_equal(before, now);
    FAILS(CUDA_ERROR_OUT_OF_MEMORY, create(&array[0], 16384, 16384, 16384, 0));
    OK(cuCtxCreate(&ctx, NULL, 0, 0));
    OK(create(&array[0], 1024, 1024, 0, 0));
    OK(cuCtxDestroy(ctx));
    OK(cuMemGetInfo(&now, &total));
    assert_int_equal(before, now);
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuArrayDestroy(array[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_wrong_arguments),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_copies_of_two_dimensions),
        cmocka_unit_test(test_copies_that_do_not_fit),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
