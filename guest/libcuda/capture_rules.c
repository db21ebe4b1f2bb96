/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/capture_state.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/stub.h"
#include "guest/libcuda/thread.h"

/* What captures forbid. */

CUresult gs_capture_spoil(struct gs_capture *c, CUresult cu)
{
    if (c->invalid) {
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    c->invalid = true;
    return cu;
}

CUresult gs_capture_refuse(struct gs_stream *stream, CUresult cu)
{
    gs_graphs_lock();
    if (gs_capture_of(stream) != NULL) {
        cu = gs_capture_spoil(gs_capture_of(stream), cu);
    }
    gs_graphs_unlock();
    return cu;
}

/* Whether a capture has a stream that work of the context's legacy stream would wait for. */
static bool blocks_legacy(const struct gs_capture *c, const struct gs_context *context)
{
    for (const struct gs_stream *s = c->streams; s != NULL; s = s->capture.next) {
        if (s->context == context && (s->flags & CU_STREAM_NON_BLOCKING) == 0) {
            return true;
        }
    }
    return false;
}

CUresult gs_capture_legacy(const struct gs_context *context, bool spoil)
{
    CUresult cu = CUDA_SUCCESS;

    for (struct gs_capture *c = gs_captures; c != NULL; c = c->next) {
        if (blocks_legacy(c, context)) {
            c->invalid |= spoil;
            cu = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
        }
    }
    return cu;
}

static CUresult touched(struct gs_stream *stream, CUresult cu)
{
    CUresult result = CUDA_SUCCESS;

    if (!gs_captures_any()) {
        return CUDA_SUCCESS;
    }
    gs_graphs_lock();
    if (gs_capture_of(stream) != NULL) {
        result = gs_capture_spoil(gs_capture_of(stream), cu);
    } else if (stream->wire == 0) {
        result = gs_capture_legacy(stream->context, true);
    }
    gs_graphs_unlock();
    return result == CUDA_ERROR_NOT_SUPPORTED ? gs_unsupported_here("in a capture") : result;
}

CUresult gs_capture_room(struct gs_stream *stream)
{
    return touched(stream, CUDA_ERROR_NOT_SUPPORTED);
}

CUresult gs_capture_asked(struct gs_stream *stream)
{
    return touched(stream, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

CUresult gs_capture_context_asked(const struct gs_context *context)
{
    CUresult cu = CUDA_SUCCESS;

    if (!gs_captures_any()) {
        return CUDA_SUCCESS;
    }
    gs_graphs_lock();
    for (struct gs_capture *c = gs_captures; c != NULL; c = c->next) {
        for (const struct gs_stream *s = c->streams; s != NULL; s = s->capture.next) {
            if (s->context == context) {
                c->invalid = true;
                cu = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
            }
        }
    }
    gs_graphs_unlock();
    return cu;
}

/* Whether a capture keeps this thread from unsafe calls. */
static bool forbids(const struct gs_capture *c, const struct gs_thread *thread)
{
    if (thread->capture_mode == CU_STREAM_CAPTURE_MODE_RELAXED) {
        return false;
    }
    if (c->thread == thread->serial) {
        return c->mode != CU_STREAM_CAPTURE_MODE_RELAXED;
    }
    return thread->capture_mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
           c->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
}

CUresult gs_capture_unsafe(void)
{
    struct gs_thread *thread;
    CUresult cu = CUDA_SUCCESS;

    if (!gs_captures_any()) {
        return CUDA_SUCCESS;
    }
    thread = gs_thread_get();
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    gs_graphs_lock();
    for (struct gs_capture *c = gs_captures; c != NULL; c = c->next) {
        if (forbids(c, thread)) {
            c->invalid = true;
            cu = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        }
    }
    gs_graphs_unlock();
    return cu;
}
