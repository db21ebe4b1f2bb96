/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_IMAGE_H
#define GS_IMAGE_H

/* The size of a module image: the program gives only its address. */

#include <stdbool.h>
#include <stddef.h>

#include "proto/cuda_abi.h"

/*
 * Finds the bytes to send for `image`: PTX text with its NUL, a cubin (ELF), a fat binary, or the
 * wrapper that the compiler puts around one.  `avail` bytes can be read (SIZE_MAX: the program
 * vouches for its image); what a wrapper points to is vouched for by the program.  *start, *size
 * say where they lie.  CUDA_ERROR_INVALID_IMAGE when the headers do not fit, or a text or a cubin
 * is over VGPU_MODULE_BYTES_MAX, and for the wrapper of separately compiled code
 * (guest/libcuda/image_set.h).  A fat binary may be larger: image_pick.h says what of it travels.
 */
CUresult gs_image_find(const void *image, size_t avail, const void **start, size_t *size);

/* The same for a fat binary, or NULL, that a wrapper names. */
CUresult gs_image_fatbin(const void *image, const void **start, size_t *size);

/* Whether the image, NUL-terminated or longer than four bytes, is such a wrapper. */
bool gs_image_is_wrapper(const void *image);

#endif
