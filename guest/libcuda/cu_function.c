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
    /* A kernel stands for its function at a launch; here it does not (measured). */
    if (vgpu_handle_kind_of((uint64_t)(uintptr_t)hfunc) == VGPU_HANDLE_KERNEL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (pi == NULL || (unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pi = atomic_load_explicit(&function->attributes[attrib], memory_order_relaxed);
    return CUDA_SUCCESS;
}

CUresult gs_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attrib, int value)
{
    struct gs_function *f;
    CUresult cu = gs_function_find(function, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_function_set(f, attrib, value);
    if (cu == CUDA_SUCCESS) {
        (void)atomic_fetch_or(&f->own, 1u << attrib);
    }
    return cu;
}

CUresult gs_cuFuncSetCacheConfig(CUfunction function, CUfunc_cache config)
{
    struct gs_function *f;
    CUresult cu = gs_function_find(function, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_function_set_cache(f, config);
}

/* Kernels are loaded with their module. */
CUresult gs_cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function)
{
    struct gs_function *f;
    CUresult cu = gs_function_find(function, &f);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (state == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return CUDA_SUCCESS;
}

CUresult gs_cuFuncLoad(CUfunction function)
{
    struct gs_function *f;

    return function == NULL ? CUDA_ERROR_INVALID_HANDLE : gs_function_find(function, &f);
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
    CUresult cu;

    if (hfunc == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = find_or_invalid(hfunc, &function);
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
    CUresult cu;

    if (func == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = find_or_invalid(func, &function);
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
