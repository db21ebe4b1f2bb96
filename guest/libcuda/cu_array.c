/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/array.h"
#include "guest/libcuda/context.h"
#include "proto/array_format.h"

CUresult gs_array_check(const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    if (shape->Width == 0 ||
        (shape->NumChannels != 1 && shape->NumChannels != 2 && shape->NumChannels != 4)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (vgpu_channel_bytes((uint32_t)shape->Format) == 0 ||
        (shape->Flags & (CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING)) != 0) {
        /* Planar and compressed formats, and arrays without memory of their own. */
        return (uint32_t)shape->Format >= CU_AD_FORMAT_FLOAT || shape->Flags != 0
                   ? CUDA_ERROR_NOT_SUPPORTED
                   : CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

static CUresult create(CUarray *pHandle, const CUDA_ARRAY3D_DESCRIPTOR *shape)
{
    struct gs_array *array;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pHandle == NULL || shape == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_array_check(shape);
    if (cu == CUDA_SUCCESS) {
        cu = gs_array_new(&call, shape, &array);
    }
    if (cu == CUDA_SUCCESS) {
        *pHandle = gs_array_handle(array);
    }
    return cu;
}

CUresult gs_cuArray3DCreate_v2(CUarray *pHandle, const CUDA_ARRAY3D_DESCRIPTOR *pAllocateArray)
{
    return create(pHandle, pAllocateArray);
}

CUresult gs_cuArrayCreate_v2(CUarray *pHandle, const CUDA_ARRAY_DESCRIPTOR *pAllocateArray)
{
    CUDA_ARRAY3D_DESCRIPTOR shape = {.Width = 0};

    if (pAllocateArray == NULL) {
        return create(pHandle, NULL);
    }
    shape.Width = pAllocateArray->Width;
    shape.Height = pAllocateArray->Height;
    shape.Format = pAllocateArray->Format;
    shape.NumChannels = pAllocateArray->NumChannels;
    return create(pHandle, &shape);
}

CUresult gs_cuArrayDestroy(CUarray hArray)
{
    struct gs_array *array;
    CUresult cu = gs_array_find(hArray, &array);

    if (cu == CUDA_SUCCESS && array->owner != NULL) {
        cu = CUDA_ERROR_INVALID_HANDLE; /* it ends with its mipmapped array */
    }
    return cu == CUDA_SUCCESS ? gs_array_destroy(array) : cu;
}

CUresult gs_cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *pArrayDescriptor, CUarray hArray)
{
    struct gs_array *array;
    CUresult cu;

    if (hArray == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* even before cuInit: measured */
    }
    cu = gs_array_find(hArray, &array);
    if (cu == CUDA_SUCCESS && pArrayDescriptor == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pArrayDescriptor = array->shape;
    }
    return cu;
}

CUresult gs_cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *pArrayDescriptor, CUarray hArray)
{
    struct gs_array *array;
    CUresult cu;

    if (hArray == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* even before cuInit: measured */
    }
    cu = gs_array_find(hArray, &array);
    if (cu == CUDA_SUCCESS && pArrayDescriptor == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pArrayDescriptor = (CUDA_ARRAY_DESCRIPTOR){
            .Width = array->shape.Width,
            .Height = array->shape.Height,
            .Format = array->shape.Format,
            .NumChannels = array->shape.NumChannels,
        };
    }
    return cu;
}

/* The calls that ask for what no array here has answer as native does of such an array.  They
 * look for NULL before they look for cuInit, with different codes: measured. */
static CUresult none_of(CUarray handle)
{
    struct gs_array *array;
    CUresult cu = gs_array_find(handle, &array);

    return cu == CUDA_SUCCESS ? CUDA_ERROR_INVALID_VALUE : cu;
}

CUresult gs_cuArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *memoryRequirements,
                                         CUarray array, CUdevice device)
{
    (void)memoryRequirements;
    (void)device;
    return array != NULL ? none_of(array) : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *sparseProperties,
                                       CUarray array)
{
    (void)sparseProperties;
    return array != NULL ? none_of(array) : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuArrayGetPlane(CUarray *pPlaneArray, CUarray hArray, unsigned int planeIdx)
{
    (void)pPlaneArray;
    (void)planeIdx;
    return hArray != NULL ? none_of(hArray) : CUDA_ERROR_INVALID_HANDLE;
}
