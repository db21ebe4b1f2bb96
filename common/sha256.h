/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_SHA256_H
#define VGPU_COMMON_SHA256_H

/*
 * SHA-256 (FIPS 180-4), with the processor's instructions for it where it has them.  Our own,
 * because a cryptographic library would come into every CUDA program and every locked worker for
 * this one function; checked against the standard's vectors, both ways: a build of the file with
 * VGPU_SHA256_PLAIN_ONLY does without the instructions.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VGPU_SHA256_BYTES 32u

struct vgpu_sha256 {
    uint32_t state[8];
    uint64_t bytes; /* taken in so far */
    uint8_t block[64];
};

/* Begins; adds `size` bytes, as often as there are some; writes the digest, behind which only begin
 * may follow. */
void vgpu_sha256_begin(struct vgpu_sha256 *sha);
void vgpu_sha256_add(struct vgpu_sha256 *sha, const void *bytes, size_t size);
void vgpu_sha256_end(struct vgpu_sha256 *sha, uint8_t digest[VGPU_SHA256_BYTES]);

/* As two times vgpu_sha256_add() of `size` bytes each.  The processor's instructions wait for each
 * other within one sum, not between two: whole blocks cost about half as much so. */
void vgpu_sha256_add_two(struct vgpu_sha256 *a, struct vgpu_sha256 *b, const void *to_a,
                         const void *to_b, size_t size);

/* All at once. */
void vgpu_sha256(const void *bytes, size_t size, uint8_t digest[VGPU_SHA256_BYTES]);

/* Whether this processor has the instructions: 2 GB/s, and 0.3 GB/s without them. */
bool vgpu_sha256_is_fast(void);

/* Whole blocks of 64 bytes without the instructions, for the test. */
void vgpu_sha256_plain(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
