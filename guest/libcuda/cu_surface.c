/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/array.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/texture.h"

static CUresult of_array(struct gs_session *s, CUarray handle, uint64_t *object)
{
    struct gs_array *array;

    if (gs_array_find(handle, &array) != CUDA_SUCCESS || array->session != s) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *object = array->wire;
    return CUDA_SUCCESS;
}

CUresult gs_cuSurfObjectCreate(CUsurfObject *pSurfObject, const CUDA_RESOURCE_DESC *pResDesc)
{
    struct gs_texture surface = {.surface = true};
    struct vgpu_args_vgpuSurfaceCreate args;
    struct vgpu_ret_vgpuSurfaceCreate ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pSurfObject == NULL || pResDesc == NULL || pResDesc->flags != 0 ||
        pResDesc->resType != CU_RESOURCE_TYPE_ARRAY) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = of_array(call.session, pResDesc->res.array.hArray, &args.array);
    if (cu == CUDA_SUCCESS) {
        cu = gs_call_vgpuSurfaceCreate(call.session, &args, &ret);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    surface.value = ret.surface;
    surface.context = call.context;
    surface.resource = *pResDesc;
    if (gs_textures_add(&call.session->textures, &surface) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *pSurfObject = surface.value;
    return CUDA_SUCCESS;
}

static CUresult find(uint64_t value, struct gs_call *call, struct gs_texture *texture)
{
    CUresult cu = gs_enter(call);

    if (cu == CUDA_SUCCESS && !gs_textures_find(&call->session->textures, true, value, texture)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    return cu;
}

CUresult gs_cuSurfObjectDestroy(CUsurfObject surfObject)
{
    struct vgpu_args_vgpuSurfaceDestroy args = {.surface = surfObject};
    struct vgpu_ret_vgpuSurfaceDestroy ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && !gs_textures_take(&call.session->textures, true, surfObject)) {
        return CUDA_SUCCESS; /* nothing is there to end: measured */
    }
    return cu == CUDA_SUCCESS ? gs_call_vgpuSurfaceDestroy(call.session, &args, &ret) : cu;
}

CUresult gs_cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *pResDesc, CUsurfObject surfObject)
{
    struct gs_texture surface;
    struct gs_call call;
    CUresult cu = find(surfObject, &call, &surface);

    if (cu == CUDA_SUCCESS && pResDesc == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pResDesc = surface.resource;
    }
    return cu;
}
