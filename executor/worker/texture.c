/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/overflow.h"
#include "executor/worker/session.h"
#include "proto/array_format.h"

/*
 * Texture and surface objects.  Kernels use the driver's own values, so the guest knows them by
 * these; which ones are this session's is written down here.
 */

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static bool file(struct ex_session *x, void **tree, uint64_t value)
{
    uint64_t *node = malloc(sizeof(*node));
    bool filed = false;

    if (node == NULL) {
        return false;
    }
    *node = value;
    (void)pthread_mutex_lock(&x->objects);
    if (x->arrays.objects < VGPU_TEXTURES_MAX) {
        uint64_t **place = tsearch(node, tree, by_value);

        filed = place != NULL && *place == node;
        x->arrays.objects += filed;
    }
    (void)pthread_mutex_unlock(&x->objects);
    if (!filed) {
        free(node);
    }
    return filed;
}

static bool take(struct ex_session *x, void **tree, uint64_t value)
{
    uint64_t **place;
    uint64_t *node = NULL;

    (void)pthread_mutex_lock(&x->objects);
    place = tfind(&value, tree, by_value);
    if (place != NULL) {
        node = *place;
        (void)tdelete(node, tree, by_value);
        x->arrays.objects--;
    }
    (void)pthread_mutex_unlock(&x->objects);
    free(node);
    return place != NULL;
}

