/* SPDX-License-Identifier: Apache-2.0 */

/* Boxes that a guest has copied: all of their memory is looked at before the driver is asked. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_fixture.h"

#define ANSWER VGPU_RECORD_ANSWER
#define DATA   VGPU_CHANNEL_DATA_OFFSET
#define PAGE   4096u
#define BYTES  ((uint64_t)64 * PAGE)

static struct fixture f;
static uint64_t memory;

/* Device memory, and a page at the end of the window that the device may use. */
static int start(void **state)
{
    (void)state;
    fixture_start(&f);
    assert_int_equal(fixture_attach(&f, FIXTURE_CANDIDATE, true), 0);
    SEND(&f, cuMemAlloc_v2, ANSWER, .bytesize = BYTES);
    assert_int_equal(fixture_answer(&f, NULL, &memory, sizeof(memory)), 0);
    SEND(&f, vgpuHostRegister, ANSWER, .offset = TEST_CHANNEL_BYTES - PAGE, .bytes = PAGE);
    assert_int_equal(fixture_answer(&f, NULL, NULL, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

/* Boxes of rows of 64 bytes from the window's last page. */
static int copy(uint64_t height, uint64_t depth, uint64_t pitch, uint64_t rows)
{
    SEND(&f, vgpuCopy3D, ANSWER, .dst = memory, .dst_type = CU_MEMORYTYPE_DEVICE, .dst_pitch = 64,
         .dst_rows = height, .src = TEST_CHANNEL_BYTES - PAGE, .src_type = CU_MEMORYTYPE_HOST,
         .src_pitch = pitch, .src_rows = rows, .width = 64, .height = height, .depth = depth);
    return fixture_answer(&f, NULL, NULL, 0);
}

static void test_boxes_that_fit(void **state)
{
    (void)state;
    assert_int_equal(copy(1, 1, 0, 0), 0);
    assert_int_equal(copy(64, 1, 64, 0), 0);
    assert_int_equal(copy(8, 8, 64, 8), 0);
    assert_int_equal(copy(1, 64, 64, 1), 0);
    assert_int_equal(fake_calls(FAKE_cuMemcpy3DAsync_v2), 4);
}

static void test_boxes_that_leave_their_memory(void **state)
{
    (void)state;
    assert_int_equal(copy(65, 1, 64, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(8, 9, 64, 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(8, 2, UINT64_MAX / 2, 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(2, UINT64_MAX, 64, 2), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(0, 1, 64, 1), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuMemcpy3DAsync_v2), 0);
}

/* What the driver makes of them is not what was looked at. */
static void test_rows_and_slices_in_one_place(void **state)
{
    (void)state;
    assert_int_equal(copy(1024, 1, 0, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(1024, 1, 1, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(1, 1024, 0, 1), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(copy(32, 1024, 64, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(fake_calls(FAKE_cuMemcpy3DAsync_v2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_boxes_that_fit, start, end),
        cmocka_unit_test_setup_teardown(test_boxes_that_leave_their_memory, start, end),
        cmocka_unit_test_setup_teardown(test_rows_and_slices_in_one_place, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
