/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "executor/worker/image.h"
#include "executor/worker/image_choose.h"
#include "executor/worker/image_scan.h"
#include "proto/code_policy.h"

#define HEADER_BYTES 16u
#define ENTRY_BYTES  80u

static const char printing[] = ".version 7.0\n.extern .func (.param .b32 r) vprintf (...);\n";
static const char silent[] = ".version 7.0\n.visible .entry f() { ret; }\n";

static uint8_t image[4096];
static size_t image_bytes;

static void put(size_t at, const void *value, size_t bytes)
{
    memcpy(image + at, value, bytes);
}

static void begin(void)
{
    const uint32_t magic = 0xba55ed50u;
    const uint16_t version = 1, header = HEADER_BYTES;

    memset(image, 0, sizeof(image));
    put(0, &magic, 4);
    put(4, &version, 2);
    put(6, &header, 2);
    image_bytes = HEADER_BYTES;
}

/* Adds an entry and returns where its payload lies. */
static size_t add(uint16_t kind, uint32_t arch, uint64_t flags, const void *payload, uint64_t bytes,
                  uint64_t plain)
{
    size_t at = image_bytes;
    const uint32_t header = ENTRY_BYTES, packed = (uint32_t)bytes, options = 64, text = 72;
    uint64_t all;

    put(at, &kind, 2);
    put(at + 4, &header, 4);
    put(at + 8, &bytes, 8);
    put(at + 16, &packed, 4);
    put(at + 20, &options, 4);
    put(at + options, &text, 4);
    put(at + 28, &arch, 4);
    put(at + 40, &flags, 8);
    put(at + 56, &plain, 8);
    put(at + ENTRY_BYTES, payload, bytes);
    image_bytes = at + ENTRY_BYTES + bytes;
    all = image_bytes - HEADER_BYTES;
    put(8, &all, 8);
    return at + ENTRY_BYTES;
}

static struct ex_findings findings;

static bool prints_of(const void *bytes, size_t size)
{
    ex_image_scan(bytes, size, ex_image_check(bytes, size), 90, true, &findings);
    return findings.prints;
}

static bool prints(void)
{
    return prints_of(image, image_bytes);
}

static const char *managed_of(const void *bytes, size_t size)
{
    ex_image_scan(bytes, size, ex_image_check(bytes, size), 90, true, &findings);
    return findings.managed;
}

static void test_text(void **state)
{
    (void)state;
    assert_true(prints_of(printing, sizeof(printing) - 1));
    assert_false(prints_of(silent, sizeof(silent) - 1));
}

static void test_machine_code_of_the_device_decides(void **state)
{
    (void)state;
    begin();
    add(2, 80, 0, printing, sizeof(printing), 0);
    add(2, 90, 0, silent, sizeof(silent), 0);
    add(1, 90, 0, printing, sizeof(printing), 0);
    assert_false(prints());
    add(2, 90, 0, printing, sizeof(printing), 0);
    assert_true(prints());
}

static void test_without_machine_code_the_text_does(void **state)
{
    (void)state;
    begin();
    add(2, 80, 0, silent, sizeof(silent), 0);
    add(1, 75, 0, printing, sizeof(printing), 0);
    assert_true(prints());
}

static void test_compressed(void **state)
{
    char lz4[512], zstd[512];
    int lz4_bytes = LZ4_compress_default(silent, lz4, sizeof(silent), sizeof(lz4));
    size_t zstd_bytes = ZSTD_compress(zstd, sizeof(zstd), printing, sizeof(printing), 3);

    (void)state;
    begin();
    add(2, 90, 0x2000, lz4, (uint64_t)lz4_bytes, sizeof(silent));
    assert_false(prints());
    add(2, 90, 0x8000, zstd, zstd_bytes, sizeof(printing));
    assert_true(prints());
}

static bool sound(void)
{
    return ex_image_scan(image, image_bytes, ex_image_check(image, image_bytes), 90, true,
                         &findings);
}

static void test_unknown_forms_may_print(void **state)
{
    (void)state;
    begin();
    add(1, 90, 0x4000, silent, sizeof(silent), sizeof(silent));
    assert_true(prints());
    assert_true(sound());
}

