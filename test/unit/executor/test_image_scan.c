/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lz4.h>
#include <string.h>
#include <zstd.h>

#include "executor/worker/image_scan.h"

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
    const uint32_t header = ENTRY_BYTES, packed = (uint32_t)bytes;
    uint64_t all;

    put(at, &kind, 2);
    put(at + 4, &header, 4);
    put(at + 8, &bytes, 8);
    put(at + 16, &packed, 4);
    put(at + 28, &arch, 4);
    put(at + 40, &flags, 8);
    put(at + 56, &plain, 8);
    put(at + ENTRY_BYTES, payload, bytes);
    image_bytes = at + ENTRY_BYTES + bytes;
    all = image_bytes - HEADER_BYTES;
    put(8, &all, 8);
    return at + ENTRY_BYTES;
}

static bool prints(void)
{
    return ex_image_prints(image, image_bytes, 9);
}

static void test_text(void **state)
{
    (void)state;
    assert_true(ex_image_prints((const uint8_t *)printing, sizeof(printing) - 1, 9));
    assert_false(ex_image_prints((const uint8_t *)silent, sizeof(silent) - 1, 9));
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

static void test_what_cannot_be_unpacked_may_print(void **state)
{
    char lz4[512];
    int lz4_bytes = LZ4_compress_default(silent, lz4, sizeof(silent), sizeof(lz4));

    (void)state;
    begin();
    add(2, 90, 0x4000, silent, sizeof(silent), sizeof(silent));
    assert_true(prints());
    begin();
    add(2, 90, 0x2000, lz4, (uint64_t)lz4_bytes - 3, sizeof(silent));
    assert_true(prints());
    begin();
    add(2, 90, 0x2000, lz4, (uint64_t)lz4_bytes, UINT64_MAX);
    assert_true(prints());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_machine_code_of_the_device_decides),
        cmocka_unit_test(test_without_machine_code_the_text_does),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_what_cannot_be_unpacked_may_print),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
