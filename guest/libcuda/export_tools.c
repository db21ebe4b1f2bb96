/* SPDX-License-Identifier: Apache-2.0 */
/* What the mathematical libraries ask: ids of contexts and streams, functions of a module. */
#include "guest/libcuda/export.h"

#include "gs_calls.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"

/* The context named, or the current one. */
static CUresult enter(CUcontext ctx, struct gs_call *call)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS || ctx == NULL) {
        return cu != CUDA_SUCCESS ? cu : gs_enter(call);
    }
    call->thread = gs_thread_get();
    call->context = gs_context_find(ctx);
    if (call->thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (call->context == NULL || !gs_context_is_active(call->context)) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    call->session = call->context->session;
    return CUDA_SUCCESS;
}

/* What stands for a stream in these tables: its handle, or where the legacy stream of its
 * context lies, which has none. */
static void *inner(struct gs_stream *stream)
{
    return stream->wire == 0 ? (void *)stream : (void *)gs_stream_handle(stream);
}

static CUresult stream_inner(CUcontext ctx, CUstream handle, void **out, int per_thread)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = enter(ctx, &call);

    if (cu == CUDA_SUCCESS && out == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (handle == NULL && per_thread != 0) {
        handle = CU_STREAM_PER_THREAD;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_find(&call, handle, &stream);
    }
    if (cu == CUDA_SUCCESS) {
        *out = inner(stream);
    }
    return cu;
}

static CUresult stream_id(CUcontext ctx, void *what, uint64_t *id)
{
    struct gs_stream *stream;
    struct gs_call call;
    CUresult cu = enter(ctx, &call);

    if (cu == CUDA_SUCCESS && (what == NULL || id == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS && what == &call.context->null_stream) {
        *id = call.context->null_stream.id;
        return CUDA_SUCCESS;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_stream_find(&call, what, &stream);
    }
    if (cu == CUDA_SUCCESS) {
        *id = stream->id;
    }
    return cu;
}

const struct gs_export_slot gs_export_context_tools[] = {
    GS_EXPORT_SLOT(4, gs_cuCtxGetId),
    GS_EXPORT_SLOT(39, stream_id),
    GS_EXPORT_SLOT(51, stream_inner),
    GS_EXPORT_END,
};

/* cuBLASLt asks this of every driver and does without what it would get; said to be refused, not
 * told in the log. */
static CUresult no_blas_data(void **a, void **b)
{
    (void)a;
    (void)b;
    return CUDA_ERROR_NOT_SUPPORTED;
}

const struct gs_export_slot gs_export_blas[] = {
    GS_EXPORT_SLOT(4, no_blas_data),
    GS_EXPORT_END,
};

typedef void (*function_seen)(void *arg, CUfunction function, void *owner);

struct listing {
    struct gs_module *module;
    function_seen seen;
    void *arg;
};

static CUresult show(const char *name, void *arg)
{
    const struct listing *list = arg;
    struct gs_function *function;
    CUresult cu = gs_module_function(list->module, name, &function);

    if (cu == CUDA_SUCCESS) {
        list->seen(list->arg, gs_function_handle(function), gs_module_handle(list->module));
    }
    return cu;
}

/* Not a CUresult: 1 for done, 0 for not. */
static int each_function(CUcontext ctx, CUmodule module, function_seen seen, void *arg)
{
    struct listing list = {.seen = seen, .arg = arg};

    (void)ctx;
    return seen != NULL && gs_module_find(module, &list.module) == CUDA_SUCCESS &&
           gs_module_names(list.module, show, &list) == CUDA_SUCCESS;
}

const struct gs_export_slot gs_export_function_tools[] = {
    GS_EXPORT_SLOT(7, each_function),
    GS_EXPORT_END,
};
