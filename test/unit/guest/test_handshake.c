/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/handshake.h"

#include <stdio.h>
#include <string.h>

#include "test/unit/guest/test.h"

#include "hmac_md2.h"

/* RFC 1319, A.5. */
static void test_md2(void **state)
{
    static const struct {
        const char *text;
        const char *digest;
    } vectors[] = {
        {"", "8350e5a3e24c153df2275c9f80692773"},
        {"a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"},
        {"abc", "da853b0d3f88d99b30283a69e6ded6bb"},
        {"message digest", "ab4f496bfb2a530b219ff33031fe06b0"},
        {"abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "da33def2a42df13975352846c30338cd"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "d5976f79d83d3a0dc9806c3c66f3efd8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        uint8_t digest[GS_MD2_BYTES];
        char text[2 * GS_MD2_BYTES + 1];

        gs_md2(vectors[i].text, strlen(vectors[i].text), digest);
        for (unsigned int k = 0; k < GS_MD2_BYTES; k++) {
            (void)snprintf(text + 2 * (size_t)k, 3, "%02x", digest[k]);
        }
        assert_string_equal(text, vectors[i].digest);
    }
}

static void test_hmac(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hmac_vectors) / sizeof(hmac_vectors[0]); i++) {
        unsigned int seed = hmac_vectors[i].seed;
        uint8_t digest[GS_MD2_BYTES];
        uint8_t key[GS_MD2_BYTES];
        uint8_t text[512];

        for (unsigned int k = 0; k < GS_MD2_BYTES; k++) {
            key[k] = (uint8_t)(seed * 7 + k * 31);
        }
        for (unsigned int k = 0; k < hmac_vectors[i].len; k++) {
            text[k] = (uint8_t)(seed + k * 13);
        }
        gs_hmac_md2(key, text, hmac_vectors[i].len, digest);
        assert_memory_equal(digest, hmac_vectors[i].digest, sizeof(digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md2),
        cmocka_unit_test(test_hmac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
