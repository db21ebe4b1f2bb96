/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/sim.h"

#include <string.h>

/*
 * Tensor maps.  No instruction that uses one is simulated, so what is in a map matters to nobody
 * but the call that replaces its address; the rules of what may be in one are the driver's.
 */

#define RANK_MAX     5u
#define DIM_MAX      ((uint64_t)1 << 32)
#define STRIDE_MAX   ((uint64_t)1 << 40)
#define BOX_MAX      256u
#define CHANNELS_MAX 256u
#define PIXELS_MAX   1024u

struct tensor {
    CUtensorMapDataType type;
    cuuint32_t rank;
    void *address;
    const cuuint64_t *dims;
    const cuuint64_t *strides;
    const cuuint32_t *element_strides;
    CUtensorMapInterleave interleave;
    CUtensorMapSwizzle swizzle;
    CUtensorMapL2promotion promotion;
    CUtensorMapFloatOOBfill fill;
};

static uint32_t element_bytes(CUtensorMapDataType type)
{
    static const uint8_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};

    return (unsigned)type < sizeof(bytes) ? bytes[type] : 1;
}

static bool enums_ok(const struct tensor *t)
{
    return (unsigned)t->type <= CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B &&
           (unsigned)t->interleave <= CU_TENSOR_MAP_INTERLEAVE_32B &&
           (unsigned)t->swizzle <= CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B &&
           (unsigned)t->promotion <= CU_TENSOR_MAP_L2_PROMOTION_L2_256B &&
           (unsigned)t->fill <= CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA;
}

static bool layout_ok(const struct tensor *t)
{
    uint64_t unit = t->interleave == CU_TENSOR_MAP_INTERLEAVE_32B ? 32 : 16;

    if ((uintptr_t)t->address % unit != 0) {
        return false;
    }
    for (cuuint32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] == 0 || t->dims[i] > DIM_MAX || t->element_strides[i] == 0 ||
            t->element_strides[i] > 8) {
            return false;
        }
        if (i + 1 < t->rank && (t->strides[i] % unit != 0 || t->strides[i] >= STRIDE_MAX)) {
            return false;
        }
    }
    return t->interleave != CU_TENSOR_MAP_INTERLEAVE_32B || t->swizzle == CU_TENSOR_MAP_SWIZZLE_32B;
}

/* The inner extent of a box must fit its swizzle. */
static bool inner_ok(const struct tensor *t, uint64_t elements)
{
    static const uint16_t span[] = {UINT16_MAX, 32, 64, 128, 128, 128, 128};
    uint64_t bytes = elements * element_bytes(t->type);

    return t->interleave != CU_TENSOR_MAP_INTERLEAVE_NONE ||
           (bytes % 16 == 0 && bytes <= span[t->swizzle]);
}

static bool tensor_ok(const CUtensorMap *map, const struct tensor *t, cuuint32_t least)
{
    return map != NULL && (uintptr_t)map % 64 == 0 && t->rank >= least && t->rank <= RANK_MAX &&
           t->dims != NULL && (t->strides != NULL || t->rank == 1) && t->element_strides != NULL &&
           enums_ok(t) && layout_ok(t) &&
           (t->interleave == CU_TENSOR_MAP_INTERLEAVE_NONE || t->rank >= 3);
}

/* The address stands first; the rest is a digest of what was asked for. */
static void encode(CUtensorMap *map, const struct tensor *t)
{
    memset(map, 0, sizeof(*map));
    map->opaque[0] = (uintptr_t)t->address;
    map->opaque[1] = (uint64_t)t->type << 32 | t->rank;
    map->opaque[2] = (uint64_t)t->interleave << 32 | (uint64_t)t->swizzle;
    map->opaque[3] = (uint64_t)t->promotion << 32 | (uint64_t)t->fill;
    for (cuuint32_t i = 0; i < t->rank; i++) {
        map->opaque[4 + i] = t->dims[i];
        map->opaque[9 + i] = i + 1 < t->rank ? t->strides[i] : 0;
    }
}

