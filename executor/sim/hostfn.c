/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/engine.h"

#include "executor/sim/stream.h"

static CUresult submit(CUcontext ctx, CUstream handle, CUhostFn fn, void *data)
{
    struct CUstream_st *stream;
    struct sim_op *op;
    CUresult cu;

    if (fn == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = stream_resolve(ctx, handle, &stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    op = engine_op_new(OP_HOST);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    op->host.fn = fn;
    op->host.data = data;
    return engine_submit(stream, op);
}

CUresult cuLaunchHostFunc(CUstream hStream, CUhostFn fn, void *userData)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(submit(ctx, hStream, fn, userData));
}
