/* SPDX-License-Identifier: Apache-2.0 */
#include "common/image_hash.h"

#include <string.h>

#define STRIPE VGPU_IMAGE_STRIPE_BYTES
#define PAIR   ((size_t)2 * STRIPE)
#define SUMS   ((size_t)2 * VGPU_SHA256_BYTES)
#define LABEL  64u /* a whole block, so that the stripes behind it are */

static const char even_label[LABEL] = "vgpu image 1 even";
static const char odd_label[LABEL] = "vgpu image 1 odd";
static const char sums_label[LABEL] = "vgpu image 1 sums";

void vgpu_image_hash_begin(struct vgpu_image_hash *hash)
{
    vgpu_sha256_begin(&hash->even);
    vgpu_sha256_begin(&hash->odd);
    vgpu_sha256_add_two(&hash->even, &hash->odd, even_label, odd_label, LABEL);
    hash->bytes = 0;
}

static void add_pair(struct vgpu_image_hash *hash, const uint8_t *pair)
{
    vgpu_sha256_add_two(&hash->even, &hash->odd, pair, pair + STRIPE, STRIPE);
}

/* Bytes of a pair that is not complete, or becomes so; how many were taken. */
static size_t hold(struct vgpu_image_hash *hash, const uint8_t *bytes, size_t size)
{
    size_t held = hash->bytes % PAIR;
    size_t part = size < PAIR - held ? size : PAIR - held;

    memcpy(hash->pair + held, bytes, part);
    if (held + part == PAIR) {
        add_pair(hash, hash->pair);
    }
    return part;
}

void vgpu_image_hash_add(struct vgpu_image_hash *hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    while (size > 0) {
        size_t part = PAIR;

        if (hash->bytes % PAIR != 0 || size < PAIR) {
            part = hold(hash, at, size);
        } else {
            add_pair(hash, at);
        }
        hash->bytes += part;
        at += part;
        size -= part;
    }
}

/* Both sums, and the length. */
static void end_stripes(struct vgpu_image_hash *hash, uint8_t *end)
{
    size_t held = hash->bytes % PAIR;
    size_t even = held < STRIPE ? held : STRIPE;

    vgpu_sha256_add(&hash->even, hash->pair, even);
    vgpu_sha256_add(&hash->odd, hash->pair + STRIPE, held - even);
    vgpu_sha256_end(&hash->even, end);
    vgpu_sha256_end(&hash->odd, end + VGPU_SHA256_BYTES);
    for (size_t i = 0; i < sizeof(hash->bytes); i++) {
        end[SUMS + i] = (uint8_t)(hash->bytes >> (8 * i));
    }
}

void vgpu_image_hash_end(struct vgpu_image_hash *hash, uint8_t digest[VGPU_SHA256_BYTES])
{
    uint8_t end[SUMS + sizeof(hash->bytes)];
    struct vgpu_sha256 sums;

    end_stripes(hash, end);
    vgpu_sha256_begin(&sums);
    vgpu_sha256_add(&sums, sums_label, LABEL);
    vgpu_sha256_add(&sums, end, sizeof(end));
    vgpu_sha256_end(&sums, digest);
}

void vgpu_image_hash(const void *bytes, size_t size, uint8_t digest[VGPU_SHA256_BYTES])
{
    struct vgpu_image_hash hash;

    vgpu_image_hash_begin(&hash);
    vgpu_image_hash_add(&hash, bytes, size);
    vgpu_image_hash_end(&hash, digest);
}
