/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "executor/worker/image_size.h"

static void test_declarations(void **state)
{
    (void)state;
    assert_int_equal(ex_text_variables(".version 9.0\n"), 0);
    assert_int_equal(ex_text_variables(".global .u32 counter;\n"), 4);
    assert_int_equal(ex_text_variables(".visible .global .align 4 .u32 counter = 7;\n"), 4);
    assert_int_equal(ex_text_variables(".global .align 16 .b8 table[256];"), 256);
    assert_int_equal(ex_text_variables(".visible.global.align 16.f64 m[4][8];"), 256);
    assert_int_equal(ex_text_variables(".global .v4 .f32 x[ 0x10 ];"), 256);
    assert_int_equal(ex_text_variables(".global .u16 a, b[3], c;"), 10);
    assert_int_equal(ex_text_variables(".global .b8 text[4] = {1, 2, 3, 4};"), 4);
    assert_int_equal(ex_text_variables(".global .b8 a[10];\n.global .b8 b[20U];"), 30);
}

static void test_what_declares_nothing(void **state)
{
    (void)state;
    assert_int_equal(ex_text_variables("ld.global.u32 %r1, [%rd1];\n"
                                       "st.volatile.global.b8 [%rd2], %r1;\n"
                                       "cvta.to.global.u64 %rd1, %rd2;\n"),
                     0);
    assert_int_equal(ex_text_variables("// .global .b8 x[100];\n"), 0);
    assert_int_equal(ex_text_variables("/* .global .b8 x[100]; */\n"), 0);
    assert_int_equal(ex_text_variables(".shared .b8 x[100];\n.const .b8 y[100];\n"), 0);
}

static void test_sizes_that_are_no_numbers(void **state)
{
    (void)state;
    assert_true(ex_text_variables(".global .b8 x[1 << 34];") == UINT64_MAX);
    assert_true(ex_text_variables(".global .b8 x[-1];") == UINT64_MAX);
    assert_true(ex_text_variables(".global .b8 x[99999999999999999999999];") == UINT64_MAX);
    assert_true(ex_text_variables(".global .u64 x[4611686018427387904][16];") == UINT64_MAX);
    assert_true(ex_text_variables(".global .b8 x[10") == UINT64_MAX);
    (void)ex_text_variables(".global");
    (void)ex_text_variables(".global .");
    (void)ex_text_variables(".global .b8 x[");
}

/* What only looks as if a comment hid it. */
static void test_comments_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(ex_text_variables("/* // */ .global .b8 x[100];\n"), 100);
    assert_int_equal(ex_text_variables("// /*\n.global .b8 x[100]; // */\n"), 100);
    assert_int_equal(ex_text_variables("// a\r.global .b8 x[100];\n"), 100);
    assert_int_equal(ex_text_variables(".file 1 \"a//b\" .global .b8 x[100];\n"), 100);
    assert_int_equal(ex_text_variables(".pragma \"\\\"//\"; .global .b8 x[100];\n"), 100);
    assert_int_equal(ex_text_variables(".pragma \"\n//\"; .global .b8 x[100];\n"), 100);
    assert_int_equal(ex_text_variables(".global /* a */ .b8 x // b\n[ /* 2 */ 100];"), 100);
}

/* Texts of which each part could be looked at once for each other: 4 MiB take no time. */
static void test_hostile_texts(void **state)
{
    static const char *const parts[] = {".global",    ".global ",  "a.global ",
                                        "\".global ", ".global<",  ".global,",
                                        ".global//",  ".global[1", ".global.b8 x;"};
    const size_t size = (size_t)4 << 20;
    char *text = malloc(size + 1);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(parts[i]);

        for (size_t at = 0; at < size; at++) {
            text[at] = parts[i][at % len];
        }
        text[size] = '\0';
        (void)ex_text_variables(text);
    }
    free(text);
}

static void test_sections(void **state)
{
    static const char names[] = "\0.shstrtab\0.nv.global\0.nv.global.init\0.nv.shared.f";
    _Alignas(8) uint8_t elf[1024] = {0};
    const Elf64_Shdr sections[] = {
        {.sh_type = SHT_NULL},
        {.sh_type = SHT_STRTAB, .sh_name = 1, .sh_offset = 600, .sh_size = sizeof(names)},
        {.sh_type = SHT_NOBITS, .sh_name = 11, .sh_size = 1ull << 34},
        {.sh_type = SHT_PROGBITS, .sh_name = 22, .sh_size = 100, .sh_offset = 700},
        {.sh_type = SHT_NOBITS, .sh_name = 38, .sh_size = 4096},
        {.sh_type = SHT_NOBITS, .sh_name = 4000, .sh_size = 4096},
    };
    Elf64_Ehdr header = {
        .e_shoff = 64, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 6, .e_shstrndx = 1};

    (void)state;
    memcpy(elf, &header, sizeof(header));
    memcpy(elf + 64, sections, sizeof(sections));
    memcpy(elf + 600, names, sizeof(names));
    assert_int_equal(ex_elf_variables(elf), (1ull << 34) + 100);
    header.e_shstrndx = 6;
    memcpy(elf, &header, sizeof(header));
    assert_int_equal(ex_elf_variables(elf), 0);
    /* More than the header can count: the first section does. */
    header.e_shnum = 0;
    header.e_shstrndx = SHN_XINDEX;
    memcpy(elf, &header, sizeof(header));
    memcpy(elf + 64, &(Elf64_Shdr){.sh_size = 6, .sh_link = 1}, sizeof(Elf64_Shdr));
    assert_int_equal(ex_elf_variables(elf), (1ull << 34) + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_what_declares_nothing),
        cmocka_unit_test(test_sizes_that_are_no_numbers),
        cmocka_unit_test(test_comments_that_are_none),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_sections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
