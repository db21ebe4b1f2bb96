/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_IMAGE_HASH_H
#define VGPU_COMMON_IMAGE_HASH_H

/*
 * The hash that names an image in the cache of modules (docs/design.md): a tree of three SHA-256,
 * because the processor makes two at once in little more than the time of one.
 *
 *   image     stripe 0 | stripe 1 | stripe 2 | stripe 3 | ...      1 KiB each, the last one less
 *   even      SHA-256("vgpu image 1 even", stripe 0, stripe 2, ...)
 *   odd       SHA-256("vgpu image 1 odd", stripe 1, stripe 3, ...)
 *   the hash  SHA-256("vgpu image 1 sums", even, odd, bytes of the image)
 *
 * The words in quotes are filled up with NULs to blocks of 64 bytes; the number of bytes has 64
 * bits, little-endian.  They keep the three, and every other use of SHA-256 here, apart: no sum of
 * stripes is the hash of an image.  Who finds two images of one hash has found two inputs of one
 * SHA-256.  Any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/sha256.h"

#define VGPU_IMAGE_STRIPE_BYTES 1024u

struct vgpu_image_hash {
    struct vgpu_sha256 even;
    struct vgpu_sha256 odd;
    uint64_t bytes;                            /* taken in so far */
    uint8_t pair[2 * VGPU_IMAGE_STRIPE_BYTES]; /* the last of them, not in the sums yet */
};

/* The hash of no bytes, to which others are added. */
void vgpu_image_hash_begin(struct vgpu_image_hash *hash);
/* Takes in the next bytes of the image; how it is cut into pieces makes no difference. */
void vgpu_image_hash_add(struct vgpu_image_hash *hash, const void *bytes, size_t size);
/* The hash of all that was added; nothing can be added any more. */
void vgpu_image_hash_end(struct vgpu_image_hash *hash, uint8_t digest[VGPU_SHA256_BYTES]);

/* All at once. */
void vgpu_image_hash(const void *bytes, size_t size, uint8_t digest[VGPU_SHA256_BYTES]);

#endif
