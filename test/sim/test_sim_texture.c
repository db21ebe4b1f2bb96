/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

/* Texture and surface objects: what is refused, what is read, what faults. */

static CUcontext context;
static CUmodule module;

static int setup(void **state)
{
    (void)state;
    context = sim_context();
    module = sim_module("texture.ptx");
    return 0;
}

static void begin(void)
{
    (void)setup(NULL);
}

static CUarray array_of(const size_t side[3], CUarray_format format, unsigned channels,
                        unsigned flags, const void *data, size_t row)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {side[0], side[1], side[2], format, channels, flags};
    CUDA_MEMCPY3D c = {.srcMemoryType = CU_MEMORYTYPE_HOST,
                       .srcHost = data,
                       .srcPitch = row,
                       .srcHeight = side[1] == 0 ? 1 : side[1],
                       .dstMemoryType = CU_MEMORYTYPE_ARRAY,
                       .WidthInBytes = row,
                       .Height = side[1] == 0 ? 1 : side[1],
                       .Depth = side[2] == 0 ? 1 : side[2]};

    OK(cuArray3DCreate(&c.dstArray, &shape));
    if (data != NULL) {
        OK(cuMemcpy3D(&c));
    }
    return c.dstArray;
}

static CUDA_RESOURCE_DESC resource_of(CUarray array)
{
    return (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_ARRAY, .res.array.hArray = array};
}

static CUtexObject texture_of(CUarray array, CUfilter_mode filter, unsigned flags)
{
    CUDA_RESOURCE_DESC resource = resource_of(array);
    CUDA_TEXTURE_DESC how = {.filterMode = filter,
                             .flags = flags,
                             .addressMode = {CU_TR_ADDRESS_MODE_CLAMP, CU_TR_ADDRESS_MODE_CLAMP,
                                             CU_TR_ADDRESS_MODE_CLAMP}};
    CUtexObject x = 0;

    OK(cuTexObjectCreate(&x, &resource, &how, NULL));
    CHECK(x != 0);
    return x;
}

static void read_2d(CUtexObject x, float u, float v, void *out)
{
    CUdeviceptr p = sim_device(NULL, 16);
    void *args[] = {&x, &u, &v, &p, NULL};

    sim_launch(sim_function(module, "tex2d"), 1, 1, 0, args);
    sim_fetch(out, p, 16);
    OK(cuMemFree(p));
}

/* The way between two elements has 256 steps, and rounds to the nearest. */
static void test_weights(void **state)
{
    static const size_t side[3] = {2, 1, 0};
    const float data[2] = {0, 256};
    CUarray array = array_of(side, CU_AD_FORMAT_FLOAT, 1, 0, data, 8);
    CUtexObject x = texture_of(array, CU_TR_FILTER_MODE_LINEAR, 0);
    float got[4];

    (void)state;
    for (int k = 0; k <= 256; k++) {
        read_2d(x, 0.5f + (float)k / 256, 0.5f, got);
        CHECK(got[0] == (float)k);
        read_2d(x, 0.5f + ((float)k + 0.375f) / 256, 0.5f, got);
        CHECK(got[0] == (float)k);
        read_2d(x, 0.5f + ((float)k - 0.375f) / 256, 0.5f, got);
        CHECK(got[0] == (float)k);
    }
    read_2d(x, __builtin_nanf(""), __builtin_inff(), got);
    CHECK(got[0] == 0);
    CHECK(got[1] == 0 && got[2] == 0 && got[3] == 1);
    OK(cuTexObjectDestroy(x));
    OK(cuArrayDestroy(array));
}

/* Bytes and shorts as numbers up to 1; 16-bit floats. */
static void test_formats(void **state)
{
    static const size_t side[3] = {1, 1, 0};
    static const struct {
        CUarray_format format;
        uint8_t data[8];
        float want[4];
    } rows[] = {
        {CU_AD_FORMAT_UNSIGNED_INT8, {0, 51, 255, 1}, {0, 0.2f, 1, 1.0f / 255}},
        {CU_AD_FORMAT_SIGNED_INT8, {0x80, 0x81, 127, 0}, {-1, -1, 1, 0}},
        {CU_AD_FORMAT_UNORM_INT8X4, {0, 51, 255, 1}, {0, 0.2f, 1, 1.0f / 255}},
        {CU_AD_FORMAT_UNSIGNED_INT16,
         {0xff, 0xff, 0x33, 0x33, 0, 0, 1, 0},
         {1, 0.2f, 0, 1.0f / 65535}},
        {CU_AD_FORMAT_SIGNED_INT16, {0xff, 0x7f, 0, 0x80, 1, 0x80, 0, 0}, {1, -1, -1, 0}},
        {CU_AD_FORMAT_HALF, {0, 0x3c, 0, 0xc0, 0, 0x7c, 1, 0}, {1, -2, __builtin_inff(), 0x1p-24f}},
    };

    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        CUarray array =
            array_of(side, rows[k].format, 4, 0, rows[k].data, k == 0 || k == 1 || k == 2 ? 4 : 8);
        CUtexObject x = texture_of(array, CU_TR_FILTER_MODE_POINT, 0);
        float got[4];

        read_2d(x, 0, 0, got);
        assert_memory_equal(got, rows[k].want, sizeof(got));
        OK(cuTexObjectDestroy(x));
        OK(cuArrayDestroy(array));
    }
}

