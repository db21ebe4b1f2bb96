/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_H
#define EX_WORKER_IMAGE_H

/*
 * Checks of a module image before the driver parses it.  Pure functions over private
 * memory, any thread.  They hold what can be held cheaply: the driver follows sizes and
 * offsets that it finds in the image, so these must stay inside it.
 */

#include <stddef.h>
#include <stdint.h>

enum ex_image_kind {
    EX_IMAGE_BAD,    /* none of the others, or its sizes lie */
    EX_IMAGE_PTX,    /* text; a NUL follows it inside the `capacity` */
    EX_IMAGE_ELF,    /* cubin */
    EX_IMAGE_FATBIN, /* container of the above, without a wrapper */
};

/*
 * The kind of the image of `size` bytes at `bytes`.  bytes[size] must be readable and 0: the
 * driver takes PTX without a length.
 */
enum ex_image_kind ex_image_check(const uint8_t *bytes, size_t size);

#endif
