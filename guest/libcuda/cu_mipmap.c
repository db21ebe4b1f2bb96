/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/array.h"
#include "guest/libcuda/context.h"

/* So many levels until every side is 1; more of them are as many, none is one, as native. */
static uint32_t levels_of(const CUDA_ARRAY3D_DESCRIPTOR *shape, uint32_t wanted)
{
    size_t side = shape->Width > shape->Height ? shape->Width : shape->Height;
    uint32_t levels = 1;

    if ((shape->Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP)) == 0 &&
        shape->Depth > side) {
        side = shape->Depth;
    }
    while (side >> levels != 0 && levels < GS_LEVELS_MAX) {
        levels++;
    }
    levels = wanted < levels ? wanted : levels;
    return levels > 0 ? levels : 1;
}

CUresult gs_cuMipmappedArrayCreate(CUmipmappedArray *pHandle,
                                   const CUDA_ARRAY3D_DESCRIPTOR *pMipmappedArrayDesc,
                                   unsigned int numMipmapLevels)
{
    struct gs_mipmap *mipmap;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pHandle == NULL || pMipmappedArrayDesc == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_array_check(pMipmappedArrayDesc);
    if (cu == CUDA_SUCCESS) {
        cu = gs_mipmap_new(&call, pMipmappedArrayDesc,
                           levels_of(pMipmappedArrayDesc, numMipmapLevels), &mipmap);
    }
    if (cu == CUDA_SUCCESS) {
        *pHandle = gs_mipmap_handle(mipmap);
    }
    return cu;
}

CUresult gs_cuMipmappedArrayDestroy(CUmipmappedArray hMipmappedArray)
{
    struct gs_mipmap *mipmap;
    CUresult cu = gs_mipmap_find(hMipmappedArray, &mipmap);

    return cu == CUDA_SUCCESS ? gs_mipmap_destroy(mipmap) : cu;
}

CUresult gs_cuMipmappedArrayGetLevel(CUarray *pLevelArray, CUmipmappedArray hMipmappedArray,
                                     unsigned int level)
{
    struct gs_mipmap *mipmap;
    struct gs_array *array;
    CUresult cu;

    if (hMipmappedArray == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* even before cuInit: measured */
    }
    cu = gs_mipmap_find(hMipmappedArray, &mipmap);
    if (cu == CUDA_SUCCESS && (pLevelArray == NULL || level >= mipmap->levels)) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_mipmap_level(mipmap, level, &array);
    }
    if (cu == CUDA_SUCCESS) {
        *pLevelArray = gs_array_handle(array);
    }
    return cu;
}

/* Without sparse arrays and deferred mapping these are asked in vain.  NULL is seen before cuInit:
 * measured. */
static CUresult none_of_mipmap(CUmipmappedArray handle)
{
    struct gs_mipmap *mipmap;
    CUresult cu = gs_mipmap_find(handle, &mipmap);

    return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
}

CUresult
gs_cuMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *memoryRequirements,
                                         CUmipmappedArray mipmap, CUdevice device)
{
    (void)memoryRequirements;
    (void)device;
    return mipmap != NULL ? none_of_mipmap(mipmap) : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuMipmappedArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *sparseProperties,
                                                CUmipmappedArray mipmap)
{
    (void)sparseProperties;
    return mipmap != NULL ? none_of_mipmap(mipmap) : CUDA_ERROR_INVALID_VALUE;
}