/* With such sizes and bytes the vendor's driver ends its process. */
static void test_damaged_code_is_found(void **state)
{
    char lz4[512], zstd[512];
    uint64_t lz4_bytes = (uint64_t)LZ4_compress_default(silent, lz4, sizeof(silent), sizeof(lz4));
    uint64_t zstd_bytes = ZSTD_compress(zstd, sizeof(zstd), silent, sizeof(silent), 3);
    const struct {
        uint64_t flags, bytes, plain;
        const char *payload;
        bool sound;
    } all[] = {
        {0x2000, lz4_bytes, sizeof(silent), lz4, true},
        {0x2000, lz4_bytes - 3, sizeof(silent), lz4, false},
        {0x2000, lz4_bytes, sizeof(silent) - 1, lz4, false},
        {0x2000, lz4_bytes, sizeof(silent) + 1, lz4, false},
        {0x2000, lz4_bytes, UINT64_MAX, lz4, false},
        {0x2000, lz4_bytes - 1, sizeof(silent), lz4 + 1, false},
        {0x2000, sizeof(silent), sizeof(silent), silent, false},
        {0xa000, zstd_bytes, sizeof(silent), zstd, false},
        {0x8000, zstd_bytes, sizeof(silent), zstd, true},
        {0x8000, zstd_bytes - 1, sizeof(silent), zstd, false},
        {0x8000, zstd_bytes, sizeof(silent) + 1, zstd, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        begin();
        add(1, 90, all[i].flags, all[i].payload, all[i].bytes, all[i].plain);
        assert_int_equal(sound(), all[i].sound);
    }
}

/* As a tool leaves it that has wiped what one device does not use. */
static void test_damaged_code_for_others_is_left_out(void **state)
{
    static const char wiped[64];
    struct ex_choice choice;

    (void)state;
    begin();
    add(2, 80, 0x8000, wiped, sizeof(wiped), 4096);
    add(1, 90, 0, silent, sizeof(silent), 0);
    add(2, 120, 0x2000, wiped, sizeof(wiped), 4096);
    assert_int_equal(ex_image_choose(image, image_bytes, 90, 0, &choice), CUDA_SUCCESS);
    assert_non_null(choice.owned);
    assert_int_equal(choice.kind, EX_IMAGE_FATBIN);
    assert_int_equal(choice.size, HEADER_BYTES + ENTRY_BYTES + sizeof(silent));
    assert_int_equal(ex_image_check(choice.bytes, choice.size), EX_IMAGE_FATBIN);
    assert_memory_equal(choice.bytes + HEADER_BYTES + ENTRY_BYTES, silent, sizeof(silent));
    free(choice.owned);
    begin();
    add(1, 90, 0, silent, sizeof(silent), 0);
    assert_int_equal(ex_image_choose(image, image_bytes, 90, 0, &choice), CUDA_SUCCESS);
    assert_null(choice.owned);
}

/* What one says it comes to, whether it does or not, is no more there for another. */
static void test_all_code_has_one_bound(void **state)
{
    char zstd[512];
    size_t zstd_bytes = ZSTD_compress(zstd, sizeof(zstd), silent, sizeof(silent), 3);
    struct ex_choice choice;

    (void)state;
    begin();
    add(1, 90, 0, silent, sizeof(silent), 0);
    add(1, 70, 0x8000, zstd, zstd_bytes, VGPU_MODULE_BYTES_MAX - sizeof(silent) + 1);
    add(1, 75, 0x8000, zstd, zstd_bytes, sizeof(silent));
    assert_int_equal(ex_image_choose(image, image_bytes, 90, 0, &choice), CUDA_SUCCESS);
    assert_non_null(choice.owned);
    assert_int_equal(choice.size, HEADER_BYTES + ENTRY_BYTES + sizeof(silent));
    free(choice.owned);
}

static void test_code_is_of_its_kind(void **state)
{
    (void)state;
    begin();
    add(2, 90, 0, silent, sizeof(silent), 0);
    assert_false(sound());
    begin();
    add(2, 80, 0, silent, sizeof(silent), 0); /* nobody runs it */
    add(1, 90, 0, silent, sizeof(silent), 0);
    assert_true(sound());
    begin();
    add(8, 90, 0x2000, silent, sizeof(silent), 2 * sizeof(silent)); /* unpacked by whoever knows */
    assert_true(sound());
}

static void expect_managed(const char *text, const char *name)
{
    assert_string_equal(managed_of(text, strlen(text)), name);
}

static void test_managed_text(void **state)
{
    (void)state;
    expect_managed(".global .attribute(.managed) .align 4 .b8 counter[16];", "counter");
    expect_managed(".global .attribute ( .managed )\n.u32 _a$1 = 5;\n", "_a$1");
    expect_managed(".visible .global .attribute(.unified(1, 2), .managed) .f32 x;", "x");
    expect_managed(".global .attribute(.unified(1, 2)) .f32 x;", "");
    expect_managed("// .attribute(.managed) .u32 x;\n", "");
    expect_managed(".attribute(.managed", "");
    expect_managed(".attribute(.managed)", "");
    expect_managed(".attribute", "");
    expect_managed("/* // */ .global .attribute(.managed) .u32 x;\n", "x");
    expect_managed(".attribute(.managed) ; .attribute(.managed) .u32 y;", "y");
}

/* Texts of which each part could be looked at once for each other: 4 MiB take no time. */
static void test_hostile_texts(void **state)
{
    static const char *const parts[] = {".attribute(", ".attribute(.managed);",
                                        ".attribute(.managed)=", "//.attribute(.managed)x;",
                                        ".attribute(.managed)"};
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
        (void)managed_of(text, size);
    }
    free(text);
}

