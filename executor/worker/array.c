/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/array.h"

#include <errno.h>
#include <stdlib.h>

#include "common/overflow.h"
#include "ex_dispatch.h"
#include "executor/worker/session.h"
#include "proto/array_format.h"

/* Rows lie at multiples of this, arrays at multiples of the other. */
#define ROW_BYTES   512u
#define ARRAY_BYTES 65536u

int ex_arrays_init(struct ex_arrays *a)
{
    a->arrays = vgpu_handles_new(VGPU_HANDLE_ARRAY, VGPU_ARRAYS_MAX);
    a->mipmaps = vgpu_handles_new(VGPU_HANDLE_MIPMAP, VGPU_MIPMAPS_MAX);
    (void)pthread_mutex_init(&a->lock, NULL);
    return a->arrays != NULL && a->mipmaps != NULL ? 0 : -ENOMEM;
}

struct ex_array *ex_array_find(struct ex_session *x, uint64_t handle)
{
    return vgpu_handles_get(x->arrays.arrays, handle);
}

static uint64_t at_least_one(uint64_t value)
{
    return value == 0 ? 1 : value;
}

bool ex_array_holds(const struct ex_array *array, const uint64_t at[3], const uint64_t size[3])
{
    uint32_t element = vgpu_element_bytes((uint32_t)array->shape.Format, array->shape.NumChannels);

    return element != 0 && size[0] != 0 && size[1] != 0 && size[2] != 0 && at[0] % element == 0 &&
           size[0] % element == 0 && vgpu_span_fits(at[0], size[0], array->shape.Width * element) &&
           vgpu_span_fits(at[1], size[1], at_least_one(array->shape.Height)) &&
           vgpu_span_fits(at[2], size[2], at_least_one(array->shape.Depth));
}

bool ex_array_measure(const CUDA_ARRAY3D_DESCRIPTOR *shape, uint64_t *bytes)
{
    uint32_t element = vgpu_element_bytes((uint32_t)shape->Format, shape->NumChannels);

    return element != 0 && shape->Width != 0 && shape->Width <= VGPU_ARRAY_SIDE_MAX &&
           shape->Height <= VGPU_ARRAY_SIDE_MAX && shape->Depth <= VGPU_ARRAY_SIDE_MAX &&
           (shape->Flags & (CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING)) == 0 &&
           vgpu_u64_mul(shape->Width, element, bytes) &&
           vgpu_u64_align_up(*bytes, ROW_BYTES, bytes) &&
           vgpu_u64_mul(*bytes, at_least_one(shape->Height), bytes) &&
           vgpu_u64_mul(*bytes, at_least_one(shape->Depth), bytes) &&
           vgpu_u64_align_up(*bytes, ARRAY_BYTES, bytes);
}

static CUresult charge(struct ex_session *x, const CUDA_ARRAY3D_DESCRIPTOR *shape, uint64_t *bytes)
{
    if (!ex_array_measure(shape, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return ex_memory_charge(x->memory, *bytes) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

int ex_array_mint(struct ex_session *x, struct vgpu_handles *table, void *object, uint64_t *handle)
{
    int rc;

    (void)pthread_mutex_lock(&x->objects);
    rc = vgpu_handles_mint(table, object, handle);
    (void)pthread_mutex_unlock(&x->objects);
    return rc;
}

static CUresult create(struct ex_session *x, struct ex_array *made, uint64_t *handle)
{
    CUresult cu = charge(x, &made->shape, &made->charge);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = x->driver->cuArray3DCreate(&made->cu, &made->shape);
    if (cu == CUDA_SUCCESS && ex_array_mint(x, x->arrays.arrays, made, handle) != 0) {
        (void)x->driver->cuArrayDestroy(made->cu);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        ex_memory_uncharge(x->memory, made->charge);
    }
    return cu;
}

CUresult ex_do_vgpuArrayCreate(struct ex_session *session,
                               const struct vgpu_args_vgpuArrayCreate *args,
                               struct vgpu_ret_vgpuArrayCreate *ret)
{
    struct ex_array *made = calloc(1, sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->shape = (CUDA_ARRAY3D_DESCRIPTOR){
        .Width = args->width,
        .Height = args->height,
        .Depth = args->depth,
        .Format = (CUarray_format)args->format,
        .NumChannels = args->channels,
        .Flags = args->flags,
    };
    cu = create(session, made, &ret->array);
    if (cu != CUDA_SUCCESS) {
        free(made);
    }
    return cu;
}

CUresult ex_do_vgpuArrayDestroy(struct ex_session *session,
                                const struct vgpu_args_vgpuArrayDestroy *args,
                                struct vgpu_ret_vgpuArrayDestroy *ret)
{
    struct ex_array *array;
    CUresult cu;

    (void)ret;
    (void)pthread_mutex_lock(&session->arrays.lock);
    (void)pthread_mutex_lock(&session->objects);
    array = ex_array_find(session, args->array);
    if (array != NULL && array->owner == NULL) {
        (void)vgpu_handles_take(session->arrays.arrays, args->array);
    }
    (void)pthread_mutex_unlock(&session->objects);
    cu = CUDA_ERROR_INVALID_HANDLE;
    if (array != NULL && array->owner == NULL) {
        cu = session->driver->cuArrayDestroy(array->cu);
        ex_memory_uncharge(session->memory, array->charge);
        free(array);
    }
    (void)pthread_mutex_unlock(&session->arrays.lock);
    return cu;
}
