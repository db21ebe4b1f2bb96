/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/array.h"

#include <stdlib.h>

#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "proto/mipmap.h"

CUresult gs_mipmap_find(CUmipmappedArray handle, struct gs_mipmap **mipmap)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_MIPMAP);
    *mipmap = s != NULL ? vgpu_handles_get(s->mipmaps, gs_handle_wire(value)) : NULL;
    return *mipmap != NULL ? gs_session_error(s) : CUDA_ERROR_INVALID_HANDLE;
}

CUmipmappedArray gs_mipmap_handle(const struct gs_mipmap *mipmap)
{
    return (CUmipmappedArray)(uintptr_t)gs_handle_public(mipmap->session, mipmap->wire);
}

static CUresult ask_mipmap(struct gs_session *s, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                           uint32_t levels, uint64_t *wire)
{
    struct vgpu_args_vgpuMipmapCreate args = {
        .width = shape->Width,
        .height = shape->Height,
        .depth = shape->Depth,
        .format = (uint32_t)shape->Format,
        .channels = shape->NumChannels,
        .flags = shape->Flags,
        .levels = levels,
    };
    struct vgpu_ret_vgpuMipmapCreate ret;
    CUresult cu = gs_call_vgpuMipmapCreate(s, &args, &ret);

    if (cu == CUDA_ERROR_OUT_OF_MEMORY && gs_device_memory_trim(s)) {
        cu = gs_call_vgpuMipmapCreate(s, &args, &ret);
    }
    *wire = cu == CUDA_SUCCESS ? ret.mipmap : 0;
    return cu;
}

static CUresult give_mipmap_back(struct gs_session *s, uint64_t wire)
{
    struct vgpu_args_vgpuMipmapDestroy args = {.mipmap = wire};
    struct vgpu_ret_vgpuMipmapDestroy ret;

    return gs_call_vgpuMipmapDestroy(s, &args, &ret);
}

CUresult gs_mipmap_new(const struct gs_call *call, const CUDA_ARRAY3D_DESCRIPTOR *shape,
                       uint32_t levels, struct gs_mipmap **mipmap)
{
    struct gs_mipmap *made = calloc(1, sizeof(*made));
    struct gs_session *s = call->session;
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    made->session = s;
    made->context = call->context;
    made->shape = *shape;
    made->levels = levels;
    cu = ask_mipmap(s, shape, levels, &made->wire);
    if (cu == CUDA_SUCCESS && vgpu_handles_accept(s->mipmaps, made->wire, made) != 0) {
        (void)give_mipmap_back(s, made->wire);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    *mipmap = made;
    return CUDA_SUCCESS;
}

static CUresult new_level(struct gs_mipmap *mipmap, uint32_t level)
{
    struct vgpu_args_vgpuMipmapLevel args = {.mipmap = mipmap->wire, .level = level};
    struct gs_array *made = calloc(1, sizeof(*made));
    struct gs_session *s = mipmap->session;
    struct vgpu_ret_vgpuMipmapLevel ret;
    CUresult cu;

    if (made == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_call_vgpuMipmapLevel(s, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        *made = (struct gs_array){.session = s,
                                  .context = mipmap->context,
                                  .wire = ret.array,
                                  .shape = vgpu_mipmap_level(&mipmap->shape, level),
                                  .owner = mipmap};
        cu = vgpu_handles_accept(s->arrays, made->wire, made) == 0 ? CUDA_SUCCESS
                                                                   : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(made);
        return cu;
    }
    mipmap->level[level] = made;
    return CUDA_SUCCESS;
}

CUresult gs_mipmap_level(struct gs_mipmap *mipmap, uint32_t level, struct gs_array **array)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    CUresult cu = CUDA_SUCCESS;

    (void)pthread_mutex_lock(&lock);
    if (mipmap->level[level] == NULL) {
        cu = new_level(mipmap, level);
    }
    *array = mipmap->level[level];
    (void)pthread_mutex_unlock(&lock);
    return cu;
}

void gs_mipmap_free(struct gs_mipmap *mipmap)
{
    for (uint32_t i = 0; i < GS_LEVELS_MAX; i++) {
        if (mipmap->level[i] != NULL) {
            (void)vgpu_handles_take(mipmap->session->arrays, mipmap->level[i]->wire);
            free(mipmap->level[i]);
        }
    }
    free(mipmap);
}

/* Out of the tables first: another thread may be given the same handles as soon as the worker has
 * let go of them. */
CUresult gs_mipmap_destroy(struct gs_mipmap *mipmap)
{
    struct gs_session *s = mipmap->session;
    uint64_t wire = mipmap->wire;
    CUresult cu = gs_settle(s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (vgpu_handles_take(s->mipmaps, wire) == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    gs_mipmap_free(mipmap);
    return give_mipmap_back(s, wire);
}