static CUresult begin(const char *call)
{
    CUcontext ctx;

    return sim_begin_ctx(call, &ctx);
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType,
                                cuuint32_t tensorRank, void *globalAddress,
                                const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
                                const cuuint32_t *boxDim, const cuuint32_t *elementStrides,
                                CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion l2Promotion, CUtensorMapFloatOOBfill oobFill)
{
    struct tensor t = {tensorDataType, tensorRank, globalAddress, globalDim,   globalStrides,
                       elementStrides, interleave, swizzle,       l2Promotion, oobFill};
    CUresult cu = begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!tensor_ok(tensorMap, &t, 1) || boxDim == NULL || !inner_ok(&t, boxDim[0])) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (cuuint32_t i = 0; i < tensorRank; i++) {
        if (boxDim[i] == 0 || boxDim[i] > BOX_MAX) {
            return sim_end(CUDA_ERROR_INVALID_VALUE);
        }
    }
    encode(tensorMap, &t);
    return sim_end(CUDA_SUCCESS);
}

/* How far a corner may lie out, by rank. */
static bool corners_ok(cuuint32_t rank, const int *lower, const int *upper)
{
    static const int reach[] = {32768, 128, 16};

    for (cuuint32_t i = 0; i + 2 < rank; i++) {
        int most = reach[rank - 3];

        if (lower[i] < -most || lower[i] >= most || upper[i] < -most || upper[i] >= most) {
            return false;
        }
    }
    return true;
}

CUresult cuTensorMapEncodeIm2col(CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType,
                                 cuuint32_t tensorRank, void *globalAddress,
                                 const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
                                 const int *pixelBoxLowerCorner, const int *pixelBoxUpperCorner,
                                 cuuint32_t channelsPerPixel, cuuint32_t pixelsPerColumn,
                                 const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                 CUtensorMapSwizzle swizzle, CUtensorMapL2promotion l2Promotion,
                                 CUtensorMapFloatOOBfill oobFill)
{
    struct tensor t = {tensorDataType, tensorRank, globalAddress, globalDim,   globalStrides,
                       elementStrides, interleave, swizzle,       l2Promotion, oobFill};
    CUresult cu = begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!tensor_ok(tensorMap, &t, 3) || pixelBoxLowerCorner == NULL ||
        pixelBoxUpperCorner == NULL || channelsPerPixel == 0 || channelsPerPixel > CHANNELS_MAX ||
        pixelsPerColumn == 0 || pixelsPerColumn > PIXELS_MAX || !inner_ok(&t, channelsPerPixel) ||
        !corners_ok(tensorRank, pixelBoxLowerCorner, pixelBoxUpperCorner)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    encode(tensorMap, &t);
    return sim_end(CUDA_SUCCESS);
}

/* Of later devices than the one that is simulated. */
CUresult cuTensorMapEncodeIm2colWide(
    CUtensorMap *tensorMap, CUtensorMapDataType tensorDataType, cuuint32_t tensorRank,
    void *globalAddress, const cuuint64_t *globalDim, const cuuint64_t *globalStrides,
    int pixelBoxLowerCornerWidth, int pixelBoxUpperCornerWidth, cuuint32_t channelsPerPixel,
    cuuint32_t pixelsPerColumn, const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
    CUtensorMapIm2ColWideMode mode, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion l2Promotion,
    CUtensorMapFloatOOBfill oobFill)
{
    struct tensor t = {tensorDataType, tensorRank, globalAddress, globalDim,   globalStrides,
                       elementStrides, interleave, swizzle,       l2Promotion, oobFill};
    CUresult cu = begin(__func__);

    (void)pixelBoxLowerCornerWidth;
    (void)pixelBoxUpperCornerWidth;
    (void)channelsPerPixel;
    (void)pixelsPerColumn;
    (void)mode;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(tensor_ok(tensorMap, &t, 3) ? CUDA_ERROR_NOT_SUPPORTED
                                               : CUDA_ERROR_INVALID_VALUE);
}

CUresult cuTensorMapReplaceAddress(CUtensorMap *tensorMap, void *globalAddress)
{
    CUresult cu = begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (tensorMap == NULL || (uintptr_t)tensorMap % 64 != 0 || (uintptr_t)globalAddress % 16 != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    tensorMap->opaque[0] = (uintptr_t)globalAddress;
    return sim_end(CUDA_SUCCESS);
}