/* The driver's array or mipmapped array of a handle, with the arrays' lock. */
static CUresult find_array(struct ex_session *x, uint64_t handle, CUarray *array)
{
    const struct ex_array *found = ex_array_find(x, handle);

    *array = found != NULL ? found->cu : NULL;
    return found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult find_mipmap(struct ex_session *x, uint64_t handle, CUmipmappedArray *mipmap)
{
    const struct ex_mipmap *found = vgpu_handles_get(x->arrays.mipmaps, handle);

    *mipmap = found != NULL ? found->cu : NULL;
    return found != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult describe_linear(struct ex_session *x,
                                const struct vgpu_args_vgpuTextureCreate *args,
                                CUDA_RESOURCE_DESC *res)
{
    if (vgpu_element_bytes(args->format, args->channels) == 0 || args->width == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    res->res.linear.devPtr = args->object;
    res->res.linear.format = (CUarray_format)args->format;
    res->res.linear.numChannels = args->channels;
    res->res.linear.sizeInBytes = args->width;
    return ex_check_device(x, args->object, args->width);
}

static CUresult describe_pitch(struct ex_session *x, const struct vgpu_args_vgpuTextureCreate *args,
                               CUDA_RESOURCE_DESC *res)
{
    uint64_t element = vgpu_element_bytes(args->format, args->channels);
    uint64_t row;
    uint64_t span;

    if (element == 0 || args->width == 0 || args->height == 0 ||
        !vgpu_u64_mul(args->width, element, &row) ||
        !vgpu_u64_mul(args->height - 1, args->pitch, &span) ||
        !vgpu_u64_add(span, row < args->pitch ? row : args->pitch, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    res->res.pitch2D.devPtr = args->object;
    res->res.pitch2D.format = (CUarray_format)args->format;
    res->res.pitch2D.numChannels = args->channels;
    res->res.pitch2D.width = args->width;
    res->res.pitch2D.height = args->height;
    res->res.pitch2D.pitchInBytes = args->pitch;
    return ex_check_device(x, args->object, span);
}

static CUresult describe(struct ex_session *x, const struct vgpu_args_vgpuTextureCreate *args,
                         CUDA_RESOURCE_DESC *res)
{
    res->resType = (CUresourcetype)args->type;
    switch (args->type) {
    case CU_RESOURCE_TYPE_ARRAY:
        return find_array(x, args->object, &res->res.array.hArray);
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        return find_mipmap(x, args->object, &res->res.mipmap.hMipmappedArray);
    case CU_RESOURCE_TYPE_LINEAR:
        return describe_linear(x, args, res);
    case CU_RESOURCE_TYPE_PITCH2D:
        return describe_pitch(x, args, res);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

/* The driver gets no enumeration out of its range. */
static bool is_fit(const CUDA_TEXTURE_DESC *texture, const CUDA_RESOURCE_VIEW_DESC *view)
{
    for (unsigned int i = 0; i < 3; i++) {
        if ((uint32_t)texture->addressMode[i] > CU_TR_ADDRESS_MODE_BORDER) {
            return false;
        }
    }
    return (uint32_t)texture->filterMode <= CU_TR_FILTER_MODE_LINEAR &&
           (uint32_t)texture->mipmapFilterMode <= CU_TR_FILTER_MODE_LINEAR &&
           (uint32_t)view->format <= CU_RES_VIEW_FORMAT_UNSIGNED_BC7;
}

static CUresult make_texture(struct ex_session *x, const struct vgpu_args_vgpuTextureCreate *args,
                             const CUDA_TEXTURE_DESC *texture, const CUDA_RESOURCE_VIEW_DESC *view,
                             CUtexObject *value)
{
    CUDA_RESOURCE_DESC res = {.flags = 0};
    CUresult cu = describe(x, args, &res);

    return cu == CUDA_SUCCESS ? x->driver->cuTexObjectCreate(value, &res, texture, view) : cu;
}

CUresult ex_do_vgpuTextureCreate(struct ex_session *session,
                                 const struct vgpu_args_vgpuTextureCreate *args,
                                 struct vgpu_ret_vgpuTextureCreate *ret)
{
    CUDA_RESOURCE_VIEW_DESC view = {.format = CU_RES_VIEW_FORMAT_NONE};
    CUDA_TEXTURE_DESC texture;
    CUtexObject value = 0;
    CUresult cu;

    if (args->texture_len != sizeof(texture) ||
        (args->view_len != 0 && args->view_len != sizeof(view))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(&texture, args->texture, sizeof(texture));
    if (args->view_len != 0) {
        memcpy(&view, args->view, sizeof(view));
    }
    if (!is_fit(&texture, &view)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)pthread_mutex_lock(&session->arrays.lock);
    cu = make_texture(session, args, &texture, args->view_len != 0 ? &view : NULL, &value);
    (void)pthread_mutex_unlock(&session->arrays.lock);
    if (cu == CUDA_SUCCESS && !file(session, &session->arrays.textures, value)) {
        (void)session->driver->cuTexObjectDestroy(value);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    ret->texture = value;
    return cu;
}

CUresult ex_do_vgpuTextureDestroy(struct ex_session *session,
                                  const struct vgpu_args_vgpuTextureDestroy *args,
                                  struct vgpu_ret_vgpuTextureDestroy *ret)
{
    (void)ret;
    return take(session, &session->arrays.textures, args->texture)
               ? session->driver->cuTexObjectDestroy(args->texture)
               : CUDA_ERROR_INVALID_VALUE;
}

CUresult ex_do_vgpuSurfaceCreate(struct ex_session *session,
                                 const struct vgpu_args_vgpuSurfaceCreate *args,
                                 struct vgpu_ret_vgpuSurfaceCreate *ret)
{
    CUDA_RESOURCE_DESC res = {.resType = CU_RESOURCE_TYPE_ARRAY};
    CUsurfObject value = 0;
    CUresult cu;

    (void)pthread_mutex_lock(&session->arrays.lock);
    cu = find_array(session, args->array, &res.res.array.hArray);
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuSurfObjectCreate(&value, &res);
    }
    (void)pthread_mutex_unlock(&session->arrays.lock);
    if (cu == CUDA_SUCCESS && !file(session, &session->arrays.surfaces, value)) {
        (void)session->driver->cuSurfObjectDestroy(value);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    ret->surface = value;
    return cu;
}

CUresult ex_do_vgpuSurfaceDestroy(struct ex_session *session,
                                  const struct vgpu_args_vgpuSurfaceDestroy *args,
                                  struct vgpu_ret_vgpuSurfaceDestroy *ret)
{
    (void)ret;
    return take(session, &session->arrays.surfaces, args->surface)
               ? session->driver->cuSurfObjectDestroy(args->surface)
               : CUDA_ERROR_INVALID_VALUE;
}
