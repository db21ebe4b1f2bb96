/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/array.h"

#include <stdlib.h>

#include "executor/sim/context.h"
#include "executor/sim/engine.h"
#include "executor/sim/handle.h"

/* Mipmapped arrays: each level is an array, which ends with them. */

static CUmipmappedArray mipmaps;

static CUDA_ARRAY3D_DESCRIPTOR level_shape(const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned level)
{
    CUDA_ARRAY3D_DESCRIPTOR out = *shape;

    out.Width = array_side(shape->Width >> level);
    out.Height = shape->Height == 0 ? 0 : array_side(shape->Height >> level);
    if (!array_layered(shape)) {
        out.Depth = shape->Depth == 0 ? 0 : array_side(shape->Depth >> level);
    }
    return out;
}

/* From 1 to as many as it takes to come to one element. */
static unsigned level_count(const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned wanted)
{
    size_t side = shape->Width > shape->Height ? shape->Width : shape->Height;
    unsigned most = 1;

    if (!array_layered(shape) && shape->Depth > side) {
        side = shape->Depth;
    }
    for (; side > 1; side >>= 1) {
        most++;
    }
    return wanted == 0 ? 1 : wanted < most ? wanted : most;
}

static void end_levels(CUmipmappedArray mipmap, unsigned count)
{
    while (count > 0) {
        array_unback(&mipmap->level[--count]);
    }
}

static CUresult create_levels(CUmipmappedArray mipmap)
{
    for (unsigned i = 0; i < mipmap->levels; i++) {
        struct CUarray_st *level = &mipmap->level[i];
        CUresult cu;

        level->shape = level_shape(&mipmap->shape, i);
        level->ctx = mipmap->ctx;
        level->owner = mipmap;
        cu = array_back(level);
        if (cu != CUDA_SUCCESS) {
            end_levels(mipmap, i);
            return cu;
        }
    }
    return CUDA_SUCCESS;
}

static CUresult create(CUcontext ctx, CUmipmappedArray *handle,
                       const CUDA_ARRAY3D_DESCRIPTOR *shape, unsigned levels)
{
    CUresult cu = handle == NULL ? CUDA_ERROR_INVALID_VALUE : array_shape_check(shape, true);
    CUmipmappedArray mipmap;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    mipmap = calloc(1, sizeof(*mipmap));
    if (mipmap == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    mipmap->shape = *shape;
    mipmap->ctx = ctx;
    mipmap->levels = level_count(shape, levels);
    cu = create_levels(mipmap);
    if (cu == CUDA_SUCCESS && handle_add(HANDLE_MIPMAP, mipmap) != 0) {
        end_levels(mipmap, mipmap->levels);
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        free(mipmap);
        return cu;
    }
    mipmap->next = mipmaps;
    mipmaps = mipmap;
    *handle = mipmap;
    return CUDA_SUCCESS;
}

CUresult cuMipmappedArrayCreate(CUmipmappedArray *pHandle,
                                const CUDA_ARRAY3D_DESCRIPTOR *pMipmappedArrayDesc,
                                unsigned int numMipmapLevels)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu
                              : sim_end(create(ctx, pHandle, pMipmappedArrayDesc, numMipmapLevels));
}

static void end(CUmipmappedArray mipmap)
{
    CUmipmappedArray *link = &mipmaps;

    while (*link != mipmap) {
        link = &(*link)->next;
    }
    *link = mipmap->next;
    handle_del(mipmap);
    end_levels(mipmap, mipmap->levels);
    free(mipmap);
}

static CUresult destroy(CUmipmappedArray mipmap)
{
    CUresult cu;

    if (!handle_ok(HANDLE_MIPMAP, mipmap)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = engine_wait_all(true);
    if (cu == CUDA_SUCCESS && handle_ok(HANDLE_MIPMAP, mipmap)) {
        end(mipmap);
    }
    return cu;
}

CUresult cuMipmappedArrayDestroy(CUmipmappedArray hMipmappedArray)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(destroy(hMipmappedArray));
}

void mipmap_free_all(CUcontext ctx)
{
    for (CUmipmappedArray at = mipmaps; at != NULL;) {
        CUmipmappedArray next = at->next;

        if (at->ctx == ctx) {
            end(at);
        }
        at = next;
    }
}

static CUresult get_level(CUarray *out, CUmipmappedArray mipmap, unsigned level)
{
    if (!handle_ok(HANDLE_MIPMAP, mipmap)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (out == NULL || level >= mipmap->levels) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *out = &mipmap->level[level];
    return CUDA_SUCCESS;
}

CUresult cuMipmappedArrayGetLevel(CUarray *pLevelArray, CUmipmappedArray hMipmappedArray,
                                  unsigned int level)
{
    CUcontext ctx;
    CUresult cu =
        hMipmappedArray == NULL ? CUDA_ERROR_INVALID_HANDLE : sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(get_level(pLevelArray, hMipmappedArray, level));
}
