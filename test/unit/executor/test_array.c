/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/handle.h"
#include "session_fixture.h"

/* What a guest may say of arrays, textures and surfaces, and what never reaches the driver. */

#define ANSWER VGPU_RECORD_ANSWER
#define MIB    (1ull << 20)

static struct fixture f;

static int start(void **state)
{
    (void)state;
    f.quota = 0;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    return 0;
}

static int start_with_quota(void **state)
{
    (void)state;
    fixture_start(&f);
    f.quota = 8 * MIB;
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

static int result(void)
{
    return fixture_answer(&f, NULL, NULL, 0);
}

static int try_array(uint64_t width, uint64_t height, uint64_t depth, uint32_t format,
                     uint32_t channels, uint32_t flags, uint64_t *array)
{
    SEND(&f, vgpuArrayCreate, ANSWER, .width = width, .height = height, .depth = depth,
         .format = format, .channels = channels, .flags = flags);
    return fixture_answer(&f, NULL, array, sizeof(*array));
}

/* 16 x 8 words. */
static uint64_t plane(void)
{
    uint64_t array = 0;

    assert_int_equal(try_array(16, 8, 0, CU_AD_FORMAT_UNSIGNED_INT32, 1, 0, &array), 0);
    return array;
}

static void test_shapes_that_are_none(void **state)
{
    const uint64_t most = VGPU_ARRAY_SIDE_MAX;
    uint64_t array = 0;

    (void)state;
    assert_int_equal(try_array(0, 8, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 0, CU_AD_FORMAT_FLOAT, 3, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 0, CU_AD_FORMAT_FLOAT, 0, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 0, 0xb0, 1, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 0, UINT32_MAX, 1, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 0, CU_AD_FORMAT_FLOAT, 1, CUDA_ARRAY3D_SPARSE, &array), 1);
    assert_int_equal(try_array(most + 1, 8, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 1);
    assert_int_equal(try_array(8, UINT64_MAX, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 1);
    assert_int_equal(try_array(8, 8, 1ull << 63, CU_AD_FORMAT_FLOAT, 1, 0, &array), 1);
    assert_int_equal(fake_calls(FAKE_cuArray3DCreate_v2), 0);
}

static void test_arrays_count_against_the_quota(void **state)
{
    uint64_t array = 0;

    (void)state;
    assert_int_equal(try_array(1024, 1024, 0, CU_AD_FORMAT_FLOAT, 4, 0, &array), 2);
    assert_int_equal(try_array(1024, 1024, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 0);
    assert_int_equal(fake_calls(FAKE_cuArray3DCreate_v2), 1);
    SEND(&f, vgpuMipmapCreate, ANSWER, .width = 1024, .height = 1024, .levels = 2,
         .format = CU_AD_FORMAT_FLOAT, .channels = 1);
    assert_int_equal(result(), 2);
    SEND(&f, vgpuArrayDestroy, ANSWER, .array = array);
    assert_int_equal(result(), 0);
    SEND(&f, vgpuMipmapCreate, ANSWER, .width = 1024, .height = 1024, .levels = 2,
         .format = CU_AD_FORMAT_FLOAT, .channels = 1);
    assert_int_equal(result(), 0);
}

static void test_what_the_driver_refuses_is_not_counted(void **state)
{
    uint64_t array = 0;

    (void)state;
    fake_answer(FAKE_cuArray3DCreate_v2, CUDA_ERROR_INVALID_VALUE);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(try_array(1024, 1024, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 1);
    }
    fake_answer(FAKE_cuArray3DCreate_v2, CUDA_SUCCESS);
    assert_int_equal(try_array(1024, 1024, 0, CU_AD_FORMAT_FLOAT, 1, 0, &array), 0);
}

static void test_arrays_end_once(void **state)
{
    uint64_t array = plane();

    (void)state;
    SEND(&f, vgpuArrayDestroy, ANSWER, .array = array);
    assert_int_equal(result(), 0);
    SEND(&f, vgpuArrayDestroy, ANSWER, .array = array);
    assert_int_equal(result(), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, vgpuSurfaceCreate, ANSWER, .array = array);
    assert_int_equal(result(), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(fake_calls(FAKE_cuArrayDestroy), 1);
    assert_int_equal(fake_calls(FAKE_cuSurfObjectCreate), 0);
}

static void test_levels_end_with_their_mipmap(void **state)
{
    uint64_t mipmap = 0;
    uint64_t level = 0;

    (void)state;
    SEND(&f, vgpuMipmapCreate, ANSWER, .width = 16, .height = 16, .levels = 40,
         .format = CU_AD_FORMAT_FLOAT, .channels = 1);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuMipmapCreate, ANSWER, .width = 16, .height = 16, .levels = 3,
         .format = CU_AD_FORMAT_FLOAT, .channels = 1);
    assert_int_equal(fixture_answer(&f, NULL, &mipmap, sizeof(mipmap)), 0);
    SEND(&f, vgpuMipmapLevel, ANSWER, .mipmap = mipmap, .level = 3);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuMipmapLevel, ANSWER, .mipmap = mipmap, .level = 2);
    assert_int_equal(fixture_answer(&f, NULL, &level, sizeof(level)), 0);
    SEND(&f, vgpuArrayDestroy, ANSWER, .array = level);
    assert_int_equal(result(), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, vgpuMipmapDestroy, ANSWER, .mipmap = mipmap);
    assert_int_equal(result(), 0);
    SEND(&f, vgpuSurfaceCreate, ANSWER, .array = level);
    assert_int_equal(result(), CUDA_ERROR_INVALID_HANDLE);
    SEND(&f, vgpuMipmapDestroy, ANSWER, .mipmap = mipmap);
    assert_int_equal(result(), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(fake_calls(FAKE_cuArrayDestroy), 0);
}

static int copy_into(uint64_t array, uint64_t x, uint64_t y, uint64_t width, uint64_t height)
{
    SEND(&f, vgpuCopy3D, ANSWER, .dst = array, .dst_type = CU_MEMORYTYPE_ARRAY, .dst_x = x,
         .dst_y = y, .src = array, .src_type = CU_MEMORYTYPE_ARRAY, .width = width,
         .height = height, .depth = 1);
    return result();
}

static void test_copies_stay_in_their_arrays(void **state)
{
    uint64_t array = plane();

    (void)state;
    assert_int_equal(copy_into(array, 32, 4, 32, 4), 0);
    assert_int_equal(copy_into(array, 36, 4, 32, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array, 32, 5, 32, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array, 30, 4, 32, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array, UINT64_MAX - 3, 0, 32, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array, 0, UINT64_MAX, 32, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array, 0, 0, 0, 4), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy_into(array + 1, 0, 0, 32, 4), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(fake_calls(FAKE_cuMemcpy3DAsync_v2), 1);
}

static int make_texture(uint32_t type, uint64_t object, uint64_t width, uint64_t height,
                        uint64_t pitch, const CUDA_TEXTURE_DESC *how, uint64_t *texture)
{
    SEND(&f, vgpuTextureCreate, ANSWER, .type = type, .object = object, .width = width,
         .height = height, .pitch = pitch, .format = CU_AD_FORMAT_FLOAT, .channels = 1,
         .texture = (const uint8_t *)how, .texture_len = sizeof(*how));
    return fixture_answer(&f, NULL, texture, sizeof(*texture));
}

static void test_textures_lie_in_memory_of_the_session(void **state)
{
    const CUDA_TEXTURE_DESC how = {.flags = 0};
    uint64_t texture = 0;
    uint64_t memory = 0;

    (void)state;
    SEND(&f, cuMemAlloc_v2, ANSWER, .bytesize = 2 * MIB);
    assert_int_equal(fixture_answer(&f, NULL, &memory, sizeof(memory)), 0);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_LINEAR, memory, 4 * MIB, 0, 0, &how, &texture),
                     1);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_LINEAR, 0x1000, 64, 0, 0, &how, &texture), 1);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_PITCH2D, memory, 16, 4097, 512, &how, &texture),
                     1);
    assert_int_equal(
        make_texture(CU_RESOURCE_TYPE_PITCH2D, memory, 16, 1ull << 60, 512, &how, &texture), 1);
    assert_int_equal(
        make_texture(CU_RESOURCE_TYPE_PITCH2D, memory, 1ull << 62, 2, 512, &how, &texture), 1);
    assert_int_equal(make_texture(4, memory, 64, 0, 0, &how, &texture), 1);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_ARRAY, memory, 0, 0, 0, &how, &texture),
                     CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(
        make_texture(CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, plane(), 0, 0, 0, &how, &texture),
        CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(fake_calls(FAKE_cuTexObjectCreate), 0);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_LINEAR, memory, 4096, 0, 0, &how, &texture), 0);
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_PITCH2D, memory, 129, 4096, 512, &how, &texture),
                     0);
    assert_int_equal(fake_calls(FAKE_cuTexObjectCreate), 2);
}

