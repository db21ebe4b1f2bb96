/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/export.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/context_storage.h"

/* The context named, or the current one: 3, 201. */
static CUresult named(CUcontext ctx, struct gs_thread **thread, struct gs_context **context)
{
    CUresult cu = gs_ready();

    if (__builtin_expect(cu != CUDA_SUCCESS, 0)) {
        return cu;
    }
    *thread = gs_thread_peek();
    if (ctx == NULL && *thread != NULL && (*thread)->depth > 0) {
        ctx = (CUcontext)(uintptr_t)(*thread)->stack[(*thread)->depth - 1];
    }
    if (ctx != NULL && *thread == NULL) {
        *thread = gs_thread_get();
    }
    *context = ctx != NULL ? gs_context_find(ctx) : NULL;
    return *context != NULL && *thread != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

static CUresult put(CUcontext ctx, void *key, void *value, gs_stored_end end)
{
    struct gs_context *context;
    struct gs_thread *thread;
    CUresult cu = named(ctx, &thread, &context);

    return cu == CUDA_SUCCESS ? gs_storage_put(context, key, value, end) : cu;
}

static CUresult delete (CUcontext ctx, void *key)
{
    struct gs_context *context;
    struct gs_thread *thread;
    CUresult cu = named(ctx, &thread, &context);

    return cu == CUDA_SUCCESS ? gs_storage_delete(context, key) : cu;
}

/* Found at the last look: nothing else is asked, because a thread with a context is one of an
 * initialised process and in no host function. */
static bool remembered(void **value, const void *key)
{
    const struct gs_thread *thread = gs_thread_peek();
    const struct gs_storage_seen *seen;

    if (thread == NULL || thread->depth == 0 || value == NULL) {
        return false;
    }
    seen = &thread->seen[gs_storage_place(key)];
    if (!gs_storage_is(seen, thread->stack[thread->depth - 1], key)) {
        return false;
    }
    *value = seen->value;
    return true;
}

static CUresult get(void **value, CUcontext ctx, void *key)
{
    struct gs_context *context;
    struct gs_thread *thread;
    CUresult cu;

    if (ctx == NULL && remembered(value, key)) {
        return CUDA_SUCCESS;
    }
    cu = named(ctx, &thread, &context);
    if (cu == CUDA_SUCCESS && value == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? gs_storage_get(thread, context, key, value) : cu;
}

const struct gs_export_slot gs_export_storage[] = {
    GS_EXPORT_SLOT(0, put),
    GS_EXPORT_SLOT(1, delete),
    GS_EXPORT_SLOT(2, get),
    GS_EXPORT_END,
};
