/* SPDX-License-Identifier: Apache-2.0 */
/* Images that come in parts: what fits together is loaded, nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session_fixture.h"

#include <elf.h>
#include <string.h>

#define ANSWER VGPU_RECORD_ANSWER
#define DATA   VGPU_CHANNEL_DATA_OFFSET
#define SIZE   1000u
#define CUT    30u /* within the header, which is looked at */

static struct fixture f;

static int start(void **state)
{
    (void)state;
    fixture_start(&f);
    return fixture_attach(&f, FIXTURE_CANDIDATE, true);
}

static int end(void **state)
{
    (void)state;
    fixture_end(&f);
    return 0;
}

/* Machine code of SIZE bytes, as far as anyone looks, a part of which is put into the window. */
static void put(size_t at, size_t size)
{
    const Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                               .e_machine = 190};
    uint8_t image[SIZE];

    memset(image, 'x', sizeof(image));
    memcpy(image, &header, sizeof(header));
    memcpy(f.channel + DATA, image + at, size);
}

static int part_of(uint64_t image_size, uint64_t at, uint64_t offset, uint64_t bytes)
{
    SEND(&f, vgpuImagePart, ANSWER, .image_size = image_size, .at = at, .offset = offset,
         .bytes = bytes);
    return fixture_answer(&f, NULL, NULL, 0);
}

static int part(uint64_t at, uint64_t bytes)
{
    put(at, bytes);
    return part_of(SIZE, at, DATA, bytes);
}

static int load(uint64_t size)
{
    SEND(&f, cuModuleLoadDataEx, ANSWER, .image_size = size, .in_parts = 1);
    return fixture_answer(&f, NULL, NULL, 0);
}

static void test_parts_make_an_image(void **state)
{
    (void)state;
    assert_int_equal(part(0, CUT), 0);
    assert_int_equal(part(CUT, SIZE - CUT), 0);
    /* What the guest writes into its window now is none of it. */
    memset(f.channel + DATA, 0, SIZE);
    assert_int_equal(load(SIZE), 0);
    assert_int_equal(load(SIZE), CUDA_ERROR_INVALID_VALUE); /* it has been taken */
}

static void test_parts_that_do_not_follow(void **state)
{
    (void)state;
    assert_int_equal(part(CUT, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part(0, CUT), 0);
    assert_int_equal(part(CUT + 1, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE + 1, CUT, DATA, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE, CUT, DATA, SIZE - CUT + 1), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE, CUT, DATA, 0), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE, CUT, 0, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE, CUT, TEST_CHANNEL_BYTES, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(SIZE, CUT, UINT64_MAX, 10), CUDA_ERROR_INVALID_VALUE);
    /* None of it has harmed what came before. */
    assert_int_equal(load(SIZE), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part(CUT, SIZE - CUT), 0);
    assert_int_equal(load(SIZE - 1), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(load(SIZE), 0);
}

static void test_a_new_image_ends_the_old_one(void **state)
{
    (void)state;
    assert_int_equal(part(0, SIZE), 0);
    assert_int_equal(part(0, CUT), 0);
    assert_int_equal(load(SIZE), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part(CUT, SIZE - CUT), 0);
    assert_int_equal(load(SIZE), 0);
    assert_int_equal(part_of(0, 0, DATA, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(part_of(VGPU_MODULE_BYTES_MAX + 1, 0, DATA, 10), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(load(SIZE), CUDA_ERROR_INVALID_VALUE);
}

/* As many as a session may have code in all, begun one after the other: each makes room. */
static void test_images_given_up_are_not_counted(void **state)
{
    (void)state;
    for (uint64_t i = 0; i <= VGPU_CODE_BYTES_MAX / VGPU_MODULE_BYTES_MAX; i++) {
        assert_int_equal(part_of(VGPU_MODULE_BYTES_MAX, 0, DATA, 10), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts_make_an_image, start, end),
        cmocka_unit_test_setup_teardown(test_parts_that_do_not_follow, start, end),
        cmocka_unit_test_setup_teardown(test_a_new_image_ends_the_old_one, start, end),
        cmocka_unit_test_setup_teardown(test_images_given_up_are_not_counted, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
