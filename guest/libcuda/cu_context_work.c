/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/capture.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/pool.h"

/* Where all that was sent is known to be done, nobody is asked again. */
static CUresult wait_for_all(struct gs_session *s)
{
    CUresult cu;

    if (!gs_settled_all(s)) {
        return gs_synchronize(s);
    }
    cu = gs_session_error(s);
    return cu == CUDA_SUCCESS ? gs_console_flush(s) : cu;
}

static CUresult synchronize(struct gs_session *s)
{
    CUresult cu = wait_for_all(s);

    if (cu == CUDA_SUCCESS) {
        gs_pools_synced(s);
    }
    return cu;
}

CUresult gs_cuCtxSynchronize(void)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_context_asked(call.context);
    }
    return cu == CUDA_SUCCESS ? synchronize(call.session) : cu;
}

CUresult gs_cuCtxSynchronize_v2(CUcontext ctx)
{
    struct gs_context *context;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS || ctx == NULL) {
        return cu == CUDA_SUCCESS ? gs_cuCtxSynchronize() : cu;
    }
    context = gs_context_find(ctx);
    if (context == NULL) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (!gs_context_is_active(context)) {
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    cu = gs_session_error(context->session);
    if (cu == CUDA_SUCCESS) {
        cu = gs_capture_context_asked(context);
    }
    return cu == CUDA_SUCCESS ? synchronize(context->session) : cu;
}

CUresult gs_cuCtxSetLimit(CUlimit limit, size_t value)
{
    struct vgpu_args_cuCtxSetLimit args = {.limit = (uint32_t)limit, .value = value};
    struct vgpu_ret_cuCtxSetLimit ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)limit >= CU_LIMIT_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    gs_limits_forget(&call.session->limits);
    cu = gs_call_cuCtxSetLimit(call.session, &args, &ret);
    gs_limits_forget(&call.session->limits); /* one may move another */
    return cu;
}

static CUresult ask_limit(struct gs_session *s, CUlimit limit, uint64_t *value)
{
    struct vgpu_args_cuCtxGetLimit args = {.limit = (uint32_t)limit};
    uint64_t changes = gs_limits_changes(&s->limits);
    struct vgpu_ret_cuCtxGetLimit ret;
    CUresult cu = gs_call_cuCtxGetLimit(s, &args, &ret);

    if (cu == CUDA_SUCCESS) {
        *value = ret.value;
        gs_limits_keep(&s->limits, changes, limit, ret.value);
    }
    return cu;
}

CUresult gs_cuCtxGetLimit(size_t *value, CUlimit limit)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (value == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((unsigned int)limit >= CU_LIMIT_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_limits_find(&call.session->limits, limit, value)
               ? CUDA_SUCCESS
               : ask_limit(call.session, limit, value);
}

CUresult gs_cuCtxGetCacheConfig(CUfunc_cache *pconfig)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && pconfig == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        *pconfig = (CUfunc_cache)atomic_load(&call.context->cache_config);
    }
    return cu;
}

CUresult gs_cuCtxSetCacheConfig(CUfunc_cache config)
{
    struct vgpu_args_cuCtxSetCacheConfig args = {.config = (uint32_t)config};
    struct vgpu_ret_cuCtxSetCacheConfig ret;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_call_cuCtxSetCacheConfig(call.session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        atomic_store(&call.context->cache_config, config);
    }
    return cu;
}

CUresult gs_cuCtxGetStreamPriorityRange(int *leastPriority, int *greatestPriority)
{
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && leastPriority != NULL) {
        *leastPriority = call.context->device->facts.priority_least;
    }
    if (cu == CUDA_SUCCESS && greatestPriority != NULL) {
        *greatestPriority = call.context->device->facts.priority_greatest;
    }
    return cu;
}
