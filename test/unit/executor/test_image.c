/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "executor/worker/image.h"

/* The check of `size` bytes in a block of exactly that size and its NUL, so that a sanitizer sees
 * a read beyond. */
static enum ex_image_kind check(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    copy[size] = 0;
    enum ex_image_kind kind = ex_image_check(copy, size);

    free(copy);
    return kind;
}

struct elf {
    Elf64_Ehdr header;
    Elf64_Shdr sections[2];
    uint8_t data[64];
};

static struct elf good_elf(void)
{
    struct elf elf = {
        .header = {.e_machine = 190,
                   .e_shoff = offsetof(struct elf, sections),
                   .e_shnum = 2,
                   .e_shentsize = sizeof(Elf64_Shdr)},
        .sections = {{.sh_type = SHT_PROGBITS,
                      .sh_offset = offsetof(struct elf, data),
                      .sh_size = 64},
                     {.sh_type = SHT_NOBITS, .sh_offset = 0, .sh_size = 1u << 30}},
    };

    memcpy(elf.header.e_ident, ELFMAG, SELFMAG);
    elf.header.e_ident[EI_CLASS] = ELFCLASS64;
    elf.header.e_ident[EI_DATA] = ELFDATA2LSB;
    return elf;
}

static void test_elf_good_accepted(void **state)
{
    struct elf elf = good_elf();

    (void)state;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_ELF);
}

/* More sections than the header can count are counted in the first. */
static void test_elf_sections_counted_elsewhere(void **state)
{
    struct elf elf = good_elf();

    (void)state;
    elf.header.e_shnum = 0;
    elf.sections[0] = (Elf64_Shdr){.sh_type = SHT_NULL, .sh_size = 2};
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_ELF);
    elf.sections[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_offset = sizeof(elf), .sh_size = 1};
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf.sections[0].sh_size = UINT64_MAX / 2;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
}

static void test_elf_truncated_everywhere_refused(void **state)
{
    struct elf elf = good_elf();

    (void)state;
    for (size_t size = SELFMAG; size < sizeof(elf); size++) {
        assert_int_equal(check(&elf, size), EX_IMAGE_BAD);
    }
}

static void test_elf_lying_sizes_refused(void **state)
{
    struct elf elf;

    (void)state;
    elf = good_elf();
    elf.header.e_shoff = UINT64_MAX - 8;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.header.e_shnum = UINT16_MAX;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.header.e_shentsize = 8;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.header.e_phnum = 1;
    elf.header.e_phentsize = sizeof(Elf64_Phdr);
    elf.header.e_phoff = sizeof(elf) - 8;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.sections[0].sh_size = 65;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.sections[0].sh_offset = UINT64_MAX;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.header.e_machine = EM_X86_64;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
    elf = good_elf();
    elf.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(check(&elf, sizeof(elf)), EX_IMAGE_BAD);
}

struct fatbin {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t bytes;
    struct {
        uint16_t kind;
        uint16_t version;
        uint32_t header_bytes;
        uint64_t bytes;
        uint32_t packed_bytes;
        uint32_t options;
        uint16_t minor;
        uint16_t major;
        uint32_t arch;
        uint32_t name_offset;
        uint32_t name_bytes;
        uint64_t flags;
        uint64_t reserved;
        uint64_t plain_bytes;
        struct {
            uint32_t offset;
            uint32_t bytes;
        } text_at;
        char text[16];
    } entry;
    uint8_t code[24];
};

#define ENTRY_HEADER ((uint32_t)sizeof(((struct fatbin *)NULL)->entry))
#define OPTIONS_AT   64u
#define TEXT_AT      72u

/* As nvcc 13 writes one for PTX with options. */
static struct fatbin good_fatbin(void)
{
    return (struct fatbin){.magic = 0xba55ed50,
                           .version = 1,
                           .header_bytes = 16,
                           .bytes = ENTRY_HEADER + sizeof(((struct fatbin *)NULL)->code),
                           .entry = {.kind = 1,
                                     .version = 0x101,
                                     .header_bytes = ENTRY_HEADER,
                                     .bytes = sizeof(((struct fatbin *)NULL)->code),
                                     .options = OPTIONS_AT,
                                     .text_at = {.offset = TEXT_AT, .bytes = 16},
                                     .text = "--compile-only "}};
}

