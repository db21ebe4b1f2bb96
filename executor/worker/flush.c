/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include "common/clock.h"
#include "executor/worker/console.h"
#include "executor/worker/event.h"
#include "executor/worker/session.h"
#include "executor/worker/stream.h"

/*
 * Has the driver print what kernels said.  It prints when something is waited for, so the very
 * call that the guest made is made for it again, once it cannot wait any more: nobody but the
 * dispatcher, who is here, sends work.
 */

/* A stream that never has work, for a wait for nothing. */
static CUresult synchronize_idle(struct ex_session *x)
{
    static CUstream idle; /* the dispatcher's */
    CUresult cu = CUDA_SUCCESS;

    if (idle == NULL) {
        cu = x->driver->cuStreamCreateWithPriority(&idle, CU_STREAM_NON_BLOCKING, 0);
    }
    return cu == CUDA_SUCCESS ? x->driver->cuStreamSynchronize(idle) : cu;
}

/* Our own marks may follow what the guest waited for: they take microseconds. */
#define MARKS_NS (100 * VGPU_NS_PER_US)

static CUresult query_stream(struct ex_session *x, CUstream stream)
{
    uint64_t until = vgpu_clock_ns() + MARKS_NS;
    CUresult cu;

    do {
        cu = x->driver->cuStreamQuery(stream);
    } while (cu == CUDA_ERROR_NOT_READY && vgpu_clock_ns() < until);
    return cu;
}

/* 600: the event is not done (any more), or is gone. */
static CUresult synchronize_event(struct ex_session *x, uint64_t handle)
{
    CUevent event = NULL;
    CUresult cu = ex_get_event(x, handle, &event);

    if (cu == CUDA_SUCCESS) {
        cu = x->driver->cuEventQuery(event);
    }
    if (cu == CUDA_SUCCESS) {
        cu = x->driver->cuEventSynchronize(event);
    }
    return cu == CUDA_ERROR_INVALID_HANDLE ? CUDA_ERROR_NOT_READY : cu;
}

static CUresult synchronize_stream(struct ex_session *x, uint64_t handle)
{
    CUstream stream = NULL;
    CUresult cu = ex_get_stream(x, handle, &stream);

    if (cu == CUDA_SUCCESS) {
        cu = query_stream(x, stream);
    }
    if (cu == CUDA_SUCCESS) {
        cu = x->driver->cuStreamSynchronize(stream);
    }
    return cu == CUDA_ERROR_INVALID_HANDLE ? CUDA_ERROR_NOT_READY : cu;
}

CUresult ex_do_vgpuFlush(struct ex_session *session, const struct vgpu_args_vgpuFlush *args,
                         struct vgpu_ret_vgpuFlush *ret)
{
    CUresult cu = args->event != 0 ? synchronize_event(session, args->event)
                                   : synchronize_stream(session, args->stream);

    if (cu == CUDA_ERROR_NOT_READY) {
        cu = synchronize_idle(session);
    }
    ret->end = ex_console_settle();
    return cu;
}
