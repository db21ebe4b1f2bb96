/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/texture.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/handle.h"

#define FLAGS_NOT_SIMULATED (CU_TRSF_SRGB | CU_TRSF_SEAMLESS_CUBEMAP)
#define FLAGS_KNOWN                                                                                \
    (CU_TRSF_READ_AS_INTEGER | CU_TRSF_NORMALIZED_COORDINATES |                                    \
     CU_TRSF_DISABLE_TRILINEAR_OPTIMIZATION | FLAGS_NOT_SIMULATED)

static CUresult check_how(const CUDA_TEXTURE_DESC *how)
{
    for (int k = 0; k < 3; k++) {
        if ((unsigned)how->addressMode[k] > CU_TR_ADDRESS_MODE_BORDER) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if ((unsigned)how->filterMode > CU_TR_FILTER_MODE_LINEAR ||
        (unsigned)how->mipmapFilterMode > CU_TR_FILTER_MODE_LINEAR ||
        (how->flags & ~(unsigned)FLAGS_KNOWN) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((how->flags & FLAGS_NOT_SIMULATED) != 0) {
        sim_log("textures with flags 0x%x cannot be simulated", how->flags);
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return CUDA_SUCCESS;
}

/* Takes the object, whatever comes of it. */
static CUresult file(struct sim_texture *x, unsigned long long *value)
{
    CUresult cu = texture_describe(x);

    /* Integers cannot be filtered; of linear memory no filter is asked. */
    if (cu == CUDA_SUCCESS && !x->surface && !x->format.real &&
        x->how.filterMode == CU_TR_FILTER_MODE_LINEAR &&
        x->resource.resType != CU_RESOURCE_TYPE_LINEAR) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && texture_add(x) != 0) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(x);
        return cu;
    }
    *value = x->value;
    return CUDA_SUCCESS;
}

static CUresult create(CUcontext ctx, CUtexObject *value, const CUDA_RESOURCE_DESC *resource,
                       const CUDA_TEXTURE_DESC *how, const CUDA_RESOURCE_VIEW_DESC *view)
{
    struct sim_texture *x;
    CUresult cu;

    if (value == NULL || resource == NULL || how == NULL || resource->flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = check_how(how);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    x = calloc(1, sizeof(*x));
    if (x == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    x->ctx = ctx;
    x->resource = *resource;
    x->how = *how;
    x->has_view = view != NULL;
    if (view != NULL) {
        x->view = *view;
    }
    return file(x, value);
}

CUresult cuTexObjectCreate(CUtexObject *pTexObject, const CUDA_RESOURCE_DESC *pResDesc,
                           const CUDA_TEXTURE_DESC *pTexDesc,
                           const CUDA_RESOURCE_VIEW_DESC *pResViewDesc)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu
                              : sim_end(create(ctx, pTexObject, pResDesc, pTexDesc, pResViewDesc));
}

static CUresult end(unsigned long long value, bool surface)
{
    struct sim_texture *x = texture_find(value, surface);

    if (x != NULL) { /* else there is nothing to end */
        texture_end(x);
    }
    return CUDA_SUCCESS;
}

CUresult cuTexObjectDestroy(CUtexObject texObject)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(end(texObject, false));
}

static CUresult create_surface(CUcontext ctx, CUsurfObject *value,
                               const CUDA_RESOURCE_DESC *resource)
{
    struct sim_texture *x;

    if (value == NULL || resource == NULL || resource->resType != CU_RESOURCE_TYPE_ARRAY ||
        resource->flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!handle_ok(HANDLE_ARRAY, resource->res.array.hArray)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if ((resource->res.array.hArray->shape.Flags & CUDA_ARRAY3D_SURFACE_LDST) == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    x = calloc(1, sizeof(*x));
    if (x == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    x->ctx = ctx;
    x->surface = true;
    x->resource = *resource;
    return file(x, value);
}

CUresult cuSurfObjectCreate(CUsurfObject *pSurfObject, const CUDA_RESOURCE_DESC *pResDesc)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(create_surface(ctx, pSurfObject, pResDesc));
}

CUresult cuSurfObjectDestroy(CUsurfObject surfObject)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(end(surfObject, true));
}

/* Part of what an object was made with. */
static CUresult query(const char *call, unsigned long long value, bool surface, void *out,
                      size_t offset, size_t size)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);
    const struct sim_texture *x;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    x = texture_find(value, surface);
    if (out == NULL || x == NULL ||
        (offset == offsetof(struct sim_texture, view) && !x->has_view)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    memcpy(out, (const char *)x + offset, size);
    return sim_end(CUDA_SUCCESS);
}

CUresult cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *pResDesc, CUtexObject texObject)
{
    return query(__func__, texObject, false, pResDesc, offsetof(struct sim_texture, resource),
                 sizeof(*pResDesc));
}

CUresult cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *pTexDesc, CUtexObject texObject)
{
    return query(__func__, texObject, false, pTexDesc, offsetof(struct sim_texture, how),
                 sizeof(*pTexDesc));
}

CUresult cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *pResViewDesc,
                                        CUtexObject texObject)
{
    return query(__func__, texObject, false, pResViewDesc, offsetof(struct sim_texture, view),
                 sizeof(*pResViewDesc));
}

CUresult cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *pResDesc, CUsurfObject surfObject)
{
    return query(__func__, surfObject, true, pResDesc, offsetof(struct sim_texture, resource),
                 sizeof(*pResDesc));
}
