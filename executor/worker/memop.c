/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/memop.h"

#include <stdbool.h>
#include <string.h>

#include "executor/worker/session.h"

struct wire_op {
    uint32_t operation;
    uint32_t flags;
    uint64_t address;
    uint64_t value;
};

static CUresult check_word(struct ex_session *x, const struct wire_op *op, uint64_t width)
{
    return op->address % width == 0 ? ex_check_device(x, op->address, width)
                                    : CUDA_ERROR_INVALID_VALUE;
}

static void set_wait(CUstreamBatchMemOpParams *p, const struct wire_op *op)
{
    p->waitValue.operation = (CUstreamBatchMemOpType)op->operation;
    p->waitValue.address = op->address;
    p->waitValue.value64 = op->value;
    p->waitValue.flags = op->flags;
}

static void set_write(CUstreamBatchMemOpParams *p, const struct wire_op *op)
{
    p->writeValue.operation = (CUstreamBatchMemOpType)op->operation;
    p->writeValue.address = op->address;
    p->writeValue.value64 = op->value;
    p->writeValue.flags = op->flags;
}

static CUresult read_one(struct ex_session *x, const struct wire_op *op,
                         CUstreamBatchMemOpParams *p)
{
    memset(p, 0, sizeof(*p));
    switch (op->operation) {
    case CU_STREAM_MEM_OP_WAIT_VALUE_32:
        set_wait(p, op);
        return check_word(x, op, 4);
    case CU_STREAM_MEM_OP_WAIT_VALUE_64:
        set_wait(p, op);
        return check_word(x, op, 8);
    case CU_STREAM_MEM_OP_WRITE_VALUE_32:
        set_write(p, op);
        return check_word(x, op, 4);
    case CU_STREAM_MEM_OP_WRITE_VALUE_64:
        set_write(p, op);
        return check_word(x, op, 8);
    case CU_STREAM_MEM_OP_BARRIER:
        p->memoryBarrier.operation = CU_STREAM_MEM_OP_BARRIER;
        p->memoryBarrier.flags = op->flags;
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult ex_memops_read(struct ex_session *x, const uint8_t *bytes, uint32_t len,
                        CUstreamBatchMemOpParams *ops, unsigned int *count)
{
    CUresult cu = CUDA_SUCCESS;

    *count = len / (uint32_t)sizeof(struct wire_op);
    if (*count == 0 || *count > VGPU_MEM_OPS_MAX || len % sizeof(struct wire_op) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < *count && cu == CUDA_SUCCESS; i++) {
        struct wire_op op;

        memcpy(&op, bytes + i * sizeof(op), sizeof(op));
        cu = read_one(x, &op, &ops[i]);
    }
    return cu;
}

CUresult ex_do_cuStreamBatchMemOp_v2(struct ex_session *session,
                                     const struct vgpu_args_cuStreamBatchMemOp_v2 *args,
                                     struct vgpu_ret_cuStreamBatchMemOp_v2 *ret)
{
    static CUstreamBatchMemOpParams ops[VGPU_MEM_OPS_MAX]; /* the dispatcher's */
    struct ex_stream *s = NULL;
    unsigned int count = 0;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_memops_read(session, args->operations, args->operations_len, ops, &count);
    }
    if (cu == CUDA_SUCCESS && session->driver->cuStreamBatchMemOp_v2 == NULL) {
        cu = CUDA_ERROR_NOT_SUPPORTED;
    }
    if (cu == CUDA_SUCCESS) {
        cu = session->driver->cuStreamBatchMemOp_v2(s->cu, count, ops, 0);
    }
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(session, s);
    }
    return cu;
}