/* A cubin of three symbols: a function, a plain variable, one with `other`. */
static size_t make_cubin(uint8_t *bytes, uint8_t type, uint8_t other, uint32_t name)
{
    static const char names[] = "\0plain\0counter";
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                         .e_machine = 190,
                         .e_shoff = sizeof(header),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = 3};
    Elf64_Sym symbols[] = {
        {.st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_other = 0x10},
        {.st_name = 1, .st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT)},
        {.st_name = name, .st_info = ELF64_ST_INFO(STB_LOCAL, type), .st_other = other},
    };
    Elf64_Shdr sections[3] = {
        {.sh_type = SHT_NULL},
        {.sh_type = SHT_SYMTAB,
         .sh_offset = sizeof(header) + sizeof(sections),
         .sh_size = sizeof(symbols),
         .sh_link = 2},
        {.sh_type = SHT_STRTAB,
         .sh_offset = sizeof(header) + sizeof(sections) + sizeof(symbols),
         .sh_size = sizeof(names)},
    };

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), sections, sizeof(sections));
    memcpy(bytes + sections[1].sh_offset, symbols, sizeof(symbols));
    memcpy(bytes + sections[2].sh_offset, names, sizeof(names));
    return sections[2].sh_offset + sizeof(names);
}

static void test_managed_symbols(void **state)
{
    uint8_t bytes[1024] = {0};

    (void)state;
    assert_string_equal(managed_of(bytes, make_cubin(bytes, STT_OBJECT, 4, 7)), "counter");
    assert_string_equal(managed_of(bytes, make_cubin(bytes, STT_FUNC, 4, 7)), "");
    assert_string_equal(managed_of(bytes, make_cubin(bytes, STT_OBJECT, 0x10, 7)), "");
    assert_string_equal(managed_of(bytes, make_cubin(bytes, STT_OBJECT, 4, 1u << 30)), "");
}

/* The same with a word behind it, which no table of the image holds. */
static size_t add_code(uint8_t *bytes, size_t size, const char *word)
{
    memcpy(bytes + size, word, strlen(word));
    return size + strlen(word);
}

/* What is called is a symbol: the rest of machine code is not searched where it has some. */
static void test_symbols_print(void **state)
{
    const size_t names = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr) + 3 * sizeof(Elf64_Sym);
    const uint32_t none = SHT_NULL;
    uint8_t bytes[1024] = {0};
    size_t size = make_cubin(bytes, STT_FUNC, 0, 7);

    (void)state;
    assert_false(prints_of(bytes, size));
    size = add_code(bytes, size, "vprintf");
    assert_false(prints_of(bytes, size));
    memcpy(bytes + names + 7, "vprintf", 7); /* for "counter" */
    assert_true(prints_of(bytes, size));
    size = make_cubin(bytes, STT_FUNC, 0, 7);
    memcpy(bytes + sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_type), &none,
           sizeof(none));
    assert_false(prints_of(bytes, size));
    assert_true(prints_of(bytes, add_code(bytes, size, "vprintf")));
}

#define MANY_BYTES ((size_t)16 << 20)

/* An image of 60,000 sections, all but the first like `symbols`; the first, of names, is all of it.
 */
static uint8_t *with_many(const Elf64_Shdr *symbols)
{
    const uint16_t count = 60000;
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                         .e_machine = 190,
                         .e_shoff = sizeof(header),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shnum = count};
    const Elf64_Shdr names = {.sh_type = SHT_STRTAB, .sh_size = MANY_BYTES};
    uint8_t *bytes = calloc(1, MANY_BYTES + 1);

    assert_non_null(bytes);
    memcpy(bytes, &header, sizeof(header));
    for (uint16_t i = 0; i < count; i++) {
        memcpy(bytes + sizeof(header) + i * sizeof(names), i == 0 ? &names : symbols,
               sizeof(names));
    }
    return bytes;
}

/* Sections of no symbols: the names are searched twice, not 60,000 times. */
static void test_names_are_searched_once(void **state)
{
    const Elf64_Shdr symbols = {.sh_type = SHT_SYMTAB};
    uint8_t *bytes = with_many(&symbols);

    (void)state;
    assert_int_equal(ex_image_check(bytes, MANY_BYTES), EX_IMAGE_ELF);
    assert_false(prints_of(bytes, MANY_BYTES));
    free(bytes);
}

