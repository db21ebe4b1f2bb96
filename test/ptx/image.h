/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_PTX_IMAGE_H
#define VGPU_TEST_PTX_IMAGE_H

/*
 * Arrays, textures and surfaces of a case, which end with it; and what reading a texture gives.
 */

#include "test/ptx/px.h"

/* An array of these sides (0: no such dimension) and flags, with a copy of data if not NULL. */
CUarray px_array(const size_t side[3], CUarray_format format, unsigned channels, unsigned flags,
                 const void *data);
void px_array_out(void *data, CUarray array);

/* Of floats with one channel; level n has side >> n elements of value n * 100 + x + y. */
CUmipmappedArray px_mipmap(size_t side, unsigned levels);

/* All sides with one address mode. */
struct px_reading {
    CUaddress_mode mode;
    CUfilter_mode filter;
    unsigned flags;
    float border;
};

CUtexObject px_texture(CUarray array, const struct px_reading *how);
CUtexObject px_texture_of(const CUDA_RESOURCE_DESC *resource, const CUDA_TEXTURE_DESC *how);
CUsurfObject px_surface(CUarray array);

/* Called by the runner. */
void px_images_end(void);

/* --- what the CPU makes of it (image_ref.c) --- */
struct px_picture {
    const float *data; /* element after element, row after row */
    int side[3];
    int channels;
    CUaddress_mode mode;
    bool linear;
    float border;
};

/* Channel c at a place that is measured in elements; dims of the three numbers count. */
double px_sample(const struct px_picture *p, int dims, const double at[3], int c);

#endif
