/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of images.  Built twice: with the processor's instructions, and without them. */
#include "common/image_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STRIPE VGPU_IMAGE_STRIPE_BYTES
#define SIZE   (5u * STRIPE + 77u)
#define BIG    3000001u
#define DIGEST VGPU_SHA256_BYTES

/* Of bytes(), by another implementation of SHA-256 from the words of the header: at every boundary
 * of a block, of a stripe and of a pair. */
static const struct {
    size_t size;
    const char *want;
} known[] = {
    {0, "fd42baf1e435f2da256cead9b0590664982ab646eaf4ea61a4e9c5d1274989e4"},
    {1, "bbf71e815564d43865c3587293e420045c2aebbb50a0fc918cc14a0f013b9caa"},
    {63, "6abfd8506302e333d591fce502aaa8942c02f223e958bb6b7f3184479d41cc06"},
    {64, "153d7f55850369a4ae168cf835763083877677790007b15b4516d246423a88ab"},
    {1023, "62c6f6f5bb5c320014d68d91004a9fa7914a531ac5ad6bd5d8522e0f2b0fdfac"},
    {1024, "d9b187dfb90d266ff9eacd81dee8a9aaef232905e9b2328433c94b063be79410"},
    {1025, "87df00a1d8834e1a2bc649e82e494547a47b341e690f2143fbe5876a57abf847"},
    {2047, "77ac80641495805c06dc677a183c7a3c6923c838ee6ef27a78fa58de422d4980"},
    {2048, "f8930fa93b0b17ddfee0299a460029338508e1d17117fd3dcd99018437ce2484"},
    {2049, "aa3f33809231acbd56b1d2f1997450aab34d356ad368531a567ff2b03f2efa00"},
    {3071, "81cdaaf65ea5bc5b93611c4b7c232df621b683a9502cc2d3b3bf709503274704"},
    {3072, "e45256e666b585673461166ceb69fd6105667c80460806a96dfb41b94f83d463"},
    {3073, "b99da859990035b8ec14d50225acf2fd035d6635983d5f0127fa87e69dcc4638"},
    {4095, "e586064e2fe41a1b2228e65f20193f20d0efc14c9c7cade73fcdd182b0a87bc7"},
    {4096, "68e2d06e22af4c39e12b9dbad6a450a8e38f0c6c14ec2956d23fbd9bf1e3d1b7"},
    {4097, "3b29382c42695447fdca650a1c8d1f30df031eb4767d6eaf70b3dc1d734a6c7c"},
    {5197, "6ee581bfabb4a90b9bbe0adb36e451cf43a7111e783715e3dec3dd5e4c9ecf3d"},
    {BIG, "e067af02ecfc26700f6c460328264ba06d979c3952934bca585f5926d82bd700"},
};

static const char labels[3][64] = {"vgpu image 1 even", "vgpu image 1 odd", "vgpu image 1 sums"};

/* The same bytes each time; the caller's. */
static uint8_t *make_bytes(size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    return bytes;
}

static void test_known_answers(void **state)
{
    uint8_t *bytes = make_bytes(BIG);

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t digest[DIGEST];
        char text[2 * DIGEST + 1];

        vgpu_image_hash(bytes, known[i].size, digest);
        for (size_t j = 0; j < DIGEST; j++) {
            (void)snprintf(text + 2 * j, 3, "%02x", digest[j]);
        }
        assert_string_equal(text, known[i].want);
    }
    free(bytes);
    print_message("instructions: %s\n", vgpu_sha256_is_fast() ? "yes" : "no");
}

static void add_labelled(struct vgpu_sha256 *sha, const char *label)
{
    vgpu_sha256_begin(sha);
    vgpu_sha256_add(sha, label, 64);
}

/* What the last SHA-256 takes in behind its label, as the header says it. */
static void make_end(const uint8_t *bytes, size_t size, uint8_t end[2 * DIGEST + 8])
{
    struct vgpu_sha256 sums[2];

    add_labelled(&sums[0], labels[0]);
    add_labelled(&sums[1], labels[1]);
    for (size_t at = 0; at < size; at += STRIPE) {
        vgpu_sha256_add(&sums[at / STRIPE % 2], bytes + at,
                        size - at < STRIPE ? size - at : STRIPE);
    }
    vgpu_sha256_end(&sums[0], end);
    vgpu_sha256_end(&sums[1], end + DIGEST);
    for (unsigned int i = 0; i < 8; i++) {
        end[2 * DIGEST + i] = (uint8_t)((uint64_t)size >> (8 * i));
    }
}

static void test_as_the_header_says(void **state)
{
    uint8_t *bytes = make_bytes(SIZE);

    (void)state;
    for (size_t size = 0; size <= SIZE; size++) {
        uint8_t end[2 * DIGEST + 8];
        struct vgpu_sha256 sums;
        uint8_t want[DIGEST];
        uint8_t digest[DIGEST];

        make_end(bytes, size, end);
        add_labelled(&sums, labels[2]);
        vgpu_sha256_add(&sums, end, sizeof(end));
        vgpu_sha256_end(&sums, want);
        vgpu_image_hash(bytes, size, digest);
        assert_memory_equal(digest, want, DIGEST);
    }
    free(bytes);
}

