/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_IMAGE_SET_H
#define GS_IMAGE_SET_H

/*
 * Separately compiled code (nvcc -rdc=true).  Its wrapper, of version 2, names the fat binary that
 * the compiler linked, with machine code for the architectures it was told and nothing else, and a
 * list of the fat binaries that it linked it from.
 *
 *   wrapper ──► linked fat binary          a set: all of them in one block, for a copy
 *          └──► list of fat binaries, NULL
 */

#include <stdbool.h>
#include <stddef.h>

#include "proto/cuda_abi.h"

struct gs_call;
struct gs_jit;
struct gs_module;

/* Whether the image, NUL-terminated or longer than eight bytes, is such a wrapper. */
bool gs_image_is_set_wrapper(const void *image);

/* The fat binary that the compiler linked, where that is all that is needed: it has machine code
 * for every device of this process, and the environment lets it be used.  Else NULL. */
const void *gs_image_set_linked(const void *wrapper);

/* Gathers what the devices can use of all that a wrapper names into a set, the caller's to free.
 * CUDA_ERROR_INVALID_IMAGE when something of it is no fat binary or all is over
 * VGPU_MODULE_BYTES_MAX; 2. */
CUresult gs_image_set_make(const void *wrapper, void **set, size_t *size);

/* Whether an image is a set; no image of a program is. */
bool gs_image_is_set(const void *image, size_t size);

/* Loads a set: the linked code where it runs on the context's device, otherwise the others, linked
 * by the driver. */
CUresult gs_image_set_load(const struct gs_call *call, const void *set, size_t size,
                           const struct gs_jit *jit, struct gs_module **module);

#endif
