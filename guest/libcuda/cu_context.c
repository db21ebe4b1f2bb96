/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/context_flags.h"

#define API_VERSION 3020

static CUresult create(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
    struct gs_context *context;
    struct gs_device *device;
    struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pctx == NULL || !gs_context_flags_valid(flags)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    device = gs_device_find(dev);
    thread = gs_thread_get();
    if (device == NULL || thread == NULL) {
        return device == NULL ? CUDA_ERROR_INVALID_DEVICE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (thread->depth == GS_STACK_MAX) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (void)pthread_mutex_lock(&device->lock);
    cu = gs_context_create(device, flags, &context);
    (void)pthread_mutex_unlock(&device->lock);
    if (cu == CUDA_SUCCESS) {
        *pctx = gs_context_handle(context);
        cu = gs_context_push(thread, context);
    }
    return cu;
}

CUresult gs_cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
    return create(pctx, flags, dev);
}

CUresult gs_cuCtxCreate_v3(CUcontext *pctx, CUexecAffinityParam *paramsArray, int numParams,
                           unsigned int flags, CUdevice dev)
{
    if (gs_ready() == CUDA_SUCCESS && (paramsArray != NULL || numParams != 0)) {
        return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
    }
    return create(pctx, flags, dev);
}

CUresult gs_cuCtxCreate_v4(CUcontext *pctx, CUctxCreateParams *ctxCreateParams, unsigned int flags,
                           CUdevice dev)
{
    if (gs_ready() == CUDA_SUCCESS && ctxCreateParams != NULL) {
        if (ctxCreateParams->numExecAffinityParams != 0) {
            return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
        }
        if (ctxCreateParams->cigParams != NULL) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
    }
    return create(pctx, flags, dev);
}

static CUdevice device_of(CUcontext ctx)
{
    return (CUdevice)((uintptr_t)ctx >> 28 & 0xf);
}

static bool is_current(const struct gs_thread *thread, CUcontext ctx)
{
    return thread != NULL && thread->depth > 0 &&
           thread->stack[thread->depth - 1] == (uint64_t)(uintptr_t)ctx;
}

/* Another thread may have ended it meanwhile, and its slot may have the next one. */
static CUresult end(struct gs_context *context, CUcontext ctx, struct gs_stored **stored)
{
    struct gs_device *device = gs_device_find(device_of(ctx));
    CUresult cu = CUDA_ERROR_CONTEXT_IS_DESTROYED;

    (void)pthread_mutex_lock(&device->lock);
    if (gs_context_handle(context) == ctx && gs_context_is_active(context)) {
        *stored = gs_context_deactivate(context);
        gs_context_forget(context);
        cu = CUDA_SUCCESS;
    }
    (void)pthread_mutex_unlock(&device->lock);
    return cu;
}

CUresult gs_cuCtxDestroy_v2(CUcontext ctx)
{
    struct gs_stored *stored = NULL;
    struct gs_context *context;
    struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (ctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* before cuInit too, as native */
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    context = gs_context_find(ctx);
    if (context == NULL || context->primary) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    cu = end(context, ctx, &stored);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    gs_storage_end(ctx, stored);
    thread = gs_thread_peek();
    if (is_current(thread, ctx)) {
        thread->depth--;
    }
    return CUDA_SUCCESS;
}

/* Inactive primary contexts and dead ones may be made current; what uses them fails (measured). */
CUresult gs_cuCtxPushCurrent_v2(CUcontext ctx)
{
    const struct gs_context *context;
    struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    context = gs_context_find(ctx);
    thread = gs_thread_get();
    if (context == NULL || thread == NULL) {
        return context == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_OUT_OF_MEMORY;
    }
    return gs_context_push(thread, context);
}

CUresult gs_cuCtxPopCurrent_v2(CUcontext *pctx)
{
    struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    thread = gs_thread_peek();
    if (thread == NULL || thread->depth == 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    thread->depth--;
    if (pctx != NULL) {
        *pctx = (CUcontext)(uintptr_t)thread->stack[thread->depth];
    }
    return CUDA_SUCCESS;
}

CUresult gs_cuCtxSetCurrent(CUcontext ctx)
{
    struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    thread = gs_thread_get();
    if (thread == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (ctx != NULL && gs_context_find(ctx) == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    /* NULL takes the top off; anything else replaces it. */
    thread->depth -= thread->depth > 0;
    return ctx != NULL ? gs_context_push(thread, gs_context_find(ctx)) : CUDA_SUCCESS;
}

CUresult gs_cuCtxGetCurrent(CUcontext *pctx)
{
    const struct gs_thread *thread;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    thread = gs_thread_peek();
    *pctx = thread != NULL && thread->depth > 0
                ? (CUcontext)(uintptr_t)thread->stack[thread->depth - 1]
                : NULL;
    return CUDA_SUCCESS;
}

/* The context named, or the current one, dead or alive: 3, 201. */
static CUresult named_or_current(CUcontext ctx, struct gs_context **context)
{
    const struct gs_thread *thread = gs_thread_peek();
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctx == NULL && thread != NULL && thread->depth > 0) {
        ctx = (CUcontext)(uintptr_t)thread->stack[thread->depth - 1];
    }
    *context = ctx != NULL ? gs_context_find(ctx) : NULL;
    return *context != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult gs_cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx)
{
    struct gs_context *context;
    CUresult cu = gs_ready();

    if (cu == CUDA_SUCCESS && device == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = named_or_current(ctx, &context);
    if (cu == CUDA_SUCCESS) {
        *device = device_of(gs_context_handle(context));
    }
    return cu;
}

CUresult gs_cuCtxGetDevice(CUdevice *device)
{
    return gs_cuCtxGetDevice_v2(device, NULL);
}

CUresult gs_cuCtxGetFlags(unsigned int *flags)
{
    struct gs_context *context;
    CUresult cu = named_or_current(NULL, &context);

    if (cu == CUDA_SUCCESS && flags == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        /* The primary context can always map host memory. */
        *flags = atomic_load(&context->flags) | (context->primary ? CU_CTX_MAP_HOST : 0);
    }
    return cu;
}

CUresult gs_cuCtxSetFlags(unsigned int flags)
{
    struct gs_call call;
    CUresult cu = gs_enter_quiet(&call);

    if (cu == CUDA_SUCCESS && !gs_context_flags_valid(flags)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        atomic_store(&call.context->flags, flags);
    }
    return cu;
}

CUresult gs_cuCtxGetId(CUcontext ctx, unsigned long long *ctxId)
{
    struct gs_context *context;
    CUresult cu = named_or_current(ctx, &context);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctxId == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!gs_context_is_active(context)) {
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    *ctxId = context->id;
    return CUDA_SUCCESS;
}

CUresult gs_cuCtxGetApiVersion(CUcontext ctx, unsigned int *version)
{
    struct gs_context *context;
    CUresult cu = named_or_current(ctx, &context);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (version == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!gs_context_is_active(context)) {
        return ctx != NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    *version = API_VERSION;
    return CUDA_SUCCESS;
}