static void test_border_of_integers_is_bits(void **state)
{
    static const size_t side[3] = {1, 1, 0};
    const int32_t data[2] = {5, 6};
    CUarray array = array_of(side, CU_AD_FORMAT_SIGNED_INT32, 2, 0, data, 8);
    CUDA_RESOURCE_DESC resource = resource_of(array);
    CUDA_TEXTURE_DESC how = {.addressMode = {CU_TR_ADDRESS_MODE_BORDER, CU_TR_ADDRESS_MODE_BORDER}};
    int32_t border[4] = {-7, 8, 9, 10};
    int32_t got[4];
    CUtexObject x;

    (void)state;
    memcpy(how.borderColor, border, sizeof(border));
    OK(cuTexObjectCreate(&x, &resource, &how, NULL));
    read_2d(x, -1, 0, got);
    assert_int_equal(got[0], -7);
    assert_int_equal(got[1], 8);
    read_2d(x, 0.5f, 0.5f, got);
    assert_int_equal(got[1], 6);
    OK(cuTexObjectDestroy(x));
    OK(cuArrayDestroy(array));
}

/* A view shows other types, some of the levels, some of the layers. */
static void test_views(void **state)
{
    static const size_t side[3] = {1, 1, 3};
    const float data[3] = {1, 2, 3};
    CUarray array = array_of(side, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED, data, 4);
    CUDA_RESOURCE_DESC resource = resource_of(array);
    CUDA_TEXTURE_DESC how = {.flags = CU_TRSF_READ_AS_INTEGER};
    CUDA_RESOURCE_VIEW_DESC view = {.format = CU_RES_VIEW_FORMAT_UINT_2X16,
                                    .width = 1,
                                    .height = 1,
                                    .firstLayer = 1,
                                    .lastLayer = 2};
    CUDA_RESOURCE_VIEW_DESC seen;
    uint32_t got[4];
    CUtexObject x;

    (void)state;
    OK(cuTexObjectCreate(&x, &resource, &how, &view));
    read_2d(x, 0, 0, got);
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 0x4000);
    OK(cuTexObjectGetResourceViewDesc(&seen, x));
    assert_memory_equal(&seen, &view, sizeof(seen));
    OK(cuTexObjectDestroy(x));
    view.format = CU_RES_VIEW_FORMAT_UINT_4X16;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, &view));
    view.format = CU_RES_VIEW_FORMAT_NONE;
    view.lastLayer = 3;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, &view));
    OK(cuArrayDestroy(array));
}

static void test_layers_of_cubes(void **state)
{
    static const size_t side[3] = {1, 1, 12};
    float data[12];
    CUarray array;
    CUtexObject x;

    (void)state;
    for (int k = 0; k < 12; k++) {
        data[k] = (float)k;
    }
    array =
        array_of(side, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP, data, 4);
    x = texture_of(array, CU_TR_FILTER_MODE_POINT, CU_TRSF_NORMALIZED_COORDINATES);
    for (uint32_t layer = 0; layer < 4; layer++) {
        float u = layer % 2 == 0 ? 1 : -1;
        CUdeviceptr p = sim_device(NULL, 16);
        void *args[] = {&x, &layer, &u, &p, NULL};
        float got[4];
        uint32_t size[4];

        sim_launch(sim_function(module, "acube"), 1, 1, 0, args);
        sim_fetch(got, p, sizeof(got));
        CHECK(got[0] == (float)(layer > 0 ? 6 : 0) + (float)(layer % 2));
        sim_launch(sim_function(module, "size_of"), 1, 1, 0, (void *[]){&x, &p, NULL});
        sim_fetch(size, p, sizeof(size));
        CHECK(size[0] == 1 && size[1] == 12 && size[2] == 1 && size[3] == 1);
        OK(cuMemFree(p));
    }
    OK(cuTexObjectDestroy(x));
    OK(cuArrayDestroy(array));
}

