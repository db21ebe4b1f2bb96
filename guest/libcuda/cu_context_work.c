/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <string.h>

#include "guest/libcuda/capture.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/pool.h"

static CUresult synchronize(struct gs_session *s)
{
    CUresult cu = gs_synchronize(s);

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

    if (cu == CUDA_SUCCESS && (unsigned int)limit >= CU_LIMIT_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return cu == CUDA_SUCCESS ? gs_call_cuCtxSetLimit(call.session, &args, &ret) : cu;
}

CUresult gs_cuCtxGetLimit(size_t *value, CUlimit limit)
{
    struct vgpu_args_cuCtxGetLimit args = {.limit = (uint32_t)limit};
    struct vgpu_ret_cuCtxGetLimit ret;
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
    cu = gs_call_cuCtxGetLimit(call.session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        *value = ret.value;
    }
    return cu;
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
