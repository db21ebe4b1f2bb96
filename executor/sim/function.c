/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/module.h"

#include "executor/sim/handle.h"

#define PTX_BINARY_VERSION 90

/* Begin a call on a function handle; nothing is held on an error. */
static CUresult begin_function(const char *call, CUfunction f)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return handle_ok(HANDLE_FUNCTION, f) ? CUDA_SUCCESS : sim_end(CUDA_ERROR_INVALID_HANDLE);
}

static int cluster_index(CUfunction_attribute attrib)
{
    return (int)attrib - CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET;
}

static int attribute_value(const struct CUfunc_st *f, CUfunction_attribute attrib)
{
    switch (attrib) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        return (int)f->ptx->max_threads;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
        return (int)f->ptx->shared_bytes;
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
        return (int)f->module->ptx->const_bytes;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
        return (int)f->ptx->stack_bytes;
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
        return (int)f->ptx->reg_estimate;
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
        return f->module->ptx->target;
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
        return PTX_BINARY_VERSION;
    case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
        return 0;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        return f->dynamic_shared_max;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        return f->carveout;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        return f->cluster[cluster_index(attrib)];
    case CU_FUNC_ATTRIBUTE_MAX:
    default:
        return 0;
    }
}

CUresult cuFuncGetAttribute(int *pi, CUfunction_attribute attrib, CUfunction hfunc)
{
    CUresult cu = begin_function(__func__, hfunc);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pi == NULL || (unsigned)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *pi = attribute_value(hfunc, attrib);
    return sim_end(CUDA_SUCCESS);
}

static CUresult set_attribute(CUfunction f, CUfunction_attribute attrib, int value)
{
    switch ((int)attrib) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
        if (value < 0 || (uint32_t)value > SIM_SHARED_OPTIN - f->ptx->shared_bytes) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        f->dynamic_shared_max = value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
        if (value < CU_SHAREDMEM_CARVEOUT_DEFAULT || value > CU_SHAREDMEM_CARVEOUT_MAX_SHARED) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        f->carveout = value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
        if (value < 0) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (value > 1) {
            return CUDA_ERROR_NOT_SUPPORTED; /* clusters are not simulated */
        }
        f->cluster[cluster_index(attrib)] = value;
        return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        f->cluster[cluster_index(attrib)] = value;
        return CUDA_SUCCESS;
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult cuFuncSetAttribute(CUfunction hfunc, CUfunction_attribute attrib, int value)
{
    CUresult cu = begin_function(__func__, hfunc);

    return cu != CUDA_SUCCESS ? cu : sim_end(set_attribute(hfunc, attrib, value));
}

CUresult cuFuncSetCacheConfig(CUfunction hfunc, CUfunc_cache config)
{
    CUresult cu = begin_function(__func__, hfunc);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    hfunc->cache_config = config;
    return sim_end(CUDA_SUCCESS);
}

/* The queries below answer 1, not 400, for what is no function. */
static CUresult begin_info(const char *call, const void *out, CUfunction f)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (out == NULL || !handle_ok(HANDLE_FUNCTION, f)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    return CUDA_SUCCESS;
}

CUresult cuFuncGetModule(CUmodule *hmod, CUfunction hfunc)
{
    CUresult cu = begin_info(__func__, hmod, hfunc);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *hmod = hfunc->module;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuFuncGetName(const char **name, CUfunction hfunc)
{
    CUresult cu = hfunc == NULL ? CUDA_ERROR_INVALID_VALUE : begin_info(__func__, name, hfunc);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *name = hfunc->ptx->name;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuFuncGetParamInfo(CUfunction func, size_t paramIndex, size_t *paramOffset,
                            size_t *paramSize)
{
    CUresult cu = func == NULL ? CUDA_ERROR_INVALID_VALUE : begin_info(__func__, paramOffset, func);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (paramIndex >= func->ptx->param_count) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *paramOffset = func->ptx->param[paramIndex].offset;
    if (paramSize != NULL) {
        *paramSize = func->ptx->param[paramIndex].size;
    }
    return sim_end(CUDA_SUCCESS);
}
