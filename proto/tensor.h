/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TENSOR_H
#define VGPU_TENSOR_H

#include <stdint.h>

/*
 * What vgpuTensorMap is told in its `shape`: the arrays of a tensor map's call, as many
 * entries as the rank has, the rest 0.  Little-endian, no padding.
 */

#define VGPU_TENSOR_RANK_MAX 5u

/* Which of the driver's calls it stands for. */
enum vgpu_tensor_kind {
    VGPU_TENSOR_TILED = 0,
    VGPU_TENSOR_IM2COL = 1,
    VGPU_TENSOR_IM2COL_WIDE = 2,
    VGPU_TENSOR_REPLACE = 3, /* only the address, in the map that is sent along */
};

struct vgpu_tensor_shape {
    uint64_t dims[VGPU_TENSOR_RANK_MAX];
    uint64_t strides[VGPU_TENSOR_RANK_MAX - 1];
    uint32_t box[VGPU_TENSOR_RANK_MAX];
    uint32_t element_strides[VGPU_TENSOR_RANK_MAX];
    int32_t lower[VGPU_TENSOR_RANK_MAX - 2]; /* of im2col */
    int32_t upper[VGPU_TENSOR_RANK_MAX - 2];
    uint32_t channels;
    uint32_t pixels;
};

_Static_assert(sizeof(struct vgpu_tensor_shape) == 144, "no padding");

#endif
