/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/copy.h"
#include "guest/libcuda/memop.h"
#include "guest/libcuda/stream.h"
#include "proto/limits.h"

/* Waits that native takes: it can flush no remote writes on what vgpu offers. */
static CUresult check_wait(struct gs_session *s, const struct gs_memop *op, size_t width)
{
    if ((op->flags & ~(unsigned int)CU_STREAM_WAIT_VALUE_FLUSH) > CU_STREAM_WAIT_VALUE_NOR) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((op->flags & CU_STREAM_WAIT_VALUE_FLUSH) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    return gs_memop_covers(s, op->address, width) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

bool gs_memop_covers(struct gs_session *s, uint64_t address, size_t width)
{
    uint64_t at = address;
    enum gs_place place = gs_place_of(s, &at, width, true);

    return address != 0 && address % width == 0 && at == address &&
           (place == GS_PLACE_DEVICE || place == GS_PLACE_PINNED);
}

CUresult gs_memop_check(struct gs_session *s, const struct gs_memop *op)
{
    switch (op->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        return check_wait(s, op, 4);
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        return check_wait(s, op, 8);
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        return op->flags == CU_STREAM_WRITE_VALUE_DEFAULT &&
                       gs_memop_covers(s, op->address,
                                       op->operation == CU_STREAM_MEM_OP_WRITE_VALUE_32 ? 4 : 8)
                   ? CUDA_SUCCESS
                   : CUDA_ERROR_INVALID_VALUE;
    case CU_STREAM_MEM_OP_BARRIER:
        return op->flags <= CU_STREAM_MEMORY_BARRIER_TYPE_GPU ? CUDA_SUCCESS
                                                              : CUDA_ERROR_INVALID_VALUE;
    case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
        return CUDA_ERROR_NOT_SUPPORTED;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult gs_memop_read(struct gs_session *s, const CUstreamBatchMemOpParams *params,
                       unsigned int count, struct gs_memop *ops)
{
    for (unsigned int i = 0; i < count; i++) {
        const CUstreamBatchMemOpParams *p = &params[i];
        CUresult cu;

        ops[i] = (struct gs_memop){.operation = p->operation, .flags = p->memoryBarrier.flags};
        if (p->operation != CU_STREAM_MEM_OP_BARRIER &&
            p->operation != CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES) {
            /* Both structures begin alike. */
            bool wide = p->operation == CU_STREAM_MEM_OP_WAIT_VALUE_64 ||
                        p->operation == CU_STREAM_MEM_OP_WRITE_VALUE_64;

            ops[i].address = p->waitValue.address;
            ops[i].value = wide ? p->waitValue.value64 : p->waitValue.value;
            ops[i].flags = p->waitValue.flags;
        }
        cu = gs_memop_check(s, &ops[i]);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
    }
    return CUDA_SUCCESS;
}

static bool has_barrier(const struct gs_memop *ops, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        if (ops[i].operation == CU_STREAM_MEM_OP_BARRIER) {
            return true;
        }
    }
    return false;
}

static CUresult send(struct gs_stream *stream, const struct gs_memop *ops, unsigned int count)
{
    struct vgpu_args_cuStreamBatchMemOp_v2 args = {.stream = stream->wire,
                                                   .operations = (const uint8_t *)ops,
                                                   .operations_len = count * sizeof(*ops)};
    CUresult cu;

    if (gs_stream_captures(stream)) {
        return gs_capture_memops(stream, ops, count);
    }
    cu = gs_stream_room(stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (has_barrier(ops, count)) {
        gs_session_ask(); /* whether the device has it no attribute says */
    }
    gs_settled_join(stream->session, vgpu_handle_index_of(stream->wire));
    gs_stream_sends(stream, 1);
    return gs_stream_sent(gs_send_cuStreamBatchMemOp_v2(stream->session, &args));
}

static CUresult single(CUstream handle, struct gs_memop op)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = gs_stream_enter(handle, &call, &stream);

    if (cu == CUDA_SUCCESS) {
        cu = gs_memop_check(call.session, &op);
    }
    return cu == CUDA_SUCCESS ? send(stream, &op, 1) : cu;
}

CUresult gs_cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                                   unsigned int flags)
{
    return single(stream, (struct gs_memop){CU_STREAM_MEM_OP_WAIT_VALUE_32, flags, addr, value});
}

CUresult gs_cuStreamWaitValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                                   unsigned int flags)
{
    return single(stream, (struct gs_memop){CU_STREAM_MEM_OP_WAIT_VALUE_64, flags, addr, value});
}

CUresult gs_cuStreamWriteValue32_v2(CUstream stream, CUdeviceptr addr, cuuint32_t value,
                                    unsigned int flags)
{
    return single(stream, (struct gs_memop){CU_STREAM_MEM_OP_WRITE_VALUE_32, flags, addr, value});
}

CUresult gs_cuStreamWriteValue64_v2(CUstream stream, CUdeviceptr addr, cuuint64_t value,
                                    unsigned int flags)
{
    return single(stream, (struct gs_memop){CU_STREAM_MEM_OP_WRITE_VALUE_64, flags, addr, value});
}

CUresult gs_cuStreamBatchMemOp_v2(CUstream stream, unsigned int count,
                                  CUstreamBatchMemOpParams *paramArray, unsigned int flags)
{
    struct gs_memop *ops;
    struct gs_stream *found;
    struct gs_call call;
    CUresult cu = gs_stream_enter(stream, &call, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == 0 || count > VGPU_MEM_OPS_MAX || paramArray == NULL || flags != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    ops = (struct gs_memop *)(void *)gs_thread_buffer(call.thread, GS_BUFFER_PARAMS);
    if (ops == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_memop_read(call.session, paramArray, count, ops);
    return cu == CUDA_SUCCESS ? send(found, ops, count) : cu;
}
