/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/box.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/array.h"
#include "executor/sim/memory.h"
#include "executor/sim/stream.h"

/* Bytes moved in one slice. */
#define SLICE_BYTES ((size_t)2 << 20)

static uintptr_t row_of(const struct sim_plane *plane, size_t y, size_t z)
{
    return plane->base + (y + z * plane->rows) * plane->pitch;
}

static void fill_row(uintptr_t at, const struct sim_box *box)
{
    for (size_t i = 0; i < box->width; i += box->element) {
        memcpy((void *)(at + i), &box->value, box->element); /* little-endian */
    }
}

static bool do_row(const struct sim_box *box, size_t y, size_t z)
{
    uintptr_t dst = row_of(&box->dst, y, z);
    uintptr_t src = row_of(&box->src, y, z);

    if ((box->dst.check && !memory_covers(dst, box->width, true)) ||
        (box->src.check && !memory_covers(src, box->width, false))) {
        return false;
    }
    if (box->element != 0) {
        fill_row(dst, box);
    } else {
        memmove((void *)dst, (const void *)src, box->width);
    }
    return true;
}

enum op_step box_slice(struct sim_box *box, CUresult *cu)
{
    size_t rows = box->height * box->depth;

    for (size_t bytes = 0; bytes < SLICE_BYTES && box->done < rows; bytes += box->width) {
        if (!do_row(box, box->done % box->height, box->done / box->height)) {
            *cu = CUDA_ERROR_ILLEGAL_ADDRESS; /* unmapped since the call */
            return OP_STEP_DONE;
        }
        box->done++;
    }
    return box->done == rows ? OP_STEP_DONE : OP_STEP_MORE;
}

/* Bytes from the first to behind the last; false when that wraps. */
static bool span(const struct sim_box *box, const struct sim_plane *plane, size_t *bytes)
{
    size_t rows;

    return !__builtin_mul_overflow(box->depth - 1, plane->rows, &rows) &&
           !__builtin_add_overflow(rows, box->height - 1, &rows) &&
           !__builtin_mul_overflow(rows, plane->pitch, bytes) &&
           !__builtin_add_overflow(*bytes, box->width, bytes);
}

/* Host memory that is not pinned may be anything; all else must be the device's. */
static bool check_plane(const struct sim_box *box, struct sim_plane *plane, CUmemorytype type,
                        bool write)
{
    size_t bytes;

    if (plane->base == 0 || !span(box, plane, &bytes)) {
        return false;
    }
    if (type == CU_MEMORYTYPE_ARRAY) {
        return true; /* nobody unmaps it */
    }
    plane->check = memory_find(plane->base) != NULL || type == CU_MEMORYTYPE_DEVICE;
    plane->plain = !plane->check;
    return !plane->check || memory_covers(plane->base, bytes, write);
}

