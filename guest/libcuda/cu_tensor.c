/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdbool.h>
#include <string.h>

#include "guest/libcuda/context.h"
#include "guest/libcuda/tensor_map.h"
#include "proto/tensor.h"

/* What all of them say; `shape` is sent with it. */
struct question {
    struct vgpu_args_vgpuTensorMap args;
    struct vgpu_tensor_shape shape;
};

/* The driver reads arrays of the rank's length, so the rank is looked at first. */
static CUresult begin(const CUtensorMap *map, cuuint32_t rank, cuuint32_t least)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (map == NULL || (uintptr_t)map % 64 != 0 || rank < least || rank > VGPU_TENSOR_RANK_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

static bool take(void *to, const void *from, size_t count, size_t size)
{
    if (from != NULL && count > 0) {
        memcpy(to, from, count * size);
    }
    return from != NULL || count == 0;
}

static bool take_common(struct question *q, cuuint32_t rank, const cuuint64_t *dims,
                        const cuuint64_t *strides, const cuuint32_t *element_strides)
{
    q->args.rank = rank;
    return take(q->shape.dims, dims, rank, sizeof(*dims)) &&
           take(q->shape.strides, strides, rank - 1, sizeof(*strides)) &&
           take(q->shape.element_strides, element_strides, rank, sizeof(*element_strides));
}

/* The driver's answer, which is kept. */
static CUresult ask(struct gs_session *s, const struct question *q, const struct gs_tensor_key *key,
                    CUtensorMap *map)
{
    struct vgpu_ret_vgpuTensorMap ret;
    CUresult cu = gs_call_vgpuTensorMap(s, &q->args, &ret);

    if (cu == CUDA_SUCCESS && ret.map_len != sizeof(*map)) {
        cu = CUDA_ERROR_LAUNCH_FAILED;
    }
    if (cu == CUDA_SUCCESS) {
        memcpy(map, ret.map, sizeof(*map));
        gs_tensor_keep(key, map);
    }
    return cu;
}

static CUresult make(struct question *q, const void *address, CUtensorMap *map)
{
    struct gs_tensor_key key;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    q->args.address = (uint64_t)(uintptr_t)address;
    q->args.shape = (const uint8_t *)&q->shape;
    q->args.shape_len = sizeof(q->shape);
    gs_tensor_key(call.session, &q->args, &key);
    return gs_tensor_find(&key, map) ? CUDA_SUCCESS : ask(call.session, q, &key, map);
}

CUresult gs_cuTensorMapEncodeTiled(CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType,
                                   cuuint32_t tensorRank, void *globalAddress,
                                   const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
                                   const cuuint32_t *boxDim, const cuuint32_t *elementStrides,
                                   CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                   CUtensorMapL2promotion l2Promotion,
                                   CUtensorMapFloatOOBfill oobFill)
{
    struct question q = {.args = {.kind = VGPU_TENSOR_TILED,
                                  .data_type = (uint32_t)tensorDataType,
                                  .interleave = (uint32_t)interleave,
                                  .swizzle = (uint32_t)swizzle,
                                  .promotion = (uint32_t)l2Promotion,
                                  .fill = (uint32_t)oobFill}};
    CUresult cu = begin(tensorMap, tensorRank, 1);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!take_common(&q, tensorRank, globalDim, globalStrides, elementStrides) ||
        !take(q.shape.box, boxDim, tensorRank, sizeof(*boxDim))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return make(&q, globalAddress, tensorMap);
}

CUresult gs_cuTensorMapEncodeIm2col(
    CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType, cuuint32_t tensorRank,
    void *globalAddress, const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
    const int *pixelBoxLowerCorner, const int *pixelBoxUpperCorner, cuuint32_t channelsPerPixel,
    cuuint32_t pixelsPerColumn, const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
    CUtensorMapSwizzle swizzle, CUtensorMapL2promotion l2Promotion, CUtensorMapFloatOOBfill oobFill)
{
    struct question q = {.args = {.kind = VGPU_TENSOR_IM2COL,
                                  .data_type = (uint32_t)tensorDataType,
                                  .interleave = (uint32_t)interleave,
                                  .swizzle = (uint32_t)swizzle,
                                  .promotion = (uint32_t)l2Promotion,
                                  .fill = (uint32_t)oobFill},
                         .shape = {.channels = channelsPerPixel, .pixels = pixelsPerColumn}};
    CUresult cu = begin(tensorMap, tensorRank, 3);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!take_common(&q, tensorRank, globalDim, globalStrides, elementStrides) ||
        !take(q.shape.lower, pixelBoxLowerCorner, tensorRank - 2, sizeof(int)) ||
        !take(q.shape.upper, pixelBoxUpperCorner, tensorRank - 2, sizeof(int))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return make(&q, globalAddress, tensorMap);
}

CUresult gs_cuTensorMapEncodeIm2colWide(
    CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType, cuuint32_t tensorRank,
    void *globalAddress, const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
    int pixelBoxLowerCornerWidth, int pixelBoxUpperCornerWidth, cuuint32_t channelsPerPixel,
    cuuint32_t pixelsPerColumn, const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
    CUtensorMapIm2ColWideMode mode, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion l2Promotion,
    CUtensorMapFloatOOBfill oobFill)
{
    struct question q = {.args = {.kind = VGPU_TENSOR_IM2COL_WIDE,
                                  .data_type = (uint32_t)tensorDataType,
                                  .interleave = (uint32_t)interleave,
                                  .swizzle = (uint32_t)swizzle,
                                  .promotion = (uint32_t)l2Promotion,
                                  .fill = (uint32_t)oobFill,
                                  .mode = (uint32_t)mode},
                         .shape = {.channels = channelsPerPixel,
                                   .pixels = pixelsPerColumn,
                                   .lower = {pixelBoxLowerCornerWidth},
                                   .upper = {pixelBoxUpperCornerWidth}}};
    CUresult cu = begin(tensorMap, tensorRank, 3);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!take_common(&q, tensorRank, globalDim, globalStrides, elementStrides)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return make(&q, globalAddress, tensorMap);
}

CUresult gs_cuTensorMapReplaceAddress(CUtensorMap *tensorMap, void *globalAddress)
{
    struct question q = {.args = {.kind = VGPU_TENSOR_REPLACE}};
    CUresult cu = begin(tensorMap, 1, 1);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    q.args.map = (const uint8_t *)tensorMap;
    q.args.map_len = sizeof(*tensorMap);
    return make(&q, globalAddress, tensorMap);
}
