/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/memory.h"

#include "executor/sim/engine.h"
#include "executor/sim/stream.h"

/* Stream memory operations: the device writes a word, or waits for one. */

static CUresult submit(CUcontext ctx, struct sim_op *proto, CUstream handle)
{
    struct CUstream_st *stream;
    struct sim_op *op;
    CUresult cu = stream_resolve(ctx, handle, &stream);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (proto->value.addr % proto->value.width != 0 ||
        !memory_covers(proto->value.addr, proto->value.width, proto->kind == OP_WRITE_VALUE)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    op = engine_op_new(proto->kind);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->value = proto->value;
    return engine_submit(stream, op);
}

static CUresult write_value(const char *call, CUstream stream, struct sim_op *proto,
                            unsigned int flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    proto->kind = OP_WRITE_VALUE;
    /* Without a barrier is refused by this generation of hardware. */
    return sim_end(flags != 0 ? CUDA_ERROR_INVALID_VALUE : submit(ctx, proto, stream));
}

static CUresult wait_value(const char *call, CUstream stream, struct sim_op *proto,
                           unsigned int flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((flags & ~(unsigned)CU_STREAM_WAIT_VALUE_FLUSH) > CU_STREAM_WAIT_VALUE_NOR) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if ((flags & CU_STREAM_WAIT_VALUE_FLUSH) != 0) {
        return sim_end(CUDA_ERROR_NOT_SUPPORTED); /* attribute 98 is 0 */
    }
    proto->kind = OP_WAIT_VALUE;
    proto->value.flags = flags;
    return sim_end(submit(ctx, proto, stream));
}

CUresult cuStreamWriteValue32(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                              unsigned int flags)
{
    struct sim_op op = {.value = {.addr = (uintptr_t)addr, .value = value, .width = 4}};

    return write_value(__func__, stream, &op, flags);
}

CUresult cuStreamWriteValue64(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                              unsigned int flags)
{
    struct sim_op op = {.value = {.addr = (uintptr_t)addr, .value = value, .width = 8}};

    return write_value(__func__, stream, &op, flags);
}

CUresult cuStreamWaitValue32(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                             unsigned int flags)
{
    struct sim_op op = {.value = {.addr = (uintptr_t)addr, .value = value, .width = 4}};

    return wait_value(__func__, stream, &op, flags);
}

CUresult cuStreamWaitValue64(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                             unsigned int flags)
{
    struct sim_op op = {.value = {.addr = (uintptr_t)addr, .value = value, .width = 8}};

    return wait_value(__func__, stream, &op, flags);
}

/* One entry of a batch; a barrier orders what is in order already. */
static CUresult one_of_batch(CUstream stream, const CUstreamBatchMemOpParams *p)
{
    switch ((int)p->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        return cuStreamWaitValue32(stream, p->waitValue.address, p->waitValue.value,
                                   p->waitValue.flags);
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        return cuStreamWaitValue64(stream, p->waitValue.address, p->waitValue.value64,
                                   p->waitValue.flags);
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        return cuStreamWriteValue32(stream, p->writeValue.address, p->writeValue.value,
                                    p->writeValue.flags);
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        return cuStreamWriteValue64(stream, p->writeValue.address, p->writeValue.value64,
                                    p->writeValue.flags);
    case CU_STREAM_MEM_OP_BARRIER:
        return p->memoryBarrier.flags <= CU_STREAM_MEMORY_BARRIER_TYPE_GPU
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_INVALID_VALUE;
    case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
        return CUDA_ERROR_NOT_SUPPORTED; /* attribute 98 is 0 */
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult cuStreamBatchMemOp(CUstream stream, unsigned int count,
                            CUstreamBatchMemOpParams *paramArray, unsigned int flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    (void)sim_end(CUDA_SUCCESS);
    if (count == 0 || count > 256 || paramArray == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count && cu == CUDA_SUCCESS; i++) {
        cu = one_of_batch(stream, &paramArray[i]);
    }
    return cu;
}
