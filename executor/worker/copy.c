/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include "common/overflow.h"
#include "executor/worker/session.h"

/* Copies and fills, all in a stream.  Every range is checked before the driver sees it. */

/* The address of a piece of a registered part of the window, or NULL. */
static void *slab_address(struct ex_session *x, uint64_t offset, uint64_t bytes)
{
    uint8_t *at = ex_window_data(&x->window, offset, bytes);

    if (at == NULL || !ex_memory_in_slab(x->memory, (uintptr_t)at, bytes)) {
        return NULL;
    }
    return at;
}

static CUresult counted(struct ex_session *x, struct ex_stream *s, CUresult cu)
{
    if (cu == CUDA_SUCCESS) {
        ex_stream_entered(x, s);
    }
    return cu;
}

CUresult ex_do_vgpuCopyHtoD(struct ex_session *session, const struct vgpu_args_vgpuCopyHtoD *args,
                            struct vgpu_ret_vgpuCopyHtoD *ret)
{
    const void *from = slab_address(session, args->offset, args->bytes);
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_check_device(session, args->dst, args->bytes);
    }
    if (cu == CUDA_SUCCESS && from == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemcpyHtoDAsync(args->dst, from, args->bytes, s->cu));
}

CUresult ex_do_vgpuCopyDtoH(struct ex_session *session, const struct vgpu_args_vgpuCopyDtoH *args,
                            struct vgpu_ret_vgpuCopyDtoH *ret)
{
    void *to = slab_address(session, args->offset, args->bytes);
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_check_device(session, args->src, args->bytes);
    }
    if (cu == CUDA_SUCCESS && to == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemcpyDtoHAsync(to, args->src, args->bytes, s->cu));
}

CUresult ex_do_cuMemcpyDtoDAsync_v2(struct ex_session *session,
                                    const struct vgpu_args_cuMemcpyDtoDAsync_v2 *args,
                                    struct vgpu_ret_cuMemcpyDtoDAsync_v2 *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = ex_stream_enter(session, args->stream, &s);

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_check_device(session, args->dst, args->bytes);
    }
    if (cu == CUDA_SUCCESS) {
        cu = ex_check_device(session, args->src, args->bytes);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemcpyDtoDAsync(args->dst, args->src, args->bytes, s->cu));
}

/* Finds the stream and checks `count` elements of `width` bytes at `dst`. */
static CUresult enter_fill(struct ex_session *x, uint64_t handle, uint64_t dst, uint64_t count,
                           uint64_t width, struct ex_stream **s)
{
    uint64_t bytes;
    CUresult cu = ex_stream_enter(x, handle, s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!vgpu_u64_mul(count, width, &bytes) || dst % width != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return ex_check_device(x, dst, bytes);
}

CUresult ex_do_cuMemsetD8Async(struct ex_session *session,
                               const struct vgpu_args_cuMemsetD8Async *args,
                               struct vgpu_ret_cuMemsetD8Async *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = enter_fill(session, args->stream, args->dst, args->count, 1, &s);

    (void)ret;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemsetD8Async(args->dst, (unsigned char)args->value,
                                                    args->count, s->cu));
}

CUresult ex_do_cuMemsetD16Async(struct ex_session *session,
                                const struct vgpu_args_cuMemsetD16Async *args,
                                struct vgpu_ret_cuMemsetD16Async *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = enter_fill(session, args->stream, args->dst, args->count, 2, &s);

    (void)ret;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemsetD16Async(args->dst, (unsigned short)args->value,
                                                     args->count, s->cu));
}

CUresult ex_do_cuMemsetD32Async(struct ex_session *session,
                                const struct vgpu_args_cuMemsetD32Async *args,
                                struct vgpu_ret_cuMemsetD32Async *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = enter_fill(session, args->stream, args->dst, args->count, 4, &s);

    (void)ret;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return counted(session, s,
                   session->driver->cuMemsetD32Async(args->dst, args->value, args->count, s->cu));
}
