/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/stream.h"

#include <stdlib.h>

#include "executor/sim/engine.h"
#include "executor/sim/handle.h"

/* Natively 0 is the lowest priority, -5 the highest. */
#define PRIORITY_HIGHEST (-5)

struct CUstream_st *stream_new(CUcontext ctx, unsigned int flags, int priority)
{
    struct CUstream_st *s = calloc(1, sizeof(*s));

    if (s == NULL || handle_add(HANDLE_STREAM, s) != 0) {
        free(s);
        return NULL;
    }
    s->ctx = ctx;
    s->id = ++sim.next_id;
    s->flags = flags;
    stream_attr_init(s);
    s->priority = priority > 0 ? 0 : priority < PRIORITY_HIGHEST ? PRIORITY_HIGHEST : priority;
    s->next = sim.streams;
    if (s->next != NULL) {
        s->next->prev = s;
    }
    sim.streams = s;
    return s;
}

static void stream_free(struct CUstream_st *s)
{
    if (s->prev != NULL) {
        s->prev->next = s->next;
    } else {
        sim.streams = s->next;
    }
    if (s->next != NULL) {
        s->next->prev = s->prev;
    }
    free(s);
}

void stream_release(struct CUstream_st *s)
{
    handle_del(s);
    s->gone = true;
    stream_reap(s);
}

void stream_reap(struct CUstream_st *s)
{
    if (s->gone && s->head == NULL && s->pins == 0) {
        stream_free(s);
    }
}

void stream_free_all(CUcontext ctx)
{
    struct CUstream_st *next;

    for (struct CUstream_st *s = sim.streams; s != NULL; s = next) {
        next = s->next;
        if (s->ctx == ctx && !s->gone) {
            stream_release(s);
        }
    }
    while (ctx->thread_streams != NULL) {
        struct thread_stream *t = ctx->thread_streams;

        ctx->thread_streams = t->next;
        free(t);
    }
    ctx->null_stream = NULL;
}

static CUresult per_thread(CUcontext ctx, struct CUstream_st **out)
{
    struct thread_stream *t;

    for (t = ctx->thread_streams; t != NULL; t = t->next) {
        if (pthread_equal(t->thread, pthread_self())) {
            *out = t->stream;
            return CUDA_SUCCESS;
        }
    }
    t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    t->stream = stream_new(ctx, CU_STREAM_DEFAULT, 0);
    if (t->stream == NULL) {
        free(t);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    t->thread = pthread_self();
    t->next = ctx->thread_streams;
    ctx->thread_streams = t;
    *out = t->stream;
    return CUDA_SUCCESS;
}

CUresult stream_resolve(CUcontext ctx, CUstream handle, struct CUstream_st **out)
{
    if (handle == NULL || handle == CU_STREAM_LEGACY) {
        *out = ctx->null_stream;
        return CUDA_SUCCESS;
    }
    if (handle == CU_STREAM_PER_THREAD) {
        return per_thread(ctx, out);
    }
    if (!handle_ok(HANDLE_STREAM, handle)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *out = handle;
    return CUDA_SUCCESS;
}

static CUresult create(const char *call, CUstream *out, unsigned int flags, int priority)
{
    bool good = (flags & ~(unsigned)CU_STREAM_NON_BLOCKING) == 0;
    CUcontext ctx;
    CUresult cu = good ? sim_begin_ctx(call, &ctx) : CUDA_ERROR_INVALID_VALUE;
    CUstream s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    engine_wait_unheld();
    if (!handle_ok(HANDLE_CONTEXT, ctx)) {
        return sim_end(CUDA_ERROR_CONTEXT_IS_DESTROYED);
    }
    s = stream_new(ctx, flags, priority);
    if (s == NULL) {
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *out = s;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamCreate(CUstream *phStream, unsigned int Flags)
{
    return create(__func__, phStream, Flags, 0);
}

CUresult cuStreamCreateWithPriority(CUstream *phStream, unsigned int flags, int priority)
{
    return create(__func__, phStream, flags, priority);
}

/* Begin a call on a stream handle; on success the caller ends it. */
static CUresult begin_stream(const char *call, CUstream handle, struct CUstream_st **s)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = stream_resolve(ctx, handle, s);
    return cu == CUDA_SUCCESS ? CUDA_SUCCESS : sim_end(cu);
}

CUresult cuStreamDestroy(CUstream hStream)
{
    struct CUstream_st *s;
    CUresult cu;

    if (hStream == NULL || hStream == CU_STREAM_LEGACY || hStream == CU_STREAM_PER_THREAD) {
        return CUDA_ERROR_INVALID_HANDLE; /* before cuInit too */
    }
    cu = begin_stream(__func__, hStream, &s);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    stream_release(s); /* what it holds is still carried out */
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamGetPriority(CUstream hStream, int *priority)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (priority == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *priority = s->priority;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamGetFlags(CUstream hStream, unsigned int *flags)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *flags = s->flags;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamGetId(CUstream hStream, unsigned long long *streamId)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (streamId == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *streamId = s->id;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamGetCtx(CUstream hStream, CUcontext *pctx)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pctx == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pctx = s->ctx;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuStreamQuery(CUstream hStream)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    return cu != CUDA_SUCCESS ? cu : sim_end(engine_query_stream(s));
}

CUresult cuStreamSynchronize(CUstream hStream)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    return cu != CUDA_SUCCESS ? cu : sim_end(engine_wait_stream(s));
}

CUresult cuStreamIsCapturing(CUstream hStream, CUstreamCaptureStatus *captureStatus)
{
    struct CUstream_st *s;
    CUresult cu = begin_stream(__func__, hStream, &s);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (captureStatus == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *captureStatus = CU_STREAM_CAPTURE_STATUS_NONE;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
    static __thread CUstreamCaptureMode current = CU_STREAM_CAPTURE_MODE_GLOBAL;
    CUresult cu = sim_begin(__func__);
    CUstreamCaptureMode old = current;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (mode == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    current = *mode;
    *mode = old;
    return sim_end(CUDA_SUCCESS);
}
