/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/box.h"
#include "executor/sim/stream.h"
#include "proto/copy_box.h"

/* The forms of a copy of a box: with two dimensions, and those that wait. */

static CUresult copy_and_wait(CUcontext ctx, const CUDA_MEMCPY3D *c)
{
    struct CUstream_st *stream;
    CUresult cu = box_copy(ctx, c, NULL);

    if (cu == CUDA_SUCCESS) {
        cu = stream_resolve(ctx, NULL, &stream);
    }
    return cu == CUDA_SUCCESS ? engine_wait_stream(stream) : cu;
}

CUresult cuMemcpy3D(const CUDA_MEMCPY3D *pCopy)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(copy_and_wait(ctx, pCopy));
}

static CUresult copy_rectangle(const char *call, const CUDA_MEMCPY2D *c)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);
    CUDA_MEMCPY3D box;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (c == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    box = vgpu_copy_box_of(c);
    return sim_end(copy_and_wait(ctx, &box));
}

CUresult cuMemcpy2D(const CUDA_MEMCPY2D *pCopy)
{
    return copy_rectangle(__func__, pCopy);
}

CUresult cuMemcpy2DUnaligned(const CUDA_MEMCPY2D *pCopy)
{
    return copy_rectangle(__func__, pCopy);
}

CUresult cuMemcpy2DAsync(const CUDA_MEMCPY2D *pCopy, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    CUDA_MEMCPY3D box;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pCopy == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    box = vgpu_copy_box_of(pCopy);
    return sim_end(box_copy(ctx, &box, hStream));
}
