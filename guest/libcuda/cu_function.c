/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/module.h"

CUresult gs_cuFuncGetAttribute(int *pi, CUfunction_attribute attrib, CUfunction hfunc)
{
    struct gs_function *function;
    CUresult cu = gs_function_find(hfunc, &function);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pi == NULL || (unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pi = atomic_load_explicit(&function->attributes[attrib], memory_order_relaxed);
    return CUDA_SUCCESS;
}

static void forget_occupancy(struct gs_function *function)
{
    (void)pthread_mutex_lock(&function->lock);
    for (unsigned int i = 0; i < GS_OCCUPANCY; i++) {
        function->occupancy[i].known = false;
    }
    (void)pthread_mutex_unlock(&function->lock);
}

CUresult gs_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attrib, int value)
{
    struct vgpu_args_cuFuncSetAttribute args = {.attrib = (uint32_t)attrib, .value = value};
    struct vgpu_ret_cuFuncSetAttribute ret;
    struct gs_function *f;
    CUresult cu = gs_function_find(function, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.function = f->wire;
    cu = gs_call_cuFuncSetAttribute(f->module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        atomic_store(&f->attributes[attrib], value);
        forget_occupancy(f);
    }
    return cu;
}

CUresult gs_cuFuncSetCacheConfig(CUfunction function, CUfunc_cache config)
{
    struct vgpu_args_cuFuncSetCacheConfig args = {.config = (uint32_t)config};
    struct vgpu_ret_cuFuncSetCacheConfig ret;
    struct gs_function *f;
    CUresult cu = gs_function_find(function, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.function = f->wire;
    return gs_call_cuFuncSetCacheConfig(f->module->session, &args, &ret);
}

/* The following give 1 where the others give 400: measured. */
static CUresult find_or_invalid(CUfunction handle, struct gs_function **function)
{
    CUresult cu = gs_function_find(handle, function);

    return cu == CUDA_ERROR_INVALID_HANDLE && handle == NULL ? CUDA_ERROR_INVALID_VALUE : cu;
}

CUresult gs_cuFuncGetModule(CUmodule *hmod, CUfunction hfunc)
{
    struct gs_function *function;
    CUresult cu = find_or_invalid(hfunc, &function);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (hmod == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *hmod = gs_module_handle(function->module);
    return CUDA_SUCCESS;
}

CUresult gs_cuFuncGetName(const char **name, CUfunction hfunc)
{
    struct gs_function *function;
    CUresult cu = find_or_invalid(hfunc, &function);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *name = function->name;
    return CUDA_SUCCESS;
}

CUresult gs_cuFuncGetParamInfo(CUfunction func, size_t paramIndex, size_t *paramOffset,
                               size_t *paramSize)
{
    struct gs_function *function;
    CUresult cu = find_or_invalid(func, &function);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (paramOffset == NULL || paramIndex >= function->param_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *paramOffset = function->params[paramIndex].offset;
    if (paramSize != NULL) {
        *paramSize = function->params[paramIndex].size;
    }
    return CUDA_SUCCESS;
}
