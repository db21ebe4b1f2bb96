/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/fence.h"

#include <stdlib.h>

#include "executor/worker/error.h"
#include "executor/worker/event.h"
#include "executor/worker/session.h"

/* A beacon that is asked for once more tells only of the last time: one wait does. */
static bool replace_wait(struct ex_fences *f, const struct ex_wait *wait)
{
    for (uint32_t i = 0; i < f->count && wait->event == NULL; i++) {
        struct ex_wait *at = &f->waits[i];

        if (at->lane == wait->lane && at->event == NULL && at->stream == wait->stream) {
            at->value = wait->value;
            return true;
        }
    }
    return false;
}

static CUresult add_wait(struct ex_session *x, const struct ex_wait *wait)
{
    struct ex_fences *f = &x->fences;

    if (wait->lane >= VGPU_LANES_MAX && replace_wait(f, wait)) {
        return CUDA_SUCCESS;
    }
    if (f->count == EX_FENCES_MAX) {
        ex_session_broken(x, "more waits than threads");
    }
    if (f->count == f->capacity) {
        uint32_t capacity = f->capacity == 0 ? 16 : f->capacity * 2;
        struct ex_wait *grown = reallocarray(f->waits, capacity, sizeof(*grown));

        if (grown == NULL) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        f->waits = grown;
        f->capacity = capacity;
    }
    f->waits[f->count++] = *wait;
    return CUDA_SUCCESS;
}

/* The state of one wait: 0 passed, 600 not yet, otherwise an error. */
static CUresult query(struct ex_session *x, const struct ex_wait *wait)
{
    CUstream stream = NULL;

    if (wait->event != NULL) {
        return x->driver->cuEventQuery(wait->event->cu);
    }
    /* A stream that was destroyed meanwhile has nothing left to wait for. */
    if (ex_get_stream(x, wait->stream, &stream) != CUDA_SUCCESS) {
        return CUDA_SUCCESS;
    }
    return x->driver->cuStreamQuery(stream);
}

bool ex_fences_poll(struct ex_session *x)
{
    struct ex_fences *f = &x->fences;
    bool passed = false;
    uint32_t i = 0;

    while (i < f->count) {
        struct ex_wait *wait = &f->waits[i];
        CUresult cu = query(x, wait);

        if (cu == CUDA_ERROR_NOT_READY) {
            i++;
            continue;
        }
        if (cu != CUDA_SUCCESS) {
            ex_session_fatal(x, cu, wait->event != NULL ? "vgpuEventWait" : "vgpuFence");
        }
        ex_window_fence(&x->window, wait->lane, wait->value);
        if (wait->event != NULL) {
            ex_event_release(x, wait->event);
        }
        *wait = f->waits[--f->count];
        passed = true;
    }
    return passed;
}

bool ex_fences_pending(const struct ex_session *x)
{
    return x->fences.count > 0 || x->active != NULL;
}

CUresult ex_do_vgpuEventWait(struct ex_session *session, const struct vgpu_args_vgpuEventWait *args,
                             struct vgpu_ret_vgpuEventWait *ret)
{
    struct ex_wait wait = {.lane = args->lane, .value = args->value};
    CUresult cu;

    (void)ret;
    if (args->lane >= VGPU_FENCES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    wait.event = ex_event_hold(session, args->event);
    if (wait.event == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    cu = add_wait(session, &wait);
    if (cu != CUDA_SUCCESS) {
        ex_event_release(session, wait.event);
    }
    return cu;
}

/* Lets the GPU write the slot.  801 when the device cannot. */
static CUresult write_slot(struct ex_session *x, struct ex_stream *s, uint32_t lane, uint64_t value)
{
    CUdeviceptr slot = ex_window_fence_address(&x->window, lane);
    CUresult cu = CUDA_ERROR_NOT_SUPPORTED;

    if (slot != 0 && x->driver->cuStreamWriteValue64 != NULL) {
        cu = x->driver->cuStreamWriteValue64(s->cu, slot, value, CU_STREAM_WRITE_VALUE_DEFAULT);
    }
    if (cu == CUDA_SUCCESS) {
        (void)ex_window_promise(&x->window, lane, value);
    }
    return cu;
}

/*
 * A write or a mark in the legacy stream waits for all blocking streams and holds them
 * back; directly behind the stream's own work it holds back nothing that was not held back
 * already.
 */
static bool may_write(const struct ex_session *x, const struct ex_stream *s)
{
    return (s != &x->legacy || x->last_stream == s) && ex_stream_has_room(s, 2);
}

CUresult ex_do_vgpuFence(struct ex_session *session, const struct vgpu_args_vgpuFence *args,
                         struct vgpu_ret_vgpuFence *ret)
{
    struct ex_mark fence = {.lane = args->lane, .value = args->value};
    struct ex_wait wait = {.stream = args->stream, .lane = args->lane, .value = args->value};
    struct ex_stream *s = NULL;
    CUresult cu;

    (void)ret;
    if (args->lane >= VGPU_FENCES_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = ex_stream_enter(session, args->stream, &s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!may_write(session, s)) {
        return add_wait(session, &wait);
    }
    cu = write_slot(session, s, args->lane, args->value);
    fence.written = cu == CUDA_SUCCESS;
    s->own += fence.written;
    /* Nobody sleeps until a beacon shows something. */
    fence.fence = !fence.written || args->lane < VGPU_LANES_MAX;
    return fence.written || cu == CUDA_ERROR_NOT_SUPPORTED ? ex_stream_mark(session, s, &fence)
                                                           : cu;
}

CUresult ex_do_vgpuRecord(struct ex_session *session, const struct vgpu_args_vgpuRecord *args,
                          struct vgpu_ret_vgpuRecord *ret)
{
    struct ex_stream *s = NULL;
    CUresult cu = args->lane < VGPU_FENCES_MAX ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;

    (void)ret;
    if (cu == CUDA_SUCCESS) {
        cu = ex_event_record(session, args->event, args->stream, CU_EVENT_RECORD_DEFAULT, &s);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = write_slot(session, s, args->lane, args->value);
    if (cu != CUDA_SUCCESS && cu != CUDA_ERROR_NOT_SUPPORTED) {
        return cu;
    }
    /* Where the GPU cannot write, the guest asks now and then; it has counted a second operation.
     */
    ex_stream_entered(session, s);
    return CUDA_SUCCESS;
}
