/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"

static void forget_occupancy(struct gs_function *function)
{
    (void)pthread_mutex_lock(&function->lock);
    for (unsigned int i = 0; i < GS_OCCUPANCY; i++) {
        function->occupancy[i].known = false;
    }
    (void)pthread_mutex_unlock(&function->lock);
}

/* Whether any value that an attribute has may be set once more. */
static bool is_settable(CUfunction_attribute attrib)
{
    return attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ||
           attrib == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT ||
           attrib == CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
}

CUresult gs_function_set(struct gs_function *function, CUfunction_attribute attrib, int value)
{
    struct vgpu_args_cuFuncSetAttribute args = {
        .function = function->wire, .attrib = (uint32_t)attrib, .value = value};
    struct vgpu_ret_cuFuncSetAttribute ret;
    CUresult cu;

    if (is_settable(attrib) && atomic_load(&function->attributes[attrib]) == value) {
        return CUDA_SUCCESS;
    }
    cu = gs_call_cuFuncSetAttribute(function->module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        atomic_store(&function->attributes[attrib], value);
        forget_occupancy(function);
        gs_form_forget(function);
    }
    return cu;
}

CUresult gs_function_set_cache(struct gs_function *function, CUfunc_cache config)
{
    struct vgpu_args_cuFuncSetCacheConfig args = {.function = function->wire,
                                                  .config = (uint32_t)config};
    struct vgpu_ret_cuFuncSetCacheConfig ret;

    return gs_call_cuFuncSetCacheConfig(function->module->session, &args, &ret);
}