/* Tables that all lie over each other are not an image. */
static void test_overlapping_symbols(void **state)
{
    const Elf64_Shdr symbols = {.sh_type = SHT_SYMTAB, .sh_size = MANY_BYTES};
    uint8_t *bytes = with_many(&symbols);

    (void)state;
    assert_string_equal(managed_of(bytes, MANY_BYTES), "");
    assert_int_equal(ex_image_check(bytes, MANY_BYTES), EX_IMAGE_BAD);
    free(bytes);
}

static void test_managed_in_a_part(void **state)
{
    static const char text[] = ".global .attribute(.managed) .b32 x;";

    (void)state;
    begin();
    add(1, 75, 0, text, sizeof(text), 0);
    assert_string_equal(managed_of(image, image_bytes), "x");
}

/* What is left of the image under a policy; NULL: all of it. */
static void expect_choice(uint32_t policy, CUresult cu, const char *left)
{
    struct ex_choice choice;

    assert_int_equal(ex_image_choose(image, image_bytes, 90, policy, &choice), cu);
    if (cu != CUDA_SUCCESS) {
        return;
    }
    if (left == NULL) {
        assert_ptr_equal(choice.bytes, image);
        assert_null(choice.owned);
        return;
    }
    assert_string_equal((const char *)choice.bytes, left);
    assert_int_equal(choice.bytes[choice.size], 0);
    free(choice.owned);
}

#define FORCE   VGPU_CODE_FORCE_JIT
#define DISABLE VGPU_CODE_DISABLE_JIT

static void test_choice_of_both(void **state)
{
    char zstd[512];
    size_t zstd_bytes = ZSTD_compress(zstd, sizeof(zstd), printing, sizeof(printing), 3);

    (void)state;
    begin();
    add(2, 90, 0, "code", 5, 0);
    add(1, 75, 0, silent, sizeof(silent), 0);
    add(1, 100, 0, silent, sizeof(silent), 0); /* too new */
    expect_choice(0, CUDA_SUCCESS, NULL);
    expect_choice(FORCE, CUDA_SUCCESS, silent);
    expect_choice(DISABLE, CUDA_SUCCESS, NULL);
    expect_choice(FORCE | DISABLE, CUDA_ERROR_JIT_COMPILATION_DISABLED, NULL);
    add(1, 90, 0x8000, zstd, zstd_bytes, sizeof(printing));
    expect_choice(FORCE, CUDA_SUCCESS, printing);
}

static void test_choice_of_one(void **state)
{
    (void)state;
    begin();
    add(2, 90, 0, "code", 5, 0);
    expect_choice(FORCE, CUDA_ERROR_NO_BINARY_FOR_GPU, NULL);
    begin();
    add(2, 80, 0, "code", 5, 0); /* of another major version */
    add(1, 75, 0, silent, sizeof(silent), 0);
    expect_choice(FORCE, CUDA_SUCCESS, silent);
    expect_choice(DISABLE, CUDA_ERROR_JIT_COMPILATION_DISABLED, NULL);
    begin();
    add(1, 75, 0x2000, "not packed", 11, 100);
    expect_choice(FORCE, CUDA_ERROR_INVALID_IMAGE, NULL);
}

static void test_choice_of_plain_images(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    memcpy(image, silent, sizeof(silent));
    image_bytes = sizeof(silent);
    expect_choice(FORCE, CUDA_SUCCESS, NULL);
    expect_choice(DISABLE, CUDA_ERROR_JIT_COMPILATION_DISABLED, NULL);
    image_bytes = make_cubin(image, STT_OBJECT, 0, 1);
    expect_choice(DISABLE, CUDA_SUCCESS, NULL);
    expect_choice(FORCE, CUDA_ERROR_NO_BINARY_FOR_GPU, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_machine_code_of_the_device_decides),
        cmocka_unit_test(test_without_machine_code_the_text_does),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_unknown_forms_may_print),
        cmocka_unit_test(test_damaged_code_is_found),
        cmocka_unit_test(test_damaged_code_for_others_is_left_out),
        cmocka_unit_test(test_all_code_has_one_bound),
        cmocka_unit_test(test_code_is_of_its_kind),
        cmocka_unit_test(test_managed_text),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_managed_symbols),
        cmocka_unit_test(test_symbols_print),
        cmocka_unit_test(test_names_are_searched_once),
        cmocka_unit_test(test_overlapping_symbols),
        cmocka_unit_test(test_managed_in_a_part),
        cmocka_unit_test(test_choice_of_both),
        cmocka_unit_test(test_choice_of_one),
        cmocka_unit_test(test_choice_of_plain_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
