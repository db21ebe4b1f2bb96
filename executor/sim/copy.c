/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/engine.h"
#include "executor/sim/stream.h"

/* How one end of a copy is named by the call. */
enum side {
    SIDE_DEVICE, /* must be device-visible */
    SIDE_HOST,   /* anything the caller can reach */
    SIDE_ANY,    /* cuMemcpy: device-visible, else plain host memory */
};

/* Pageable source data up to this is taken at the call; beyond, the caller waits. */
#define STAGING_MAX ((size_t)64 << 20)

struct copy {
    uintptr_t dst;
    uintptr_t src;
    size_t size;
    enum side dst_side;
    enum side src_side;
    bool async;
};

/* Whether [addr, addr + n) is device-visible; *ok false when it must be and is not. */
static bool device_side(uintptr_t addr, size_t n, enum side side, bool write, bool *ok)
{
    bool known = memory_find(addr) != NULL;

    if (addr == 0 || ((known || side == SIDE_DEVICE) && !memory_covers(addr, n, write))) {
        *ok = false;
    }
    return known;
}

/* Stage pageable source data of an asynchronous copy. */
static CUresult stage(struct sim_op *op)
{
    op->copy.staging = malloc(op->copy.size);
    if (op->copy.staging == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(op->copy.staging, (const void *)op->copy.src, op->copy.size);
    op->copy.src = (uintptr_t)op->copy.staging;
    return CUDA_SUCCESS;
}

/*
 * Whether the caller must wait.  Device to device never; a synchronous copy
 * with a host side always; pageable memory as a target, or too big to stage.
 */
static bool must_wait(const struct copy *c, const struct sim_op *op)
{
    const struct range *d = memory_find(c->dst);
    const struct range *s = memory_find(c->src);
    bool d_dev = d != NULL && d->kind != RANGE_HOST && d->kind != RANGE_REGISTER;
    bool s_dev = s != NULL && s->kind != RANGE_HOST && s->kind != RANGE_REGISTER;

    if (d_dev && s_dev) {
        return false;
    }
    return !c->async || !op->copy.check_dst || (!op->copy.check_src && op->copy.staging == NULL);
}

static CUresult submit(CUcontext ctx, const struct copy *c, CUstream handle)
{
    struct CUstream_st *stream;
    bool ok = true;
    struct sim_op *op;
    CUresult cu = stream_resolve(ctx, handle, &stream);
    bool wait;

    if (cu != CUDA_SUCCESS || c->size == 0) {
        return cu;
    }
    op = engine_op_new(OP_COPY);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->copy.dst = c->dst;
    op->copy.src = c->src;
    op->copy.size = c->size;
    op->copy.check_dst = device_side(c->dst, c->size, c->dst_side, true, &ok);
    op->copy.check_src = device_side(c->src, c->size, c->src_side, false, &ok);
    if (!ok) {
        free(op);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (c->async && op->copy.check_dst && !op->copy.check_src && c->size <= STAGING_MAX) {
        cu = stage(op);
        if (cu != CUDA_SUCCESS) {
            free(op);
            return cu;
        }
    }
    wait = must_wait(c, op);
    cu = engine_submit(stream, op);
    return cu == CUDA_SUCCESS && wait ? engine_wait_stream(stream) : cu;
}

static CUresult copy(const char *call, struct copy c, CUstream stream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(submit(ctx, &c, stream));
}

CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount)
{
    return copy(__func__, (struct copy){dst, src, ByteCount, SIDE_ANY, SIDE_ANY, false}, NULL);
}

CUresult cuMemcpyHtoD(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount)
{
    struct copy c = {dstDevice, (uintptr_t)srcHost, ByteCount, SIDE_DEVICE, SIDE_HOST, false};

    return copy(__func__, c, NULL);
}

CUresult cuMemcpyDtoH(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount)
{
    struct copy c = {(uintptr_t)dstHost, srcDevice, ByteCount, SIDE_HOST, SIDE_DEVICE, false};

    return copy(__func__, c, NULL);
}

CUresult cuMemcpyDtoD(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount)
{
    struct copy c = {dstDevice, srcDevice, ByteCount, SIDE_DEVICE, SIDE_DEVICE, false};

    return copy(__func__, c, NULL);
}

CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream)
{
    return copy(__func__, (struct copy){dst, src, ByteCount, SIDE_ANY, SIDE_ANY, true}, hStream);
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
                           CUstream hStream)
{
    struct copy c = {dstDevice, (uintptr_t)srcHost, ByteCount, SIDE_DEVICE, SIDE_HOST, true};

    return copy(__func__, c, hStream);
}

CUresult cuMemcpyDtoHAsync(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount, CUstream hStream)
{
    struct copy c = {(uintptr_t)dstHost, srcDevice, ByteCount, SIDE_HOST, SIDE_DEVICE, true};

    return copy(__func__, c, hStream);
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
                           CUstream hStream)
{
    struct copy c = {dstDevice, srcDevice, ByteCount, SIDE_DEVICE, SIDE_DEVICE, true};

    return copy(__func__, c, hStream);
}
