/* SPDX-License-Identifier: Apache-2.0 */
#include "common/overflow.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_u32_exact_results_are_stored(void **state)
{
    uint32_t out = 0;

    (void)state;
    assert_true(vgpu_u32_add(UINT32_MAX - 1, 1, &out));
    assert_int_equal(out, UINT32_MAX);
    assert_true(vgpu_u32_sub(5, 5, &out));
    assert_int_equal(out, 0);
    assert_true(vgpu_u32_mul(0xffff, 0x10001, &out));
    assert_int_equal(out, UINT32_MAX);
}

static void test_overflow_is_refused_and_leaves_out_alone(void **state)
{
    uint32_t u32 = 7;
    uint64_t u64 = 7;
    size_t size = 7;

    (void)state;
    assert_false(vgpu_u32_add(UINT32_MAX, 1, &u32));
    assert_false(vgpu_u32_sub(0, 1, &u32));
    assert_false(vgpu_u32_mul(0x10000, 0x10000, &u32));
    assert_false(vgpu_u64_add(UINT64_MAX, 1, &u64));
    assert_false(vgpu_u64_sub(1, 2, &u64));
    assert_false(vgpu_u64_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &u64));
    assert_false(vgpu_size_add(SIZE_MAX, SIZE_MAX, &size));
    assert_false(vgpu_size_sub(0, SIZE_MAX, &size));
    assert_false(vgpu_size_mul(SIZE_MAX, 2, &size));
    assert_int_equal(u32, 7);
    assert_int_equal(u64, 7);
    assert_int_equal(size, 7);
}

static void test_align_up_rounds_and_refuses(void **state)
{
    uint64_t out = 0;

    (void)state;
    assert_true(vgpu_u64_align_up(0, 512, &out));
    assert_int_equal(out, 0);
    assert_true(vgpu_u64_align_up(1, 512, &out));
    assert_int_equal(out, 512);
    assert_true(vgpu_u64_align_up(512, 512, &out));
    assert_int_equal(out, 512);
    assert_false(vgpu_u64_align_up(1, 0, &out));
    assert_false(vgpu_u64_align_up(1, 3, &out));
    assert_false(vgpu_u64_align_up(UINT64_MAX, 2, &out));
    assert_int_equal(out, 512);
}

static void test_span_fits_at_the_edges(void **state)
{
    (void)state;
    assert_true(vgpu_span_fits(0, 10, 10));
    assert_true(vgpu_span_fits(10, 0, 10));
    assert_false(vgpu_span_fits(10, 1, 10));
    assert_false(vgpu_span_fits(11, 0, 10));
    assert_false(vgpu_span_fits(UINT64_MAX, 2, 10));
    assert_false(vgpu_span_fits(1, UINT64_MAX, UINT64_MAX));
}

static void test_narrowing_refuses_what_does_not_fit(void **state)
{
    uint32_t out = 1;

    (void)state;
    assert_true(vgpu_u64_to_u32(UINT32_MAX, &out));
    assert_int_equal(out, UINT32_MAX);
    assert_false(vgpu_u64_to_u32(UINT64_C(1) << 32, &out));
    assert_int_equal(out, UINT32_MAX);
    assert_true(vgpu_is_pow2(UINT64_C(1) << 63));
    assert_false(vgpu_is_pow2(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u32_exact_results_are_stored),
        cmocka_unit_test(test_overflow_is_refused_and_leaves_out_alone),
        cmocka_unit_test(test_align_up_rounds_and_refuses),
        cmocka_unit_test(test_span_fits_at_the_edges),
        cmocka_unit_test(test_narrowing_refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
