/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "common/overflow.h"
#include "guest/libcuda/array.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/texture.h"
#include "proto/array_format.h"

/* Memory that the device reads through a texture must be the session's. */
static CUresult check_memory(struct gs_session *s, uint64_t *address, uint64_t bytes)
{
    enum gs_place place = gs_place_of(s, address, bytes, false);

    return place == GS_PLACE_DEVICE || place == GS_PLACE_PINNED ? CUDA_SUCCESS
                                                                : CUDA_ERROR_INVALID_VALUE;
}

static CUresult of_array(struct gs_session *s, CUarray handle, uint64_t *object)
{
    struct gs_array *array;

    if (gs_array_find(handle, &array) != CUDA_SUCCESS || array->session != s) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *object = array->wire;
    return CUDA_SUCCESS;
}

static CUresult of_mipmap(struct gs_session *s, CUmipmappedArray handle, uint64_t *object)
{
    struct gs_mipmap *mipmap;

    if (gs_mipmap_find(handle, &mipmap) != CUDA_SUCCESS || mipmap->session != s) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *object = mipmap->wire;
    return CUDA_SUCCESS;
}

static CUresult of_linear(struct gs_session *s, const CUDA_RESOURCE_DESC *res,
                          struct vgpu_args_vgpuTextureCreate *args)
{
    args->object = res->res.linear.devPtr;
    args->width = res->res.linear.sizeInBytes;
    args->format = (uint32_t)res->res.linear.format;
    args->channels = res->res.linear.numChannels;
    if (vgpu_element_bytes(args->format, args->channels) == 0 || args->width == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return check_memory(s, &args->object, args->width);
}

static CUresult of_pitch(struct gs_session *s, const CUDA_RESOURCE_DESC *res,
                         struct vgpu_args_vgpuTextureCreate *args)
{
    uint64_t row;
    uint64_t span;

    args->object = res->res.pitch2D.devPtr;
    args->width = res->res.pitch2D.width;
    args->height = res->res.pitch2D.height;
    args->pitch = res->res.pitch2D.pitchInBytes;
    args->format = (uint32_t)res->res.pitch2D.format;
    args->channels = res->res.pitch2D.numChannels;
    if (vgpu_element_bytes(args->format, args->channels) == 0 || args->width == 0 ||
        args->height == 0 ||
        !vgpu_u64_mul(args->width, vgpu_element_bytes(args->format, args->channels), &row) ||
        !vgpu_u64_mul(args->height - 1, args->pitch, &span) ||
        !vgpu_u64_add(span, row < args->pitch ? row : args->pitch, &span)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return check_memory(s, &args->object, span);
}

static CUresult describe(struct gs_session *s, const CUDA_RESOURCE_DESC *res,
                         struct vgpu_args_vgpuTextureCreate *args)
{
    args->type = (uint32_t)res->resType;
    switch ((uint32_t)res->resType) {
    case CU_RESOURCE_TYPE_ARRAY:
        return of_array(s, res->res.array.hArray, &args->object);
    case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
        return of_mipmap(s, res->res.mipmap.hMipmappedArray, &args->object);
    case CU_RESOURCE_TYPE_LINEAR:
        return of_linear(s, res, args);
    case CU_RESOURCE_TYPE_PITCH2D:
        return of_pitch(s, res, args);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

static bool in_range(const CUDA_TEXTURE_DESC *texture)
{
    for (unsigned int i = 0; i < 3; i++) {
        if ((uint32_t)texture->addressMode[i] > CU_TR_ADDRESS_MODE_BORDER) {
            return false;
        }
    }
    return (uint32_t)texture->filterMode <= CU_TR_FILTER_MODE_LINEAR &&
           (uint32_t)texture->mipmapFilterMode <= CU_TR_FILTER_MODE_LINEAR;
}

CUresult gs_cuTexObjectCreate(CUtexObject *pTexObject, const CUDA_RESOURCE_DESC *pResDesc,
                              const CUDA_TEXTURE_DESC *pTexDesc,
                              const CUDA_RESOURCE_VIEW_DESC *pResViewDesc)
{
    struct vgpu_args_vgpuTextureCreate args = {
        .texture = (const uint8_t *)pTexDesc,
        .texture_len = sizeof(*pTexDesc),
        .view = (const uint8_t *)pResViewDesc,
        .view_len = pResViewDesc != NULL ? sizeof(*pResViewDesc) : 0,
    };
    struct gs_texture texture = {.has_view = pResViewDesc != NULL};
    struct vgpu_ret_vgpuTextureCreate ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pTexObject == NULL || pResDesc == NULL || pTexDesc == NULL || pResDesc->flags != 0 ||
        !in_range(pTexDesc)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = describe(call.session, pResDesc, &args);
    if (cu == CUDA_SUCCESS) {
        cu = gs_call_vgpuTextureCreate(call.session, &args, &ret);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    texture.value = ret.texture;
    texture.context = call.context;
    texture.resource = *pResDesc;
    texture.texture = *pTexDesc;
    if (pResViewDesc != NULL) {
        texture.view = *pResViewDesc;
    }
    if (gs_textures_add(&call.session->textures, &texture) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *pTexObject = texture.value;
    return CUDA_SUCCESS;
}

/* What an object of the current context's device is made of. */
static CUresult find(uint64_t value, struct gs_call *call, struct gs_texture *texture)
{
    CUresult cu = gs_enter(call);

    if (cu == CUDA_SUCCESS && !gs_textures_find(&call->session->textures, false, value, texture)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu;
}

CUresult gs_cuTexObjectDestroy(CUtexObject texObject)
{
    struct vgpu_args_vgpuTextureDestroy args = {.texture = texObject};
    struct vgpu_ret_vgpuTextureDestroy ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && !gs_textures_take(&call.session->textures, false, texObject)) {
        return CUDA_SUCCESS; /* nothing is there to end: measured */
    }
    return cu == CUDA_SUCCESS ? gs_call_vgpuTextureDestroy(call.session, &args, &ret) : cu;
}

CUresult gs_cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *pResDesc, CUtexObject texObject)
{
    struct gs_texture texture;
    struct gs_call call;
    CUresult cu = find(texObject, &call, &texture);

    if (cu == CUDA_SUCCESS && pResDesc == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pResDesc = texture.resource;
    }
    return cu;
}

CUresult gs_cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *pTexDesc, CUtexObject texObject)
{
    struct gs_texture texture;
    struct gs_call call;
    CUresult cu = find(texObject, &call, &texture);

    if (cu == CUDA_SUCCESS && pTexDesc == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pTexDesc = texture.texture;
    }
    return cu;
}

CUresult gs_cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *pResViewDesc,
                                           CUtexObject texObject)
{
    struct gs_texture texture;
    struct gs_call call;
    CUresult cu = find(texObject, &call, &texture);

    if (cu == CUDA_SUCCESS && (pResViewDesc == NULL || !texture.has_view)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pResViewDesc = texture.view;
    }
    return cu;
}

/* The device says one number for all elements. */
CUresult gs_cuDeviceGetTexture1DLinearMaxWidth(size_t *maxWidthInElements, CUarray_format format,
                                               unsigned int numChannels, CUdevice dev)
{
    const struct gs_device *device = gs_device_find(dev);
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (maxWidthInElements == NULL || vgpu_element_bytes((uint32_t)format, numChannels) == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (device == NULL) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    *maxWidthInElements =
        (size_t)gs_device_attribute(device, CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH, 0);
    return CUDA_SUCCESS;
}
