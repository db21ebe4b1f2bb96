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

static CUresult tell(struct gs_function *function, CUfunction_attribute attrib, int value)
{
    struct vgpu_args_cuFuncSetAttribute args = {
        .function = function->wire, .attrib = (uint32_t)attrib, .value = value};
    struct vgpu_ret_cuFuncSetAttribute ret;
    CUresult cu = gs_call_cuFuncSetAttribute(function->module->session, &args, &ret);

    if (cu == CUDA_SUCCESS) {
        if (attrib == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
            atomic_store(&function->driver_shared, value);
        }
        atomic_store(&function->attributes[attrib], value);
        forget_occupancy(function);
        gs_form_forget(function);
    }
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

    return gs_call_cuFuncSetCacheConfig(function->module->session, &args, &ret);
}