static void test_descriptors_are_whole_and_in_range(void **state)
{
    CUDA_TEXTURE_DESC how = {.addressMode = {CU_TR_ADDRESS_MODE_WRAP}};
    uint64_t array = plane();
    uint64_t texture = 0;

    (void)state;
    how.addressMode[2] = (CUaddress_mode)4;
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_ARRAY, array, 0, 0, 0, &how, &texture), 1);
    how.addressMode[2] = CU_TR_ADDRESS_MODE_WRAP;
    how.filterMode = (CUfilter_mode)2;
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_ARRAY, array, 0, 0, 0, &how, &texture), 1);
    SEND(&f, vgpuTextureCreate, ANSWER, .type = CU_RESOURCE_TYPE_ARRAY, .object = array,
         .texture = (const uint8_t *)&how, .texture_len = sizeof(how) - 1);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    how.filterMode = CU_TR_FILTER_MODE_POINT;
    SEND(&f, vgpuTextureCreate, ANSWER, .type = CU_RESOURCE_TYPE_ARRAY, .object = array,
         .texture = (const uint8_t *)&how, .texture_len = sizeof(how),
         .view = (const uint8_t *)&how, .view_len = 100);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuTexObjectCreate), 0);
}

/* Their values are the driver's: only those that it gave this session reach it again. */
static void test_objects_end_once(void **state)
{
    const CUDA_TEXTURE_DESC how = {.flags = 0};
    uint64_t array = plane();
    uint64_t texture = 0;
    uint64_t surface = 0;

    (void)state;
    assert_int_equal(make_texture(CU_RESOURCE_TYPE_ARRAY, array, 0, 0, 0, &how, &texture), 0);
    SEND(&f, vgpuSurfaceCreate, ANSWER, .array = array);
    assert_int_equal(fixture_answer(&f, NULL, &surface, sizeof(surface)), 0);
    SEND(&f, vgpuSurfaceDestroy, ANSWER, .surface = texture);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuTextureDestroy, ANSWER, .texture = surface);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuTextureDestroy, ANSWER, .texture = texture);
    assert_int_equal(result(), 0);
    SEND(&f, vgpuTextureDestroy, ANSWER, .texture = texture);
    assert_int_equal(result(), CUDA_ERROR_INVALID_VALUE);
    SEND(&f, vgpuSurfaceDestroy, ANSWER, .surface = surface);
    assert_int_equal(result(), 0);
    assert_int_equal(fake_calls(FAKE_cuTexObjectDestroy), 1);
    assert_int_equal(fake_calls(FAKE_cuSurfObjectDestroy), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shapes_that_are_none, start, end),
        cmocka_unit_test_setup_teardown(test_arrays_count_against_the_quota, start_with_quota, end),
        cmocka_unit_test_setup_teardown(test_what_the_driver_refuses_is_not_counted,
                                        start_with_quota, end),
        cmocka_unit_test_setup_teardown(test_arrays_end_once, start, end),
        cmocka_unit_test_setup_teardown(test_levels_end_with_their_mipmap, start, end),
        cmocka_unit_test_setup_teardown(test_copies_stay_in_their_arrays, start, end),
        cmocka_unit_test_setup_teardown(test_textures_lie_in_memory_of_the_session, start, end),
        cmocka_unit_test_setup_teardown(test_descriptors_are_whole_and_in_range, start, end),
        cmocka_unit_test_setup_teardown(test_objects_end_once, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