static void test_what_textures_refuse(void **state)
{
    static const size_t side[3] = {4, 4, 0};
    CUarray array = array_of(side, CU_AD_FORMAT_UNSIGNED_INT8, 1, 0, NULL, 4);
    CUDA_RESOURCE_DESC resource = resource_of(array);
    CUDA_TEXTURE_DESC how = {.flags = 0};
    CUtexObject x;

    (void)state;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(NULL, &resource, &how, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, NULL, &how, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, NULL, NULL));
    OK(cuTexObjectDestroy(0)); /* there is nothing to end */
    OK(cuTexObjectDestroy(12345));
    how.addressMode[1] = (CUaddress_mode)4;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    how.addressMode[1] = CU_TR_ADDRESS_MODE_WRAP;
    how.flags = CU_TRSF_SRGB;
    FAILS(CUDA_ERROR_NOT_SUPPORTED, cuTexObjectCreate(&x, &resource, &how, NULL));
    how.flags = CU_TRSF_READ_AS_INTEGER;
    how.filterMode = CU_TR_FILTER_MODE_LINEAR;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuSurfObjectCreate(&x, &resource)); /* not made for them */
    resource.resType = (CUresourcetype)9;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    OK(cuArrayDestroy(array));
    resource = resource_of(array);
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuTexObjectCreate(&x, &resource, &how, NULL));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuSurfObjectCreate(&x, &resource));
}

static void test_memory_that_textures_refuse(void **state)
{
    CUdeviceptr p = sim_device(NULL, 4096);
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUDA_TEXTURE_DESC how = {.flags = 0};
    CUDA_RESOURCE_VIEW_DESC view = {.width = 1024};
    CUtexObject x;

    (void)state;
    resource.res.linear.devPtr = p;
    resource.res.linear.format = CU_AD_FORMAT_FLOAT;
    resource.res.linear.numChannels = 1;
    resource.res.linear.sizeInBytes = 4096;
    OK(cuTexObjectCreate(&x, &resource, &how, NULL));
    OK(cuTexObjectDestroy(x));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, &view));
    resource.res.linear.sizeInBytes = (size_t)1 << 31;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    resource.res.linear.sizeInBytes = 64;
    resource.res.linear.devPtr = p + 4;
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    resource = (CUDA_RESOURCE_DESC){.resType = CU_RESOURCE_TYPE_PITCH2D};
    resource.res.pitch2D.devPtr = p;
    resource.res.pitch2D.format = CU_AD_FORMAT_FLOAT;
    resource.res.pitch2D.numChannels = 1;
    resource.res.pitch2D.width = 8;
    resource.res.pitch2D.height = 4;
    resource.res.pitch2D.pitchInBytes = 48; /* no multiple of 32 */
    FAILS(CUDA_ERROR_INVALID_VALUE, cuTexObjectCreate(&x, &resource, &how, NULL));
    resource.res.pitch2D.pitchInBytes = 64;
    OK(cuTexObjectCreate(&x, &resource, &how, NULL));
    OK(cuTexObjectDestroy(x));
    OK(cuMemFree(p));
}

static void test_formatted_stores(void **state)
{
    static const size_t side[3] = {4, 0, 0};
    const float in[4] = {0.5f, -3, 7, __builtin_nanf("")};
    CUarray array =
        array_of(side, CU_AD_FORMAT_UNORM_INT8X4, 4, CUDA_ARRAY3D_SURFACE_LDST, NULL, 16);
    CUDA_RESOURCE_DESC resource = resource_of(array);
    CUdeviceptr p = sim_device(in, sizeof(in));
    uint8_t got[4][4];
    uint32_t u = 2;
    CUDA_MEMCPY2D c = {.srcMemoryType = CU_MEMORYTYPE_ARRAY,
                       .srcArray = array,
                       .dstMemoryType = CU_MEMORYTYPE_HOST,
                       .dstHost = got,
                       .WidthInBytes = 16,
                       .Height = 1};
    CUsurfObject x;

    (void)state;
    OK(cuSurfObjectCreate(&x, &resource));
    sim_launch(sim_function(module, "write_formatted"), 1, 1, 0, (void *[]){&x, &u, &p, NULL});
    u = 4; /* outside: nothing happens */
    sim_launch(sim_function(module, "write_formatted"), 1, 1, 0, (void *[]){&x, &u, &p, NULL});
    OK(cuMemcpy2D(&c));
    assert_memory_equal(got[2], ((uint8_t[]){128, 0, 255, 0}), 4);
    assert_memory_equal(got[3], ((uint8_t[]){0, 0, 0, 0}), 4);
    OK(cuSurfObjectGetResourceDesc(&resource, x));
    CHECK(resource.res.array.hArray == array);
    OK(cuTexObjectDestroy(x)); /* is none */
    OK(cuSurfObjectDestroy(x));
    OK(cuSurfObjectDestroy(x));
    OK(cuArrayDestroy(array));
    OK(cuMemFree(p));
}

