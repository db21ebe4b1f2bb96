/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/event.h"

#include <stdlib.h>

#include "executor/sim/engine.h"
#include "executor/sim/handle.h"
#include "executor/sim/stream.h"

#define EVENT_FLAGS (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS)

struct sim_point *point_new(void)
{
    struct sim_point *point = calloc(1, sizeof(*point));

    if (point != NULL) {
        point->refs = 1;
    }
    return point;
}

void point_unref(struct sim_point *point)
{
    if (point != NULL && --point->refs == 0) {
        free(point);
    }
}

static void event_free(CUevent ev)
{
    handle_del(ev);
    if (ev->prev != NULL) {
        ev->prev->next = ev->next;
    } else {
        ev->ctx->events = ev->next;
    }
    if (ev->next != NULL) {
        ev->next->prev = ev->prev;
    }
    point_unref(ev->point);
    free(ev);
}

void event_free_all(CUcontext ctx)
{
    while (ctx->events != NULL) {
        event_free(ctx->events);
    }
}

static CUresult create(CUcontext ctx, CUevent *out, unsigned int flags)
{
    CUevent ev;

    if (out == NULL || (flags & ~(unsigned)EVENT_FLAGS) != 0 ||
        ((flags & CU_EVENT_INTERPROCESS) != 0 && (flags & CU_EVENT_DISABLE_TIMING) == 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((flags & CU_EVENT_INTERPROCESS) != 0) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    ev = calloc(1, sizeof(*ev));
    if (ev == NULL || handle_add(HANDLE_EVENT, ev) != 0) {
        free(ev);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    ev->ctx = ctx;
    ev->flags = flags;
    ev->next = ctx->events;
    if (ev->next != NULL) {
        ev->next->prev = ev;
    }
    ctx->events = ev;
    *out = ev;
    return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *phEvent, unsigned int Flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(create(ctx, phEvent, Flags));
}

CUresult event_record(CUcontext ctx, CUevent ev, CUstream handle, unsigned int flags)
{
    struct CUstream_st *stream;
    struct sim_point *point;
    struct sim_op *op;
    CUresult cu;

    if (!handle_ok(HANDLE_EVENT, ev)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if ((flags & ~(unsigned)CU_EVENT_RECORD_EXTERNAL) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (flags != 0) {
        return CUDA_ERROR_ILLEGAL_STATE; /* only a capturing stream takes it */
    }
    cu = stream_resolve(ctx, handle, &stream);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (stream->ctx != ev->ctx) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    op = engine_op_new(OP_RECORD);
    point = point_new();
    if (op == NULL || point == NULL) {
        free(op);
        point_unref(point);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    point_unref(ev->point);
    ev->point = point;
    point->refs++;
    op->point = point;
    return engine_submit(stream, op);
}

CUresult cuEventRecord(CUevent hEvent, CUstream hStream)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(event_record(ctx, hEvent, hStream, 0));
}

CUresult cuEventRecordWithFlags(CUevent hEvent, CUstream hStream, unsigned int flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(event_record(ctx, hEvent, hStream, flags));
}

/* Begin a call on an event, which needs no current context. */
static CUresult begin_event(const char *call, CUevent ev)
{
    CUresult cu;

    if (ev == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* before cuInit too */
    }
    cu = sim_begin(call);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_EVENT, ev)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    return sim.sticky == CUDA_SUCCESS ? CUDA_SUCCESS : sim_end(sim.sticky);
}

CUresult cuEventQuery(CUevent hEvent)
{
    CUresult cu = begin_event(__func__, hEvent);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(hEvent->point == NULL || hEvent->point->done ? CUDA_SUCCESS
                                                                : CUDA_ERROR_NOT_READY);
}

CUresult cuEventSynchronize(CUevent hEvent)
{
    CUresult cu = begin_event(__func__, hEvent);
    struct sim_point *point;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    point = hEvent->point;
    if (point != NULL) {
        point->refs++; /* the event may be recorded anew or destroyed meanwhile */
        cu = engine_wait_point(point);
        point_unref(point);
    }
    return sim_end(cu);
}

CUresult cuEventDestroy(CUevent hEvent)
{
    CUresult cu = begin_event(__func__, hEvent);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    event_free(hEvent);
    return sim_end(CUDA_SUCCESS);
}

static CUresult elapsed(float *ms, CUevent start, CUevent end)
{
    if (ms == NULL || !handle_ok(HANDLE_EVENT, start) || !handle_ok(HANDLE_EVENT, end) ||
        ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING) != 0 || start->point == NULL ||
        end->point == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!start->point->done || !end->point->done) {
        return CUDA_ERROR_NOT_READY;
    }
    *ms = (float)(((double)end->point->time_ns - (double)start->point->time_ns) / 1e6);
    return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.sticky != CUDA_SUCCESS) {
        return sim_end(sim.sticky);
    }
    return sim_end(elapsed(pMilliseconds, hStart, hEnd));
}

static CUresult stream_wait(CUcontext ctx, CUstream handle, CUevent ev, unsigned int flags)
{
    struct CUstream_st *stream;
    struct sim_op *op;
    CUresult cu;

    if (!handle_ok(HANDLE_EVENT, ev)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if ((flags & ~(unsigned)CU_EVENT_WAIT_EXTERNAL) != 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (flags != 0) {
        return CUDA_ERROR_ILLEGAL_STATE;
    }
    cu = stream_resolve(ctx, handle, &stream);
    if (cu != CUDA_SUCCESS || ev->point == NULL) {
        return cu; /* never recorded: nothing to wait for */
    }
    op = engine_op_new(OP_WAIT_EVENT);
    if (op == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    ev->point->refs++;
    op->point = ev->point;
    return engine_submit(stream, op);
}

CUresult cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(stream_wait(ctx, hStream, hEvent, Flags));
}
