/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/array.h"

#include <stdlib.h>

#include "common/overflow.h"
#include "ex_dispatch.h"
#include "executor/worker/session.h"
#include "proto/mipmap.h"

/* More than a side of VGPU_ARRAY_SIDE_MAX has. */
#define LEVELS_MAX 32u

static CUresult create_mipmap(struct ex_session *x, struct ex_mipmap *made, uint64_t *handle)
{
    uint64_t bytes;
    CUresult cu;

    /* All levels together take less than twice the first. */
    if (made->levels == 0 || made->levels > LEVELS_MAX || !ex_array_measure(&made->shape, &bytes) ||
        !vgpu_u64_mul(bytes, made->levels > 1 ? 2 : 1, &made->charge)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!ex_memory_charge(x->memory, made->charge)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = x->driver->cuMipmappedArrayCreate(&made->cu, &made->shape, made->levels);
    if (cu == CUDA_SUCCESS && ex_array_mint(x, x->arrays.mipmaps, made, handle) != 0) {
        (void)x->driver->cuMipmappedArrayDestroy(made->cu);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        ex_memory_uncharge(x->memory, made->charge);
    }
    return cu;
}

CUresult ex_do_vgpuMipmapCreate(struct ex_session *session,
                                const struct vgpu_args_vgpuMipmapCreate *args,
                                struct vgpu_ret_vgpuMipmapCreate *ret)
{
    struct ex_mipmap *made = calloc(1, sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->levels = args->levels;
    made->shape = (CUDA_ARRAY3D_DESCRIPTOR){
        .Width = args->width,
        .Height = args->height,
        .Depth = args->depth,
        .Format = (CUarray_format)args->format,
        .NumChannels = args->channels,
        .Flags = args->flags,
    };
    cu = create_mipmap(session, made, &ret->mipmap);
    if (cu != CUDA_SUCCESS) {
        free(made);
    }
    return cu;
}

/* With the objects lock. */
static CUresult enter_level(struct ex_session *x, struct ex_mipmap *mipmap, struct ex_array *made,
                            uint64_t *handle)
{
    if (vgpu_handles_mint(x->arrays.arrays, made, &made->handle) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->owner = mipmap;
    made->next_level = mipmap->first_level;
    mipmap->first_level = made;
    *handle = made->handle;
    return CUDA_SUCCESS;
}

/* With the arrays' lock: a level of a mipmapped array that lives. */
static CUresult file_level(struct ex_session *x, const struct vgpu_args_vgpuMipmapLevel *args,
                           struct ex_array *made, uint64_t *handle)
{
    struct ex_mipmap *mipmap = vgpu_handles_get(x->arrays.mipmaps, args->mipmap);
    CUresult cu;

    if (mipmap == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (args->level >= mipmap->levels) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = x->driver->cuMipmappedArrayGetLevel(&made->cu, mipmap->cu, args->level);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    made->shape = vgpu_mipmap_level(&mipmap->shape, args->level);
    (void)pthread_mutex_lock(&x->objects);
    cu = enter_level(x, mipmap, made, handle);
    (void)pthread_mutex_unlock(&x->objects);
    return cu;
}

CUresult ex_do_vgpuMipmapLevel(struct ex_session *session,
                               const struct vgpu_args_vgpuMipmapLevel *args,
                               struct vgpu_ret_vgpuMipmapLevel *ret)
{
    struct ex_array *made = calloc(1, sizeof(*made));
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_lock(&session->arrays.lock);
    cu = file_level(session, args, made, &ret->array);
    (void)pthread_mutex_unlock(&session->arrays.lock);
    if (cu != CUDA_SUCCESS) {
        free(made);
    }
    return cu;
}

static struct ex_mipmap *take_mipmap(struct ex_session *x, uint64_t handle)
{
    struct ex_mipmap *mipmap;
    struct ex_array *next;

    (void)pthread_mutex_lock(&x->objects);
    mipmap = vgpu_handles_take(x->arrays.mipmaps, handle);
    for (struct ex_array *level = mipmap != NULL ? mipmap->first_level : NULL; level != NULL;
         level = next) {
        next = level->next_level;
        (void)vgpu_handles_take(x->arrays.arrays, level->handle);
        free(level);
    }
    (void)pthread_mutex_unlock(&x->objects);
    return mipmap;
}

CUresult ex_do_vgpuMipmapDestroy(struct ex_session *session,
                                 const struct vgpu_args_vgpuMipmapDestroy *args,
                                 struct vgpu_ret_vgpuMipmapDestroy *ret)
{
    CUresult cu = CUDA_ERROR_INVALID_HANDLE;
    struct ex_mipmap *mipmap;

    (void)ret;
    (void)pthread_mutex_lock(&session->arrays.lock);
    mipmap = take_mipmap(session, args->mipmap);
    if (mipmap != NULL) {
        cu = session->driver->cuMipmappedArrayDestroy(mipmap->cu);
        ex_memory_uncharge(session->memory, mipmap->charge);
        free(mipmap);
    }
    (void)pthread_mutex_unlock(&session->arrays.lock);
    return cu;
}