/* Launch of tex2d and what the next wait answers. */
static void read_fails(CUtexObject x, CUdeviceptr p, CUresult code)
{
    float at = 0;
    void *args[] = {&x, &at, &at, &p, NULL};

    OK(cuLaunchKernel(sim_function(module, "tex2d"), 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
    FAILS(code, cuCtxSynchronize());
}

static void body_unknown(void)
{
    begin();
    read_fails(0x123456789, sim_device(NULL, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void body_ended(void)
{
    static const size_t side[3] = {4, 4, 0};
    CUtexObject x;

    begin();
    x = texture_of(array_of(side, CU_AD_FORMAT_FLOAT, 1, 0, NULL, 16), CU_TR_FILTER_MODE_POINT, 0);
    OK(cuTexObjectDestroy(x));
    read_fails(x, sim_device(NULL, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void body_array_ended(void)
{
    static const size_t side[3] = {4, 4, 0};
    CUarray array;
    CUtexObject x;

    begin();
    array = array_of(side, CU_AD_FORMAT_FLOAT, 1, 0, NULL, 16);
    x = texture_of(array, CU_TR_FILTER_MODE_POINT, 0);
    OK(cuArrayDestroy(array));
    read_fails(x, sim_device(NULL, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void body_memory_freed(void)
{
    CUDA_RESOURCE_DESC resource = {.resType = CU_RESOURCE_TYPE_LINEAR};
    CUDA_TEXTURE_DESC how = {.flags = 0};
    CUtexObject x;
    CUdeviceptr p;

    begin();
    resource.res.linear.devPtr = sim_device(NULL, 4096);
    resource.res.linear.format = CU_AD_FORMAT_FLOAT;
    resource.res.linear.numChannels = 1;
    resource.res.linear.sizeInBytes = 4096;
    OK(cuTexObjectCreate(&x, &resource, &how, NULL));
    p = sim_device(NULL, 16);
    OK(cuMemFree(resource.res.linear.devPtr));
    read_fails(x, p, CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void body_trap(uint32_t u, uint32_t v, CUresult code)
{
    static const size_t side[3] = {4, 4, 0};
    CUDA_RESOURCE_DESC resource;
    CUsurfObject x;
    CUdeviceptr p;

    begin();
    resource =
        resource_of(array_of(side, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_SURFACE_LDST, NULL, 16));
    p = sim_device(NULL, 4);
    OK(cuSurfObjectCreate(&x, &resource));
    OK(cuLaunchKernel(sim_function(module, "read_trap"), 1, 1, 1, 1, 1, 1, 0, NULL,
                      (void *[]){&x, &u, &v, &p, NULL}, NULL));
    FAILS(code, cuCtxSynchronize());
}

static void body_outside(void)
{
    body_trap(16, 0, CUDA_ERROR_LAUNCH_FAILED);
}

static void body_outside_row(void)
{
    body_trap(0, 4, CUDA_ERROR_LAUNCH_FAILED);
}

static void body_misaligned(void)
{
    body_trap(2, 0, CUDA_ERROR_MISALIGNED_ADDRESS);
}

/* First of all tests: the children must not come from a process that has called cuInit. */
static void test_faults(void **state)
{
    (void)state;
    sim_child(body_unknown);
    sim_child(body_ended);
    sim_child(body_array_ended);
    sim_child(body_memory_freed);
    sim_child(body_outside);
    sim_child(body_outside_row);
    sim_child(body_misaligned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_border_of_integers_is_bits),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_layers_of_cubes),
        cmocka_unit_test(test_what_textures_refuse),
        cmocka_unit_test(test_memory_that_textures_refuse),
        cmocka_unit_test(test_formatted_stores),
    };
    const struct CMUnitTest faults[] = {cmocka_unit_test(test_faults)};
    int failed = cmocka_run_group_tests(faults, NULL, NULL);

    return failed + cmocka_run_group_tests(tests, setup, NULL);
}
