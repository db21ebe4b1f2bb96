/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <string.h>

#include "executor/worker/session.h"
#include "proto/tensor.h"

/* Tensor maps: the driver only computes.  The address is not followed here, and what a kernel does
 * with it stays in the process. */

/* The dispatcher's. */
static CUtensorMap map;

/* A hostile address is a number like any other. */
static void *address_of(const struct vgpu_args_vgpuTensorMap *args)
{
    return (void *)(uintptr_t)args->address;
}

static CUresult tiled(const struct ex_driver *d, const struct vgpu_args_vgpuTensorMap *a,
                      const struct vgpu_tensor_shape *s)
{
    if (d->cuTensorMapEncodeTiled == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return d->cuTensorMapEncodeTiled(
        &map, (CUtensorMapDataType)a->data_type, a->rank, address_of(a), s->dims, s->strides,
        s->box, s->element_strides, (CUtensorMapInterleave)a->interleave,
        (CUtensorMapSwizzle)a->swizzle, (CUtensorMapL2promotion)a->promotion,
        (CUtensorMapFloatOOBfill)a->fill);
}

static CUresult im2col(const struct ex_driver *d, const struct vgpu_args_vgpuTensorMap *a,
                       const struct vgpu_tensor_shape *s)
{
    if (d->cuTensorMapEncodeIm2col == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return d->cuTensorMapEncodeIm2col(
        &map, (CUtensorMapDataType)a->data_type, a->rank, address_of(a), s->dims, s->strides,
        s->lower, s->upper, s->channels, s->pixels, s->element_strides,
        (CUtensorMapInterleave)a->interleave, (CUtensorMapSwizzle)a->swizzle,
        (CUtensorMapL2promotion)a->promotion, (CUtensorMapFloatOOBfill)a->fill);
}

static CUresult im2col_wide(const struct ex_driver *d, const struct vgpu_args_vgpuTensorMap *a,
                            const struct vgpu_tensor_shape *s)
{
    if (d->cuTensorMapEncodeIm2colWide == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return d->cuTensorMapEncodeIm2colWide(
        &map, (CUtensorMapDataType)a->data_type, a->rank, address_of(a), s->dims, s->strides,
        s->lower[0], s->upper[0], s->channels, s->pixels, s->element_strides,
        (CUtensorMapInterleave)a->interleave, (CUtensorMapIm2ColWideMode)a->mode,
        (CUtensorMapSwizzle)a->swizzle, (CUtensorMapL2promotion)a->promotion,
        (CUtensorMapFloatOOBfill)a->fill);
}

static CUresult replace(const struct ex_driver *d, const struct vgpu_args_vgpuTensorMap *a)
{
    if (d->cuTensorMapReplaceAddress == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    if (a->map_len != sizeof(map)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(&map, a->map, sizeof(map));
    return d->cuTensorMapReplaceAddress(&map, address_of(a));
}

static CUresult make(const struct ex_driver *d, const struct vgpu_args_vgpuTensorMap *a)
{
    struct vgpu_tensor_shape shape;

    if (a->kind == VGPU_TENSOR_REPLACE) {
        return replace(d, a);
    }
    /* The driver reads as many entries as the rank says. */
    if (a->shape_len != sizeof(shape) || a->rank == 0 || a->rank > VGPU_TENSOR_RANK_MAX ||
        (a->kind != VGPU_TENSOR_TILED && a->rank < 3)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(&shape, a->shape, sizeof(shape));
    switch (a->kind) {
    case VGPU_TENSOR_TILED:
        return tiled(d, a, &shape);
    case VGPU_TENSOR_IM2COL:
        return im2col(d, a, &shape);
    case VGPU_TENSOR_IM2COL_WIDE:
        return im2col_wide(d, a, &shape);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult ex_do_vgpuTensorMap(struct ex_session *session, const struct vgpu_args_vgpuTensorMap *args,
                             struct vgpu_ret_vgpuTensorMap *ret)
{
    CUresult cu;

    memset(&map, 0, sizeof(map));
    cu = make(session->driver, args);
    ret->map = (const uint8_t *)&map;
    ret->map_len = sizeof(map);
    return cu;
}
