/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"
#include "guest/libcuda/launch.h"
#include "guest/libcuda/module.h"

/* Whether any value that an attribute has may be set once more. */
static bool is_settable(CUfunction_attribute attrib)
{
    return attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ||
           attrib == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT ||
           attrib == CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
}

/* What no launch that was accepted before is refused for: how much shared memory it may have is
 * looked at here, and the division of the cache is part of those forms that depend on it. */
static bool is_of_no_form(CUfunction_attribute attrib)
{
    return attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ||
           attrib == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
}

static CUresult tell(struct gs_function *function, CUfunction_attribute attrib, int value)
{
    struct vgpu_args_cuFuncSetAttribute args = {
        .function = function->wire, .attrib = (uint32_t)attrib, .value = value};
    struct vgpu_ret_cuFuncSetAttribute ret;
    CUresult cu;

    (void)atomic_fetch_add(&function->settings_begun, 1);
    cu = gs_call_cuFuncSetAttribute(function->module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        if (attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
            atomic_store(&function->driver_shared, value);
        }
        atomic_store(&function->attributes[attrib], value);
        if (!is_of_no_form(attrib)) {
            gs_form_forget(function);
        }
    }
    (void)atomic_fetch_add(&function->settings_done, 1);
    return cu;
}

/* Libraries set this before every launch of a kernel, now more, now less: what is less than the
 * driver allows already is held against launches here. */
static bool is_within(const struct gs_function *function, CUfunction_attribute attrib, int value)
{
    return attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && value >= 0 &&
           value <= atomic_load(&function->driver_shared);
}

CUresult gs_function_set(struct gs_function *function, CUfunction_attribute attrib, int value)
{
    if (is_settable(attrib) && atomic_load(&function->attributes[attrib]) == value) {
        return CUDA_SUCCESS;
    }
    if (is_within(function, attrib, value)) {
        atomic_store(&function->attributes[attrib], value);
        return CUDA_SUCCESS;
    }
    return tell(function, attrib, value);
}

CUresult gs_function_settle(struct gs_function *function, uint64_t shared)
{
    const CUfunction_attribute attrib = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    int32_t most = atomic_load(&function->attributes[attrib]);

    return shared <= (uint64_t)(uint32_t)most || most == atomic_load(&function->driver_shared)
               ? CUDA_SUCCESS
               : tell(function, attrib, most);
}

CUresult gs_function_set_cache(struct gs_function *function, CUfunc_cache config)
{
    struct vgpu_args_cuFuncSetCacheConfig args = {.function = function->wire,
                                                  .config = (uint32_t)config};
    struct vgpu_ret_cuFuncSetCacheConfig ret;
    CUresult cu;

    if (atomic_load(&function->cache_config) == (int32_t)config) {
        return CUDA_SUCCESS;
    }
    (void)atomic_fetch_add(&function->settings_begun, 1);
    cu = gs_call_cuFuncSetCacheConfig(function->module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        atomic_store(&function->cache_config, (int32_t)config);
    }
    (void)atomic_fetch_add(&function->settings_done, 1);
    return cu;
}