static void test_fatbin_good_accepted(void **state)
{
    struct fatbin fatbin = good_fatbin();

    (void)state;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_FATBIN);
}

static void test_fatbin_truncated_everywhere_refused(void **state)
{
    struct fatbin fatbin = good_fatbin();

    (void)state;
    for (size_t size = 4; size < sizeof(fatbin); size++) {
        assert_int_equal(check(&fatbin, size), EX_IMAGE_BAD);
    }
}

static void test_fatbin_lying_sizes_refused(void **state)
{
    struct fatbin fatbin;

    (void)state;
    fatbin = good_fatbin();
    fatbin.bytes = UINT64_MAX;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.header_bytes = 8;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.bytes = 25;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.bytes = UINT64_MAX;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.header_bytes = 0;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.header_bytes = 63;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.bytes = 20; /* the rest is no entry */
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
}

static void test_fatbin_options_stay_in_the_header(void **state)
{
    struct fatbin fatbin = good_fatbin();

    (void)state;
    fatbin.entry.options = 0; /* of text that is an offset, too */
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin.entry.kind = 2; /* and else what stood there is none */
    fatbin.entry.text_at.offset = UINT32_MAX;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_FATBIN);
    fatbin = good_fatbin();
    fatbin.entry.options = ENTRY_HEADER - 7;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin.entry.options = 0x02000040; /* one flipped bit */
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin.entry.options = 0x10; /* in the structure itself */
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.text_at.offset = 0;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.text_at.bytes++;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin = good_fatbin();
    fatbin.entry.text_at.offset = UINT32_MAX;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
}

static void test_fatbin_name_stays_in_the_header(void **state)
{
    struct fatbin fatbin = good_fatbin();

    (void)state;
    fatbin.entry.name_offset = TEXT_AT;
    fatbin.entry.name_bytes = 16;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_FATBIN);
    fatbin.entry.name_bytes = 17;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
    fatbin.entry.name_bytes = 0;
    fatbin.entry.name_offset = UINT32_MAX;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
}

static void test_fatbin_packed_code_stays_in_the_payload(void **state)
{
    static const uint64_t forms[] = {0x1000, 0x2000, 0x4000, 0x8000};
    struct fatbin fatbin = good_fatbin();

    (void)state;
    fatbin.entry.packed_bytes = sizeof(fatbin.code) + 1;
    assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_FATBIN);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        fatbin.entry.flags = forms[i];
        fatbin.entry.packed_bytes = sizeof(fatbin.code) + 1;
        assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_BAD);
        fatbin.entry.packed_bytes = sizeof(fatbin.code);
        assert_int_equal(check(&fatbin, sizeof(fatbin)), EX_IMAGE_FATBIN);
    }
}

static void test_text_is_ptx_with_or_without_nul(void **state)
{
    (void)state;
    assert_int_equal(check(".version 8.0\n", 13), EX_IMAGE_PTX);
    assert_int_equal(check(".version 8.0\n\0\0", 15), EX_IMAGE_PTX);
    assert_int_equal(check(".v\0hidden", 9), EX_IMAGE_BAD);
    assert_int_equal(check(".v\001", 3), EX_IMAGE_BAD);
    assert_int_equal(check("", 0), EX_IMAGE_BAD);
    assert_int_equal(check("\0\0\0", 3), EX_IMAGE_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf_good_accepted),
        cmocka_unit_test(test_elf_sections_counted_elsewhere),
        cmocka_unit_test(test_elf_truncated_everywhere_refused),
        cmocka_unit_test(test_elf_lying_sizes_refused),
        cmocka_unit_test(test_fatbin_good_accepted),
        cmocka_unit_test(test_fatbin_truncated_everywhere_refused),
        cmocka_unit_test(test_fatbin_lying_sizes_refused),
        cmocka_unit_test(test_fatbin_options_stay_in_the_header),
        cmocka_unit_test(test_fatbin_name_stays_in_the_header),
        cmocka_unit_test(test_fatbin_packed_code_stays_in_the_payload),
        cmocka_unit_test(test_text_is_ptx_with_or_without_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
