/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "common/overflow.h"
#include "guest/libcuda/array.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/stream.h"
#include "proto/array_format.h"
#include "proto/copy_box.h"

/* Copies of rectangles and boxes. */

/* One side as the program describes it. */
struct side {
    CUmemorytype type;
    const void *host;
    CUdeviceptr device;
    CUarray array;
    uint64_t x;
    uint64_t y;
    uint64_t z;
    uint64_t lod;
    uint64_t pitch;
    uint64_t rows;
};

static struct side src_of(const CUDA_MEMCPY3D *c)
{
    return (struct side){
        .type = c->srcMemoryType,
        .host = c->srcHost,
        .device = c->srcDevice,
        .array = c->srcArray,
        .x = c->srcXInBytes,
        .y = c->srcY,
        .z = c->srcZ,
        .lod = c->srcLOD,
        .pitch = c->srcPitch,
        .rows = c->srcHeight,
    };
}

static struct side dst_of(const CUDA_MEMCPY3D *c)
{
    return (struct side){
        .type = c->dstMemoryType,
        .host = c->dstHost,
        .device = c->dstDevice,
        .array = c->dstArray,
        .x = c->dstXInBytes,
        .y = c->dstY,
        .z = c->dstZ,
        .lod = c->dstLOD,
        .pitch = c->dstPitch,
        .rows = c->dstHeight,
    };
}

/* Which place a memory type may name. */
static bool suits(CUmemorytype type, enum gs_place place)
{
    switch (type) {
    case CU_MEMORYTYPE_DEVICE:
        return place == GS_PLACE_DEVICE || place == GS_PLACE_PINNED;
    case CU_MEMORYTYPE_HOST: /* addresses are unified: what lies there is what counts */
    case CU_MEMORYTYPE_UNIFIED:
        return place != GS_PLACE_BEYOND;
    case CU_MEMORYTYPE_ARRAY:
    default:
        return false;
    }
}

/* The pitches must hold a row, and the rows a slice, where there is more than one of them. */
static bool pitches_fit(const struct gs_copy *copy, const struct side *side, uint64_t pitch_max)
{
    uint64_t row;
    uint64_t rows;

    if (side->pitch > pitch_max || !vgpu_u64_add(side->x, copy->width, &row) ||
        !vgpu_u64_add(side->y, copy->height, &rows)) {
        return false;
    }
    if ((copy->height > 1 || copy->depth > 1 || side->pitch != 0) && side->pitch < row) {
        return false;
    }
    return (copy->depth == 1 && side->z == 0 && side->rows == 0) || side->rows >= rows;
}

/* The address of the first byte. */
static bool locate(const struct side *side, uint64_t base, uint64_t *address)
{
    uint64_t rows;
    uint64_t bytes;

    return vgpu_u64_mul(side->z, side->rows, &rows) && vgpu_u64_add(rows, side->y, &rows) &&
           vgpu_u64_mul(rows, side->pitch, &bytes) && vgpu_u64_add(bytes, side->x, &bytes) &&
           vgpu_u64_add(base, bytes, address);
}

static uint64_t at_least_one(uint64_t value)
{
    return value == 0 ? 1 : value;
}

static CUresult resolve_array(const struct gs_copy *copy, const struct side *side,
                              struct gs_end *end)
{
    struct gs_array *array;
    uint64_t element;

