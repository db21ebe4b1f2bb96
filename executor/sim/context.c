/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/context.h"

#include <stdlib.h>

#include "executor/sim/engine.h"
#include "executor/sim/event.h"
#include "executor/sim/handle.h"
#include "executor/sim/memory.h"
#include "executor/sim/module.h"
#include "executor/sim/stream.h"
#include "executor/sim/texture.h"

/* A thread's stack of current contexts; deeper pushes are refused. */
#define STACK_MAX 64

static __thread CUcontext stack[STACK_MAX];
static __thread int depth;

static const size_t limit_defaults[CU_LIMIT_MAX] = {
    [CU_LIMIT_STACK_SIZE] = 1024,
    [CU_LIMIT_PRINTF_FIFO_SIZE] = 8650752,
    [CU_LIMIT_MALLOC_HEAP_SIZE] = 8388608,
    [CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT] = 2048,
    [CU_LIMIT_MAX_L2_FETCH_GRANULARITY] = 64,
    [CU_LIMIT_PERSISTING_L2_CACHE_SIZE] = 9830400,
    [CU_LIMIT_SHMEM_SIZE] = SIM_SHARED_OPTIN,
};

CUcontext context_current(void)
{
    return depth > 0 ? stack[depth - 1] : NULL;
}

static bool flags_ok(unsigned int flags)
{
    unsigned int sched = flags & CU_CTX_SCHED_MASK;

    return (flags & ~(unsigned)CU_CTX_FLAGS_MASK) == 0 &&
           (sched == CU_CTX_SCHED_AUTO || sched == CU_CTX_SCHED_SPIN ||
            sched == CU_CTX_SCHED_YIELD || sched == CU_CTX_SCHED_BLOCKING_SYNC);
}

static CUcontext context_new(struct sim_device *dev, bool primary)
{
    CUcontext ctx = calloc(1, sizeof(*ctx));

    if (ctx == NULL || handle_add(HANDLE_CONTEXT, ctx) != 0) {
        free(ctx);
        return NULL;
    }
    ctx->dev = dev;
    ctx->primary = primary;
    return ctx;
}

/* Give a new or reset context its streams and defaults. */
static CUresult context_activate(CUcontext ctx, unsigned int flags)
{
    CUresult cu = sim_start();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (sim.sticky != CUDA_SUCCESS) {
        return sim.sticky;
    }
    ctx->null_stream = stream_new(ctx, 0, 0);
    if (ctx->null_stream == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    ctx->id = ++sim.next_id;
    ctx->flags = flags & ~(unsigned)CU_CTX_MAP_HOST;
    ctx->cache_config = CU_FUNC_CACHE_PREFER_NONE;
    for (int i = 0; i < CU_LIMIT_MAX; i++) {
        ctx->limit[i] = limit_defaults[i];
    }
    ctx->active = true;
    return CUDA_SUCCESS;
}

/* Wait for the context's work, then release all that it owns. */
static void context_deactivate(CUcontext ctx)
{
    ctx->active = false;
    (void)engine_wait_context(ctx);
    module_free_all(ctx);
    event_free_all(ctx);
    stream_free_all(ctx);
    texture_free_all(ctx);
    array_free_all(ctx);
    mipmap_free_all(ctx);
    memory_free_all(ctx);
}

static CUresult create(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
    CUcontext ctx;
    CUresult cu;

    if (pctx == NULL || !flags_ok(flags)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (dev < 0 || dev >= sim.device_count) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    if (sim.sticky != CUDA_SUCCESS) {
        return sim.sticky;
    }
    ctx = depth < STACK_MAX ? context_new(&sim.device[dev], false) : NULL;
    if (ctx == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = context_activate(ctx, flags);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    stack[depth++] = ctx;
    *pctx = ctx;
    return CUDA_SUCCESS;
}

CUresult cuCtxCreate(CUcontext *pctx, CUctxCreateParams *ctxCreateParams, unsigned int flags,
                     CUdevice dev)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctxCreateParams != NULL &&
        (ctxCreateParams->numExecAffinityParams != 0 || ctxCreateParams->cigParams != NULL)) {
        return sim_end(CUDA_ERROR_NOT_SUPPORTED);
    }
    return sim_end(create(pctx, flags, dev));
}

static CUresult destroy(CUcontext ctx)
{
    if (!handle_ok(HANDLE_CONTEXT, ctx)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (ctx->primary) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (!ctx->active) {
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    context_deactivate(ctx);
    if (context_current() == ctx) {
        depth--;
    }
    return CUDA_SUCCESS;
}

CUresult cuCtxDestroy(CUcontext ctx)
{
    CUresult cu = ctx == NULL ? CUDA_ERROR_INVALID_VALUE : sim_begin(__func__);

    return cu != CUDA_SUCCESS ? cu : sim_end(destroy(ctx));
}

CUresult cuCtxPushCurrent(CUcontext ctx)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_CONTEXT, ctx) || depth == STACK_MAX) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    stack[depth++] = ctx;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxPopCurrent(CUcontext *pctx)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (context_current() == NULL) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (pctx != NULL) {
        *pctx = context_current();
    }
    depth--;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxSetCurrent(CUcontext ctx)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctx != NULL && !handle_ok(HANDLE_CONTEXT, ctx)) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (ctx == NULL) {
        depth -= depth > 0;
    } else {
        depth += depth == 0;
        stack[depth - 1] = ctx;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetCurrent(CUcontext *pctx)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pctx == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pctx = context_current();
    return sim_end(CUDA_SUCCESS);
}