/* However it is cut, and wherever it lies. */
static void test_pieces(void **state)
{
    uint8_t *bytes = make_bytes(SIZE);
    uint8_t *moved = malloc(SIZE + 1);
    uint8_t whole[DIGEST];

    (void)state;
    assert_non_null(moved);
    memcpy(moved + 1, bytes, SIZE);
    vgpu_image_hash(bytes, SIZE, whole);
    for (size_t piece = 1; piece <= SIZE; piece += piece % STRIPE < 3 ? 1 : 127) {
        uint8_t digest[DIGEST];
        struct vgpu_image_hash hash;

        vgpu_image_hash_begin(&hash);
        for (size_t at = 0; at < SIZE; at += piece) {
            vgpu_image_hash_add(&hash, moved + 1 + at, SIZE - at < piece ? SIZE - at : piece);
            vgpu_image_hash_add(&hash, moved, 0);
        }
        vgpu_image_hash_end(&hash, digest);
        assert_memory_equal(digest, whole, DIGEST);
    }
    free(moved);
    free(bytes);
}

static void expect_other(const void *image, size_t size, const uint8_t hash[DIGEST])
{
    uint8_t digest[DIGEST];

    vgpu_image_hash(image, size, digest);
    assert_memory_not_equal(digest, hash, DIGEST);
}

/* No inner value of the tree, given as an image or taken for a hash, passes for an image. */
static void test_sums_are_no_images(void **state)
{
    uint8_t *bytes = make_bytes(SIZE);
    struct {
        char label[64];
        uint8_t end[2 * DIGEST + 8];
    } root;
    uint8_t labelled[64 + STRIPE];
    uint8_t digest[DIGEST];
    uint8_t hash[DIGEST];

    (void)state;
    vgpu_image_hash(bytes, SIZE, hash);
    make_end(bytes, SIZE, root.end);
    memcpy(root.label, labels[2], 64);
    vgpu_sha256(&root, sizeof(root), digest);
    assert_memory_equal(digest, hash, DIGEST); /* it is the input of the last one */
    expect_other(&root, sizeof(root), hash);
    expect_other(root.end, sizeof(root.end), hash);
    expect_other(root.end, sizeof(root.end) - 8, hash);
    vgpu_sha256(bytes, SIZE, digest);
    assert_memory_not_equal(digest, hash, DIGEST);

    /* An image of one stripe, and what its sum is made of. */
    vgpu_image_hash(bytes, STRIPE, hash);
    make_end(bytes, STRIPE, root.end);
    assert_memory_not_equal(root.end, hash, DIGEST);
    memcpy(labelled, labels[0], 64);
    memcpy(labelled + 64, bytes, STRIPE);
    vgpu_sha256(labelled, sizeof(labelled), digest);
    assert_memory_equal(digest, root.end, DIGEST);
    expect_other(labelled, sizeof(labelled), hash);
    expect_other(labelled, sizeof(labelled), digest);
    free(bytes);
}

/* Stripes that change places, and NULs behind the end. */
static void test_place_and_length_count(void **state)
{
    static const size_t sizes[] = {0, 1, STRIPE - 1, STRIPE, 2 * STRIPE - 1, 2 * STRIPE};
    uint8_t *bytes = make_bytes(4 * STRIPE);
    uint8_t hash[DIGEST];
    uint8_t stripe[STRIPE];
    uint8_t *zeros = calloc(1, 4 * STRIPE);

    (void)state;
    assert_non_null(zeros);
    vgpu_image_hash(bytes, 4 * STRIPE, hash);
    for (size_t i = 1; i < 4; i++) {
        memcpy(stripe, bytes, STRIPE);
        memcpy(bytes, bytes + i * STRIPE, STRIPE);
        memcpy(bytes + i * STRIPE, stripe, STRIPE);
        expect_other(bytes, 4 * STRIPE, hash);
        memcpy(bytes + i * STRIPE, bytes, STRIPE);
        memcpy(bytes, stripe, STRIPE);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        vgpu_image_hash(zeros, sizes[i], hash);
        for (size_t size = 0; size <= 3 * STRIPE; size += size % STRIPE < 2 ? 1 : STRIPE / 2 - 1) {
            if (size != sizes[i]) {
                expect_other(zeros, size, hash);
            }
        }
    }
    free(zeros);
    free(bytes);
}

/* Every bit counts. */
static void test_one_bit(void **state)
{
    uint8_t *bytes = make_bytes(SIZE);
    uint8_t hash[DIGEST];

    (void)state;
    vgpu_image_hash(bytes, SIZE, hash);
    for (size_t at = 0; at < SIZE; at++) {
        bytes[at] ^= (uint8_t)(1u << at % 8);
        expect_other(bytes, SIZE, hash);
        bytes[at] ^= (uint8_t)(1u << at % 8);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_as_the_header_says),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_sums_are_no_images),
        cmocka_unit_test(test_place_and_length_count),
        cmocka_unit_test(test_one_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
