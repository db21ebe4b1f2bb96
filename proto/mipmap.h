/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_MIPMAP_H
#define VGPU_MIPMAP_H

/* The shape of a level of a mipmapped array, as guest and worker both know it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

static inline size_t vgpu_mipmap_side(size_t side, uint32_t level)
{
    return side == 0 || side >> level != 0 ? side >> level : 1;
}

/* Of `shape` at level 0; layers do not shrink.  level is at most 63. */
static inline CUDA_ARRAY3D_DESCRIPTOR vgpu_mipmap_level(const CUDA_ARRAY3D_DESCRIPTOR *shape,
                                                        uint32_t level)
{
    bool layered = (shape->Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)) != 0;
    CUDA_ARRAY3D_DESCRIPTOR made = *shape;

    made.Width = vgpu_mipmap_side(shape->Width, level);
    made.Height = vgpu_mipmap_side(shape->Height, level);
    made.Depth = layered ? shape->Depth : vgpu_mipmap_side(shape->Depth, level);
    return made;
}

#endif
