/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include "executor/sim/context.h"
#include "executor/sim/engine.h"
#include "executor/sim/stream.h"

/* Rows of cuMemAllocPitch begin at multiples of this. */
#define PITCH_UNIT 512

CUresult cuMemGetInfo(size_t *free, size_t *total)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (free != NULL) {
        *free = ctx->dev->total_bytes - ctx->dev->used_bytes;
    }
    if (total != NULL) {
        *total = ctx->dev->total_bytes;
    }
    return sim_end(CUDA_SUCCESS);
}

static CUresult alloc(CUcontext ctx, CUdeviceptr *dptr, size_t size)
{
    uintptr_t base;
    CUresult cu;

    if (dptr == NULL || size == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = memory_alloc(ctx, size, &base);
    if (cu == CUDA_SUCCESS) {
        *dptr = base;
    }
    return cu;
}

CUresult cuMemAlloc(CUdeviceptr *dptr, size_t bytesize)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(alloc(ctx, dptr, bytesize));
}

CUresult cuMemAllocPitch(CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes, size_t Height,
                         unsigned int ElementSizeBytes)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    size_t pitch;
    size_t size;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dptr == NULL || pPitch == NULL || WidthInBytes == 0 || Height == 0 ||
        (ElementSizeBytes != 4 && ElementSizeBytes != 8 && ElementSizeBytes != 16)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    pitch = sim_round_up(WidthInBytes, PITCH_UNIT);
    if (pitch < WidthInBytes || __builtin_mul_overflow(pitch, Height, &size)) {
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    cu = alloc(ctx, dptr, size);
    if (cu == CUDA_SUCCESS) {
        *pPitch = pitch;
    }
    return sim_end(cu);
}

/* Freeing waits for all work of the process, as the driver does. */
static CUresult free_device(CUdeviceptr dptr)
{
    const struct range *r = memory_find((uintptr_t)dptr);
    CUresult cu;

    if (r == NULL || r->base != dptr || r->kind != RANGE_DEVICE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = engine_wait_all(true);
    if (cu == CUDA_SUCCESS) {
        memory_release((uintptr_t)dptr);
    }
    return cu;
}

CUresult cuMemFree(CUdeviceptr dptr)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.sticky != CUDA_SUCCESS && context_current() != NULL) {
        return sim_end(sim.sticky);
    }
    return sim_end(dptr == 0 ? CUDA_SUCCESS : free_device(dptr));
}

CUresult cuMemGetAddressRange(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    const struct range *r;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    r = memory_find((uintptr_t)dptr);
    if (r == NULL) {
        return sim_end(CUDA_ERROR_NOT_FOUND);
    }
    if (pbase != NULL) {
        *pbase = r->base;
    }
    if (psize != NULL) {
        *psize = r->size;
    }
    return sim_end(CUDA_SUCCESS);
}

/* Stream-ordered: taken at once, which is earlier than need be. */
static CUresult alloc_async(CUcontext ctx, CUdeviceptr *dptr, size_t size, CUstream handle)
{
    struct CUstream_st *stream;
    CUresult cu;

    if (dptr == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = stream_resolve(ctx, handle, &stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (size == 0) {
        *dptr = 0;
        return CUDA_SUCCESS;
    }
    return alloc(ctx, dptr, size);
}

CUresult cuMemAllocAsync(CUdeviceptr *dptr, size_t bytesize, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(alloc_async(ctx, dptr, bytesize, hStream));
}

static CUresult free_async(CUcontext ctx, CUdeviceptr dptr, CUstream handle)
{
    const struct range *r = memory_find((uintptr_t)dptr);
    struct CUstream_st *stream;
    struct sim_op *op;
    CUresult cu;

    if (dptr == 0) {
        return CUDA_SUCCESS;
    }
    if (r == NULL || r->base != dptr || r->kind != RANGE_DEVICE) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = stream_resolve(ctx, handle, &stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    op = engine_op_new(OP_FREE);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->addr = (uintptr_t)dptr;
    return engine_submit(stream, op);
}

CUresult cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(free_async(ctx, dptr, hStream));
}
