/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/context.h"

#include "executor/sim/engine.h"
#include "executor/sim/handle.h"

/* The most a thread's stack may be set to on sm_90 with 132 SMs. */
#define STACK_LIMIT_MAX  523712
#define PRINTF_LIMIT_MIN 524288
#define PERSISTING_UNIT  3276800

CUresult cuCtxGetDevice(CUdevice *device)
{
    CUresult cu = sim_begin(__func__);
    CUcontext ctx;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    ctx = context_current();
    if (ctx == NULL) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (device == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *device = ctx->dev->ordinal;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetFlags(unsigned int *flags)
{
    CUresult cu = sim_begin(__func__);
    CUcontext ctx;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    ctx = context_current();
    if (ctx == NULL) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    if (flags == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *flags = ctx->flags;
    return sim_end(CUDA_SUCCESS);
}

/* No tool ever listens here. */
static CUresult profiler(const char *call)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(context_current() == NULL ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS);
}

CUresult cuProfilerStart(void)
{
    return profiler(__func__);
}

CUresult cuProfilerStop(void)
{
    return profiler(__func__);
}

CUresult cuCtxSetFlags(unsigned int flags)
{
    unsigned int sched = flags & CU_CTX_SCHED_MASK;
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((flags & ~(unsigned)CU_CTX_FLAGS_MASK) != 0 || (sched & (sched - 1)) != 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    ctx->flags = flags & ~(unsigned)CU_CTX_MAP_HOST;
    return sim_end(CUDA_SUCCESS);
}

/* The context that a handle, or NULL for the current one, names. */
static CUresult begin_handle(const char *call, CUcontext *ctx)
{
    CUresult cu = sim_begin(call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (*ctx == NULL) {
        *ctx = context_current();
    }
    if (*ctx == NULL || !handle_ok(HANDLE_CONTEXT, *ctx) || !(*ctx)->active) {
        return sim_end(CUDA_ERROR_INVALID_CONTEXT);
    }
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx)
{
    CUresult cu = begin_handle(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (device == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *device = ctx->dev->ordinal;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetId(CUcontext ctx, unsigned long long *ctxId)
{
    CUresult cu = begin_handle(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ctxId == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *ctxId = ctx->id;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetApiVersion(CUcontext ctx, unsigned int *version)
{
    CUresult cu = begin_handle(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (version == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *version = 3020; /* what every context of the _v2 and later forms answers */
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxSynchronize(void)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(engine_wait_context(ctx));
}

CUresult cuCtxSynchronize_v2(CUcontext ctx)
{
    CUresult cu = begin_handle(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return sim_end(sim.sticky != CUDA_SUCCESS ? sim.sticky : engine_wait_context(ctx));
}

static CUresult limit_round(CUlimit limit, size_t *value)
{
    switch ((int)limit) {
    case CU_LIMIT_STACK_SIZE:
        *value = sim_round_up(*value, 16);
        return *value <= STACK_LIMIT_MAX ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    case CU_LIMIT_PRINTF_FIFO_SIZE:
        *value = *value < PRINTF_LIMIT_MIN ? PRINTF_LIMIT_MIN : *value;
        return CUDA_SUCCESS;
    case CU_LIMIT_MALLOC_HEAP_SIZE:
    case CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT:
        return CUDA_SUCCESS;
    case CU_LIMIT_MAX_L2_FETCH_GRANULARITY:
        return *value <= 128 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
    case CU_LIMIT_PERSISTING_L2_CACHE_SIZE:
        *value = sim_round_up(*value, PERSISTING_UNIT);
        return CUDA_SUCCESS;
    case CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH:
    case CU_LIMIT_CIG_SHMEM_FALLBACK_ENABLED:
        return CUDA_ERROR_UNSUPPORTED_LIMIT;
    case CU_LIMIT_SHMEM_SIZE:
    case CU_LIMIT_CIG_ENABLED:
        return CUDA_ERROR_NOT_PERMITTED;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = limit_round(limit, &value);
    if (cu == CUDA_SUCCESS) {
        cu = engine_wait_all(true);
    }
    if (cu == CUDA_SUCCESS) {
        ctx->limit[limit] = value;
    }
    return sim_end(cu);
}

CUresult cuCtxGetLimit(size_t *pvalue, CUlimit limit)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pvalue == NULL || (unsigned)limit >= CU_LIMIT_MAX) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (limit == CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH || limit == CU_LIMIT_CIG_SHMEM_FALLBACK_ENABLED) {
        return sim_end(CUDA_ERROR_UNSUPPORTED_LIMIT);
    }
    *pvalue = ctx->limit[limit];
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *pconfig)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pconfig == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pconfig = ctx->cache_config;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    ctx->cache_config = config;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuCtxGetStreamPriorityRange(int *leastPriority, int *greatestPriority)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (leastPriority != NULL) {
        *leastPriority = 0;
    }
    if (greatestPriority != NULL) {
        *greatestPriority = -5;
    }
    return sim_end(CUDA_SUCCESS);
}
