/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/module.h"

#include <stdlib.h>
#include <string.h>

#include "gs_calls.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/address.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/kernel.h"

CUresult gs_module_find(CUmodule handle, struct gs_module **module)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_session *s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    s = gs_session_of(value, VGPU_HANDLE_MODULE);
    *module = s != NULL ? vgpu_handles_get(s->modules, gs_handle_wire(value)) : NULL;
    return *module != NULL ? gs_session_error(s) : CUDA_ERROR_INVALID_HANDLE;
}

struct gs_function *gs_function_known(CUfunction handle)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    struct gs_session *s = gs_session_of(value, VGPU_HANDLE_FUNCTION);

    return s != NULL ? vgpu_handles_get(s->functions, gs_handle_wire(value)) : NULL;
}

static inline CUresult find_function(uint64_t value, struct gs_function **function)
{
    struct gs_session *s = gs_session_of(value, VGPU_HANDLE_FUNCTION);

    *function = s != NULL ? vgpu_handles_get(s->functions, gs_handle_wire(value)) : NULL;
    return *function != NULL ? gs_session_error(s) : CUDA_ERROR_INVALID_HANDLE;
}

CUresult gs_function_in(const struct gs_call *call, CUfunction handle,
                        struct gs_function **function)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;

    if (vgpu_handle_kind_of(value) == VGPU_HANDLE_KERNEL) {
        struct gs_kernel *kernel = gs_kernel_get((CUkernel)(uintptr_t)value);

        return kernel != NULL ? gs_kernel_function(kernel, call, function)
                              : CUDA_ERROR_INVALID_HANDLE;
    }
    return find_function(value, function);
}

CUresult gs_function_find(CUfunction handle, struct gs_function **function)
{
    uint64_t value = (uint64_t)(uintptr_t)handle;
    CUresult cu = gs_ready();
    struct gs_call call;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (vgpu_handle_kind_of(value) != VGPU_HANDLE_KERNEL) {
        return find_function(value, function);
    }
    cu = gs_enter(&call);
    return cu == CUDA_SUCCESS ? gs_function_in(&call, handle, function) : cu;
}

CUmodule gs_module_handle(const struct gs_module *module)
{
    return (CUmodule)(uintptr_t)gs_handle_public(module->session, module->wire);
}

CUfunction gs_function_handle(const struct gs_function *function)
{
    return (CUfunction)(uintptr_t)gs_handle_public(function->module->session, function->wire);
}

static void free_function(struct gs_function *function)
{
    free(function->answers);
    free(function->old);
    free(function->params);
    free(function->name);
    free(function);
}

void gs_module_free(struct gs_module *module)
{
    while (module->functions != NULL) {
        struct gs_function *function = module->functions;

        module->functions = function->next;
        free_function(function);
    }
    while (module->variables != NULL) {
        struct gs_variable *variable = module->variables;

        module->variables = variable->next;
        free(variable->name);
        free(variable);
    }
    free(module);
}

static bool is_global_of(const struct gs_alloc *alloc, void *arg)
{
    return alloc->kind == GS_ALLOC_GLOBAL && alloc->module == arg;
}

/* Out of the tables first: another thread may be given the same handles as soon as the worker has
 * let go of them. */
static bool take_out(struct gs_module *module)
{
    struct gs_session *s = module->session;

    if (vgpu_handles_take(s->modules, module->wire) == NULL) {
        return false;
    }
    for (struct gs_function *f = module->functions; f != NULL; f = f->next) {
        (void)vgpu_handles_take(s->functions, f->wire);
    }
    return true;
}

CUresult gs_module_unload(struct gs_module *module)
{
    struct vgpu_args_cuModuleUnload args = {.module = module->wire};
    struct gs_session *s = module->session;
    struct vgpu_ret_cuModuleUnload ret;
    struct gs_alloc alloc;
    CUresult cu;

    if (!take_out(module)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    while (gs_alloc_map_take_if(&s->allocs, is_global_of, module, &alloc)) {
        if (alloc.reserved) {
            gs_address_release(alloc.base, alloc.size);
        }
    }
    gs_module_free(module);
    cu = gs_call_cuModuleUnload(s, &args, &ret);
    return cu == CUDA_SUCCESS ? gs_console_flush(s) : cu;
}

static bool take_layout(struct gs_function *function, const uint8_t *layout, uint32_t len)
{
    function->param_count = len / (uint32_t)sizeof(struct gs_param);
    if (len % sizeof(struct gs_param) != 0 || function->param_count > VGPU_PARAMS_MAX) {
        return false;
    }
    function->params = calloc(function->param_count + 1, sizeof(struct gs_param));
    if (function->params == NULL) {
        return false;
    }
    if (len > 0) {
        memcpy(function->params, layout, len);
    }
    for (uint32_t i = 0; i < function->param_count; i++) {
        const struct gs_param *p = &function->params[i];

        if (p->offset > VGPU_PARAM_BYTES_MAX || p->size > VGPU_PARAM_BYTES_MAX - p->offset) {
            return false;
        }
        if (p->offset + p->size > function->param_bytes) {
            function->param_bytes = p->offset + p->size;
        }
    }
    return true;
}

static struct gs_function *make_function(struct gs_module *module, const char *name,
                                         const struct vgpu_ret_cuModuleGetFunction *ret)
{
    struct gs_function *function = calloc(1, sizeof(*function));
    int32_t values[VGPU_FUNCTION_ATTRIBUTES] = {0};

    if (function == NULL) {
        return NULL;
    }
    function->module = module;
    function->wire = ret->function;
    function->name = strdup(name);
    (void)pthread_mutex_init(&function->lock, NULL);
    memcpy(values, ret->attributes,
           ret->attributes_len < sizeof(values) ? ret->attributes_len : sizeof(values));
    for (unsigned int i = 0; i < VGPU_FUNCTION_ATTRIBUTES; i++) {
        atomic_init(&function->attributes[i], values[i]);
    }
    atomic_init(&function->driver_shared, values[CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES]);
    atomic_init(&function->cache_config, -1);
    if (function->name == NULL || !take_layout(function, ret->layout, ret->layout_len) ||
        vgpu_handles_accept(module->session->functions, function->wire, function) != 0) {
        free_function(function);
        return NULL;
    }
    return function;
}

static CUresult ask_function(struct gs_module *module, const char *name, size_t len,
                             struct gs_function **function)
{
    struct vgpu_args_cuModuleGetFunction args = {
        .module = module->wire, .name = (const uint8_t *)name, .name_len = (uint32_t)len};
    struct vgpu_ret_cuModuleGetFunction ret;
    CUresult cu = gs_call_cuModuleGetFunction(module->session, &args, &ret);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *function = make_function(module, name, &ret);
    if (*function == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (*function)->next = module->functions;
    module->functions = *function;
    return CUDA_SUCCESS;
}

CUresult gs_module_function(struct gs_module *module, const char *name,
                            struct gs_function **function)
{
    size_t len = strnlen(name, VGPU_NAME_BYTES_MAX + 1);
    struct gs_function *known;
    CUresult cu = CUDA_SUCCESS;

    if (len > VGPU_NAME_BYTES_MAX) {
        return CUDA_ERROR_NOT_FOUND;
    }
    (void)pthread_mutex_lock(&module->lock);
    known = module->functions;
    while (known != NULL && strcmp(known->name, name) != 0) {
        known = known->next;
    }
    if (known != NULL) {
        *function = known;
    } else {
        cu = ask_function(module, name, len, function);
    }
    (void)pthread_mutex_unlock(&module->lock);
    return cu;
}
