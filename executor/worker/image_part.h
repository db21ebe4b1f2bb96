/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_PART_H
#define EX_WORKER_IMAGE_PART_H

/*
 * The parts of a fat binary: code for one architecture each.  Pure functions over an image that
 * ex_image_check() found to be EX_IMAGE_FATBIN; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fatbin.h"

struct ex_part {
    uint16_t kind; /* VGPU_FATBIN_..., or what is not known */
    uint32_t arch; /* 90: compute capability 9.0 */
    uint64_t flags;
    const uint8_t *payload; /* in the image */
    uint64_t bytes;
    uint32_t packed_bytes;
    uint64_t plain_bytes;
};

/* The part at *at, which begins as 0, and moves it on; false: there are no more. */
bool ex_part_next(const uint8_t *image, uint64_t *at, struct ex_part *part);

/* Whether the payload is packed in a form that is known. */
bool ex_part_is_known(const struct ex_part *part);

/* Whether the payload is the code itself, not packed. */
bool ex_part_is_plain(const struct ex_part *part);

/*
 * Whether machine code and text that is packed can be unpacked to what its header says, to at most
 * VGPU_MODULE_BYTES_MAX in all; other kinds and forms, which are not known, are left to the driver.
 * NVIDIA's driver (580.159.04) believes the sizes, and reads or writes beyond its memory with
 * damaged ones.  `but`: the payload of a part that is not looked at, or NULL.
 */
bool ex_parts_unpack(const uint8_t *image, const uint8_t *but);

/*
 * An image without the parts that do not unpack, in *clear with a NUL behind it and its size: owned
 * by the caller; NULL: all parts do.  Tools that make libraries smaller leave such parts, of code
 * that a device does not use.  `but`: the payload of a part that stays in any case; NULL: none
 * does.  False: no memory.
 */
bool ex_parts_clear(const uint8_t *image, const uint8_t *but, uint8_t **clear, size_t *size);

/* The code of a part, unpacked, with a NUL behind it; the caller's to free.  NULL: it cannot be
 * unpacked, or there is no memory. */
uint8_t *ex_part_code(const struct ex_part *part, size_t *size);

/* The part that a device of this capability (90) uses: its machine code, or without any, or where
 * `text_only`, the newest text.  False: there is none. */
bool ex_part_for(const uint8_t *image, uint32_t capability, bool text_only, struct ex_part *part);

#endif
