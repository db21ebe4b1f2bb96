/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/image.h"
#include "guest/libcuda/image_set.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "test/unit/guest/test.h"

static CUresult find(const void *image, size_t avail, size_t *size)
{
    const void *start;

    *size = 0;
    return gs_image_find(image, avail, &start, size);
}

static void test_text_ends_at_its_nul(void **state)
{
    static const char text[] = ".version 7.0\n.target sm_70\n";
    size_t size;

    (void)state;
    assert_int_equal(find(text, SIZE_MAX, &size), CUDA_SUCCESS);
    assert_int_equal(size, sizeof(text));
    assert_int_equal(find(text, sizeof(text), &size), CUDA_SUCCESS);
    assert_int_equal(find(text, sizeof(text) - 1, &size), CUDA_ERROR_INVALID_IMAGE);
    assert_int_equal(find("", SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    assert_int_equal(find("x", 2, &size), CUDA_SUCCESS);
    assert_int_equal(find(text, 0, &size), CUDA_ERROR_INVALID_IMAGE);
}

/* An ELF file of 4 KiB whose last byte belongs to a section. */
static uint8_t *make_elf(void)
{
    uint8_t *bytes = calloc(1, 4096);
    Elf64_Ehdr *elf = (Elf64_Ehdr *)bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + 256);

    assert_non_null(bytes);
    memcpy(elf->e_ident, ELFMAG, SELFMAG);
    elf->e_ident[EI_CLASS] = ELFCLASS64;
    elf->e_shoff = 256;
    elf->e_shnum = 3;
    elf->e_shentsize = sizeof(Elf64_Shdr);
    sections[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_offset = 4000, .sh_size = 96};
    sections[2] = (Elf64_Shdr){.sh_type = SHT_NOBITS, .sh_offset = 64, .sh_size = 1ull << 40};
    return bytes;
}

static void test_elf_reaches_to_its_last_section(void **state)
{
    uint8_t *elf = make_elf();
    size_t size;

    (void)state;
    assert_int_equal(find(elf, SIZE_MAX, &size), CUDA_SUCCESS);
    assert_int_equal(size, 4096);
    for (size_t avail = 1; avail < 4096; avail += avail < 80 ? 1 : 101) {
        uint8_t *part = malloc(avail);

        assert_non_null(part);
        memcpy(part, elf, avail);
        assert_int_equal(find(part, avail, &size), CUDA_ERROR_INVALID_IMAGE);
        free(part);
    }
    free(elf);
}

/* More sections than the header can count are counted in the first. */
static void test_elf_of_many_sections(void **state)
{
    uint8_t *bytes = make_elf();
    Elf64_Ehdr *elf = (Elf64_Ehdr *)bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + 256);
    size_t size;

    (void)state;
    elf->e_shnum = 0;
    sections[0].sh_size = 3;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_SUCCESS);
    assert_int_equal(size, 4096);
    sections[0].sh_size = UINT64_MAX / 2;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    free(bytes);
}

static void test_elf_that_lies_is_refused(void **state)
{
    uint8_t *bytes = make_elf();
    Elf64_Ehdr *elf = (Elf64_Ehdr *)bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + 256);
    size_t size;

    (void)state;
    sections[1].sh_size = UINT64_MAX;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    sections[1].sh_size = 96;
    elf->e_shoff = UINT64_MAX - 10;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    elf->e_shoff = 256;
    elf->e_shentsize = 1;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    elf->e_shentsize = sizeof(Elf64_Shdr);
    elf->e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(find(bytes, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    free(bytes);
}

struct fatbin {
    uint32_t magic;
    uint16_t version;
    uint16_t header;
    uint64_t files;
    uint8_t data[100];
};

static void test_fatbin_and_wrapper(void **state)
{
    struct fatbin fatbin = {.magic = 0xba55ed50, .version = 1, .header = 16, .files = 100};
    struct {
        uint32_t magic;
        uint32_t version;
        const void *data;
        void *more;
    } wrapper = {0x466243b1, 1, &fatbin, NULL};
    const void *start;
    size_t size;

    (void)state;
    assert_int_equal(find(&fatbin, SIZE_MAX, &size), CUDA_SUCCESS);
    assert_int_equal(size, 116);
    assert_int_equal(find(&fatbin, 115, &size), CUDA_ERROR_INVALID_IMAGE);
    assert_int_equal(gs_image_find(&wrapper, SIZE_MAX, &start, &size), CUDA_SUCCESS);
    assert_ptr_equal(start, &fatbin);
    assert_int_equal(size, 116);
    wrapper.version = 2;
    assert_int_equal(find(&wrapper, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    wrapper.version = 3;
    assert_int_equal(find(&wrapper, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    fatbin.files = (uint64_t)1 << 40;
    assert_int_equal(find(&fatbin, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
    fatbin.files = UINT64_MAX;
    assert_int_equal(find(&fatbin, SIZE_MAX, &size), CUDA_ERROR_INVALID_IMAGE);
}

static void test_set(void **state)
{
    struct fatbin linked = {.magic = 0xba55ed50, .version = 1, .header = 16, .files = 0};
    struct fatbin part = {.magic = 0xba55ed50, .version = 1, .header = 16, .files = 100};
    const void *parts[] = {&part, &part, NULL};
    struct {
        uint32_t magic;
        uint32_t version;
        const void *data;
        const void *const *parts;
    } wrapper = {0x466243b1, 2, &linked, parts};
    void *set = NULL;
    size_t size = 0;

    (void)state;
    assert_true(gs_image_is_set_wrapper(&wrapper));
    assert_false(gs_image_is_set_wrapper(&part));
    assert_int_equal(gs_image_set_make(&wrapper, &set, &size), CUDA_SUCCESS);
    assert_int_equal(size, 8 + 3 * sizeof(size_t) + 16 + 2 * 116);
    assert_true(gs_image_is_set(set, size));
    assert_int_equal(find(set, size, &size), CUDA_ERROR_INVALID_IMAGE);
    free(set);
    part.files = VGPU_MODULE_BYTES_MAX - 100;
    assert_int_equal(gs_image_set_make(&wrapper, &set, &size), CUDA_ERROR_INVALID_IMAGE);
    part.magic = 0;
    assert_int_equal(gs_image_set_make(&wrapper, &set, &size), CUDA_ERROR_INVALID_IMAGE);
    wrapper.parts = NULL;
    assert_int_equal(gs_image_set_make(&wrapper, &set, &size), CUDA_ERROR_INVALID_IMAGE);
    wrapper.version = 1;
    assert_false(gs_image_is_set_wrapper(&wrapper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_ends_at_its_nul),
        cmocka_unit_test(test_elf_reaches_to_its_last_section),
        cmocka_unit_test(test_elf_of_many_sections),
        cmocka_unit_test(test_elf_that_lies_is_refused),
        cmocka_unit_test(test_fatbin_and_wrapper),
        cmocka_unit_test(test_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