static CUresult retain(CUcontext *pctx, CUdevice dev)
{
    struct sim_device *d;
    CUresult cu;

    if (pctx == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (dev < 0 || dev >= sim.device_count) {
        return CUDA_ERROR_INVALID_DEVICE;
    }
    if (sim.sticky != CUDA_SUCCESS) {
        return sim.sticky;
    }
    d = &sim.device[dev];
    if (d->primary == NULL) {
        d->primary = context_new(d, true);
    }
    if (d->primary == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!d->primary->active) {
        cu = context_activate(d->primary, d->primary_flags);
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
    }
    d->primary_refs++;
    *pctx = d->primary;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)
{
    CUresult cu = sim_begin(__func__);

    return cu != CUDA_SUCCESS ? cu : sim_end(retain(pctx, dev));
}

/* The device of a primary-context call; on an error nothing is held. */
static CUresult begin_primary(const char *call, CUdevice dev, struct sim_device **d)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (dev < 0 || dev >= sim.device_count) {
        return sim_end(CUDA_ERROR_INVALID_DEVICE);
    }
    *d = &sim.device[dev];
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice dev)
{
    struct sim_device *d;
    CUresult cu = begin_primary(__func__, dev, &d);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (d->primary_refs == 0) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (--d->primary_refs == 0 && d->primary->active) {
        context_deactivate(d->primary);
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxReset(CUdevice dev)
{
    struct sim_device *d;
    CUresult cu = begin_primary(__func__, dev, &d);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (d->primary != NULL && d->primary->active) {
        context_deactivate(d->primary);
    }
    d->primary_flags = 0;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags)
{
    struct sim_device *d;
    CUresult cu = begin_primary(__func__, dev, &d);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!flags_ok(flags)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    d->primary_flags = flags & ~(unsigned)CU_CTX_MAP_HOST;
    if (d->primary != NULL && d->primary->active) {
        d->primary->flags = d->primary_flags;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active)
{
    struct sim_device *d;
    CUresult cu = begin_primary(__func__, dev, &d);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (flags == NULL || active == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *flags = d->primary_flags;
    *active = d->primary != NULL && d->primary->active;
    return sim_end(CUDA_SUCCESS);
}
