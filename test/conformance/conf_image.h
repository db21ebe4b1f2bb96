/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_CONF_IMAGE_H
#define VGPU_TEST_CONF_IMAGE_H

/*
 * Steps that cases of arrays, textures and surfaces share; as those of conf.h each ends the case
 * when it fails.  Host memory is an array of floats or words without gaps between rows.
 */

#include "test/conformance/conf.h"

/* A kernel of images.ptx, in a module loaded once. */
CUfunction conf_image_kernel(const char *name);

/* An array; height, depth and flags may be 0. */
CUarray conf_array(CUarray_format format, unsigned int channels, size_t width, size_t height,
                   size_t depth, unsigned int flags);

/* Copies between the array, all of it, and host memory, where its rows lie without gaps. */
void conf_array_write(CUarray array, const void *data);
void conf_array_read(CUarray array, void *data);

/* A texture over an array: elements as they are, no filter, coordinates in elements, clamped. */
CUDA_RESOURCE_DESC conf_resource(CUarray array);
CUDA_TEXTURE_DESC conf_plain_texture(void);
CUtexObject conf_texture(const CUDA_RESOURCE_DESC *resource, const CUDA_TEXTURE_DESC *texture,
                         const CUDA_RESOURCE_VIEW_DESC *view);

/* Has `count` threads of a kernel read a texture at `at`, four floats each, into `out`, four
 * words each. */
void conf_sample(const char *kernel, CUtexObject texture, unsigned int count, const float *at,
                 void *out);

#endif
