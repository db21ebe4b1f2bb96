/* SPDX-License-Identifier: Apache-2.0 */
/* Built twice: with the processor's instructions, and without them. */
#include "common/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const void *bytes, size_t size, const char *want)
{
    uint8_t digest[VGPU_SHA256_BYTES];
    char text[2 * VGPU_SHA256_BYTES + 1];

    vgpu_sha256(bytes, size, digest);
    for (unsigned int i = 0; i < sizeof(digest); i++) {
        (void)snprintf(text + (size_t)2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, want);
}

/* The examples that NIST publishes with the standard. */
static void test_vectors(void **state)
{
    char *million = malloc(1000000);

    (void)state;
    assert_non_null(million);
    memset(million, 'a', 1000000);
    check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
          "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
          112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    check(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

/* However it is cut, at every length around the blocks' ends. */
static void test_pieces(void **state)
{
    uint8_t bytes[300];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        uint8_t whole[VGPU_SHA256_BYTES];

        vgpu_sha256(bytes, size, whole);
        for (size_t cut = 0; cut <= size; cut += 13) {
            uint8_t digest[VGPU_SHA256_BYTES];
            struct vgpu_sha256 sha;

            vgpu_sha256_begin(&sha);
            vgpu_sha256_add(&sha, bytes, cut);
            vgpu_sha256_add(&sha, bytes + cut, size - cut);
            vgpu_sha256_end(&sha, digest);
            assert_memory_equal(digest, whole, sizeof(digest));
        }
    }
}

/* With and without the processor's instructions. */
static void test_plain_is_the_same(void **state)
{
    uint8_t bytes[64 * 9];
    struct vgpu_sha256 sha;
    uint32_t plain[8];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 64);
    }
    vgpu_sha256_begin(&sha);
    memcpy(plain, sha.state, sizeof(plain));
    vgpu_sha256_add(&sha, bytes, sizeof(bytes));
    vgpu_sha256_plain(plain, bytes, 9);
    assert_memory_equal(plain, sha.state, sizeof(plain));
    print_message("instructions: %s\n", vgpu_sha256_is_fast() ? "yes" : "no");
}

/* Two at once are the two, whole blocks or not. */
static void test_two_at_once(void **state)
{
    static const size_t starts[] = {0, 1, 64, 100};
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100, 640, 1024};
    uint8_t bytes[2 * 1024];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 64);
    }
    for (size_t i = 0; i < 4 * 8; i++) {
        size_t start = starts[i % 4];
        size_t size = sizes[i / 4];
        struct vgpu_sha256 two[2];
        struct vgpu_sha256 one[2];

        for (size_t j = 0; j < 2; j++) {
            vgpu_sha256_begin(&two[j]);
            vgpu_sha256_add(&two[j], bytes + j, start * (j + 1));
            one[j] = two[j];
            vgpu_sha256_add(&one[j], bytes + 1024 * j, size);
        }
        vgpu_sha256_add_two(&two[0], &two[1], bytes, bytes + 1024, size);
        for (size_t j = 0; j < 2; j++) {
            uint8_t digest[VGPU_SHA256_BYTES];
            uint8_t want[VGPU_SHA256_BYTES];

            vgpu_sha256_end(&two[j], digest);
            vgpu_sha256_end(&one[j], want);
            assert_memory_equal(digest, want, sizeof(want));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_plain_is_the_same),
        cmocka_unit_test(test_two_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
