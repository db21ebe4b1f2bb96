/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include "executor/sim/engine.h"
#include "executor/sim/stream.h"

struct set {
    CUdeviceptr dst;
    uint32_t value;
    unsigned width;
    size_t count;
};

static CUresult submit(CUcontext ctx, const struct set *set, CUstream handle, bool async)
{
    size_t size = set->count * set->width; /* wraps, and is then what it wrapped to: as native */
    struct CUstream_st *stream;
    const struct range *r;
    struct sim_op *op;
    CUresult cu = stream_resolve(ctx, handle, &stream);

    if (cu != CUDA_SUCCESS || size == 0) {
        return cu;
    }
    if (set->dst % set->width != 0 || !memory_covers((uintptr_t)set->dst, size, true)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    op = engine_op_new(OP_SET);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->set.dst = (uintptr_t)set->dst;
    op->set.size = size;
    op->set.value = set->value;
    op->set.width = set->width;
    r = memory_find((uintptr_t)set->dst);
    async = async || (r->kind != RANGE_HOST && r->kind != RANGE_REGISTER);
    cu = engine_submit(stream, op);
    return cu == CUDA_SUCCESS && !async ? engine_wait_stream(stream) : cu;
}

static CUresult set(const char *call, struct set s, CUstream stream, bool async)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(submit(ctx, &s, stream, async));
}

CUresult cuMemsetD8(CUdeviceptr dstDevice, unsigned char uc, size_t N)
{
    return set(__func__, (struct set){dstDevice, uc, 1, N}, NULL, false);
}

CUresult cuMemsetD16(CUdeviceptr dstDevice, unsigned short us, size_t N)
{
    return set(__func__, (struct set){dstDevice, us, 2, N}, NULL, false);
}

CUresult cuMemsetD32(CUdeviceptr dstDevice, unsigned int ui, size_t N)
{
    return set(__func__, (struct set){dstDevice, ui, 4, N}, NULL, false);
}

CUresult cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream)
{
    return set(__func__, (struct set){dstDevice, uc, 1, N}, hStream, true);
}

CUresult cuMemsetD16Async(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream)
{
    return set(__func__, (struct set){dstDevice, us, 2, N}, hStream, true);
}

CUresult cuMemsetD32Async(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream)
{
    return set(__func__, (struct set){dstDevice, ui, 4, N}, hStream, true);
}