static CUresult submit(CUcontext ctx, const struct sim_box *box, CUstream handle)
{
    struct CUstream_st *stream;
    struct sim_op *op;
    CUresult cu = stream_resolve(ctx, handle, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    op = engine_op_new(OP_BOX);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->box = malloc(sizeof(*op->box));
    if (op->box == NULL) {
        free(op);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *op->box = *box;
    cu = engine_submit(stream, op);
    /* Pageable memory is not the caller's to change before it has been read. */
    if (cu == CUDA_SUCCESS && (box->dst.plain || box->src.plain)) {
        cu = engine_wait_stream(stream);
    }
    return cu;
}

/* One side of a call, whichever it is. */
struct side {
    CUmemorytype type;
    uintptr_t base;
    CUarray array;
    size_t at[3];
    size_t pitch;
    size_t rows;
};

static struct side source_of(const CUDA_MEMCPY3D *c)
{
    bool host = c->srcMemoryType == CU_MEMORYTYPE_HOST;

    return (struct side){
        .type = c->srcMemoryType,
        .base = host ? (uintptr_t)c->srcHost : (uintptr_t)c->srcDevice,
        .array = c->srcArray,
        .at = {c->srcXInBytes, c->srcY, c->srcZ},
        .pitch = c->srcPitch,
        .rows = c->srcHeight,
    };
}

static struct side target_of(const CUDA_MEMCPY3D *c)
{
    bool host = c->dstMemoryType == CU_MEMORYTYPE_HOST;

    return (struct side){
        .type = c->dstMemoryType,
        .base = host ? (uintptr_t)c->dstHost : (uintptr_t)c->dstDevice,
        .array = c->dstArray,
        .at = {c->dstXInBytes, c->dstY, c->dstZ},
        .pitch = c->dstPitch,
        .rows = c->dstHeight,
    };
}

static bool side_fits(const struct sim_box *box, const struct side *side)
{
    bool many = box->height > 1 || box->depth > 1;

    return (!many || side->pitch >= side->at[0] + box->width) &&
           (box->depth == 1 || side->rows >= side->at[1] + box->height);
}

static bool set_plane(const struct sim_box *box, const struct side *side, bool write,
                      struct sim_plane *plane)
{
    struct side array = *side;

    if (side->type == CU_MEMORYTYPE_ARRAY) {
        size_t size[3] = {box->width, box->height, box->depth};

        if (!array_place(side->array, side->at, size, &array.base, &array.pitch, &array.rows)) {
            return false;
        }
    } else if ((side->type != CU_MEMORYTYPE_HOST && side->type != CU_MEMORYTYPE_DEVICE &&
                side->type != CU_MEMORYTYPE_UNIFIED) ||
               side->base == 0 || !side_fits(box, side)) {
        return false;
    }
    plane->base = array.base + side->at[0] + (side->at[1] + side->at[2] * array.rows) * array.pitch;
    plane->pitch = array.pitch;
    plane->rows = array.rows;
    return check_plane(box, plane, side->type, write);
}

CUresult box_copy(CUcontext ctx, const CUDA_MEMCPY3D *c, CUstream stream)
{
    struct sim_box box;
    struct side src;
    struct side dst;

    if (c == NULL || c->srcLOD != 0 || c->dstLOD != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (c->WidthInBytes == 0 || c->Height == 0 || c->Depth == 0) {
        return CUDA_SUCCESS;
    }
    box = (struct sim_box){.width = c->WidthInBytes, .height = c->Height, .depth = c->Depth};
    src = source_of(c);
    dst = target_of(c);
    if (!set_plane(&box, &src, false, &box.src) || !set_plane(&box, &dst, true, &box.dst)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(ctx, &box, stream);
}

static bool begins_with_an_element(CUmemorytype type, CUarray array, size_t x)
{
    return type != CU_MEMORYTYPE_ARRAY || array_begins_element(array, x);
}

/* A copy that waits takes an offset within an element, one that does not refuses it, as a card. */
static CUresult copy_later(CUcontext ctx, const CUDA_MEMCPY3D *c, CUstream stream)
{
    if (c != NULL && (!begins_with_an_element(c->srcMemoryType, c->srcArray, c->srcXInBytes) ||
                      !begins_with_an_element(c->dstMemoryType, c->dstArray, c->dstXInBytes))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return box_copy(ctx, c, stream);
}

CUresult cuMemcpy3DAsync(const CUDA_MEMCPY3D *pCopy, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(copy_later(ctx, pCopy, hStream));
}

static CUresult fill(CUcontext ctx, struct sim_box *box, CUstream stream)
{
    if (box->width == 0 || box->height == 0) {
        return CUDA_SUCCESS;
    }
    if (box->dst.base % box->element != 0 ||
        (box->height > 1 && (box->dst.pitch < box->width || box->dst.pitch % box->element != 0)) ||
        !check_plane(box, &box->dst, CU_MEMORYTYPE_DEVICE, true)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return submit(ctx, box, stream);
}

static CUresult fill_call(const char *call, struct sim_box box, CUstream stream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(fill(ctx, &box, stream));
}

static struct sim_box rectangle(CUdeviceptr dst, size_t pitch, size_t width, size_t height,
                                unsigned element, uint32_t value)
{
    return (struct sim_box){.dst = {.base = (uintptr_t)dst, .pitch = pitch},
                            .width = width * element,
                            .height = height,
                            .depth = 1,
                            .element = element,
                            .value = value};
}

CUresult cuMemsetD2D8Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width,
                           size_t Height, CUstream hStream)
{
    return fill_call(__func__, rectangle(dstDevice, dstPitch, Width, Height, 1, uc), hStream);
}

CUresult cuMemsetD2D16Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width,
                            size_t Height, CUstream hStream)
{
    return fill_call(__func__, rectangle(dstDevice, dstPitch, Width, Height, 2, us), hStream);
}

CUresult cuMemsetD2D32Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width,
                            size_t Height, CUstream hStream)
{
    return fill_call(__func__, rectangle(dstDevice, dstPitch, Width, Height, 4, ui), hStream);
}