    if (gs_array_find(side->array, &array) != CUDA_SUCCESS || side->lod != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (array->session != copy->session) {
        return CUDA_ERROR_NOT_SUPPORTED; /* workers do not reach each other */
    }
    element = vgpu_element_bytes((uint32_t)array->shape.Format, array->shape.NumChannels);
    /* Native lets an offset within an element pass for pageable memory; from the window its driver
     * refuses it, when the call is long answered. */
    if (element == 0 || copy->width % element != 0 || side->x % element != 0 ||
        !vgpu_span_fits(side->x, copy->width, array->shape.Width * element) ||
        !vgpu_span_fits(side->y, copy->height, at_least_one(array->shape.Height)) ||
        !vgpu_span_fits(side->z, copy->depth, at_least_one(array->shape.Depth))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *end = (struct gs_end){.place = GS_PLACE_ARRAY,
                           .address = array->wire,
                           .x = side->x,
                           .y = side->y,
                           .z = side->z,
                           .element = element};
    return CUDA_SUCCESS;
}

static CUresult resolve(const struct gs_copy *copy, const struct side *side, struct gs_end *end,
                        bool write)
{
    int pitch_max = gs_device_attribute(copy->stream->context->device,
                                        CU_DEVICE_ATTRIBUTE_MAX_PITCH, INT32_MAX);
    bool host = side->type == CU_MEMORYTYPE_HOST;
    uint64_t base = host ? (uint64_t)(uintptr_t)side->host : side->device;
    uint64_t span;

    if (side->type == CU_MEMORYTYPE_ARRAY) {
        return resolve_array(copy, side, end);
    }
    if (base == 0 || side->lod != 0 || !pitches_fit(copy, side, (uint64_t)pitch_max) ||
        !locate(side, base, &end->address)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    end->pitch = side->pitch;
    end->rows = side->rows;
    if (!gs_copy_span(copy, end, &span) || end->address + span < end->address) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    end->place = gs_place_of(copy->session, &end->address, span, write);
    if (end->place == GS_PLACE_OTHER_DEVICE) {
        return CUDA_ERROR_NOT_SUPPORTED; /* workers do not reach each other */
    }
    return suits(side->type, end->place) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_copy_of_box(const CUDA_MEMCPY3D *box, struct gs_copy *copy)
{
    struct side src = src_of(box);
    struct side dst = dst_of(box);
    CUresult cu;

    copy->width = box->WidthInBytes;
    copy->height = box->Height;
    copy->depth = box->Depth;
    if (copy->width == 0 || copy->height == 0 || copy->depth == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = resolve(copy, &src, &copy->src, false);
    if (cu == CUDA_SUCCESS) {
        cu = resolve(copy, &dst, &copy->dst, true);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    /* Between arrays elements must be of one size: so the documentation of cuMemcpyAtoA. */
    return copy->src.element != 0 && copy->dst.element != 0 &&
                   copy->src.element != copy->dst.element
               ? CUDA_ERROR_INVALID_VALUE
               : CUDA_SUCCESS;
}

static CUresult copy_box(const CUDA_MEMCPY3D *box, CUstream handle, bool wait)
{
    struct gs_copy job = {.session = NULL};
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &job.stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (box == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (box->WidthInBytes == 0 || box->Height == 0 || box->Depth == 0) {
        return CUDA_SUCCESS;
    }
    job.session = call.session;
    cu = gs_copy_of_box(box, &job);
    return cu == CUDA_SUCCESS ? gs_copy_run(&job, wait) : cu;
}

static CUresult copy_rectangle(const CUDA_MEMCPY2D *c, CUstream handle, bool wait)
{
    CUDA_MEMCPY3D box;

    if (c == NULL) {
        return copy_box(NULL, handle, wait);
    }
    box = vgpu_copy_box_of(c);
    return copy_box(&box, handle, wait);
}

CUresult gs_cuMemcpy2D_v2(const CUDA_MEMCPY2D *pCopy, CUstream implicit)
{
    return copy_rectangle(pCopy, implicit, true);
}

CUresult gs_cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *pCopy, CUstream implicit)
{
    return copy_rectangle(pCopy, implicit, true);
}

CUresult gs_cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *pCopy, CUstream hStream)
{
    return copy_rectangle(pCopy, hStream, false);
}

CUresult gs_cuMemcpy3D_v2(const CUDA_MEMCPY3D *pCopy, CUstream implicit)
{
    return copy_box(pCopy, implicit, true);
}

CUresult gs_cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *pCopy, CUstream hStream)
{
    return copy_box(pCopy, hStream, false);
}
