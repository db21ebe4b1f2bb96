/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/module.h"

#include <stdlib.h>
#include <string.h>

#include "executor/worker/session.h"

/* What travels back with a function.  The dispatcher's: functions are looked up there only. */
static struct {
    char name[VGPU_NAME_BYTES_MAX + 1];
    int32_t attributes[VGPU_FUNCTION_ATTRIBUTES];
    uint32_t layout[VGPU_PARAMS_MAX][2];
    uint32_t params;
} scratch;

CUresult ex_get_function(struct ex_session *x, uint64_t handle, CUfunction *function)
{
    struct ex_function *found = vgpu_handles_get(x->functions, handle);

    if (found == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *function = found->cu;
    return CUDA_SUCCESS;
}

static CUresult read_attributes(struct ex_session *x, CUfunction function)
{
    for (uint32_t i = 0; i < VGPU_FUNCTION_ATTRIBUTES; i++) {
        int value = 0;
        CUresult cu = x->driver->cuFuncGetAttribute(&value, (CUfunction_attribute)i, function);

        /* A driver older than an attribute says invalid value: nothing is set, so 0 holds. */
        if (cu != CUDA_SUCCESS && cu != CUDA_ERROR_INVALID_VALUE) {
            return cu;
        }
        scratch.attributes[i] = cu == CUDA_SUCCESS ? value : 0;
    }
    return CUDA_SUCCESS;
}

/* Offsets and sizes of the parameters; *bytes becomes the end of the last one. */
static CUresult read_layout(struct ex_session *x, CUfunction function, size_t *bytes)
{
    *bytes = 0;
    scratch.params = 0;
    if (x->driver->cuFuncGetParamInfo == NULL) {
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    for (;;) {
        size_t offset = 0;
        size_t size = 0;
        CUresult cu = x->driver->cuFuncGetParamInfo(function, scratch.params, &offset, &size);

        if (cu == CUDA_ERROR_INVALID_VALUE) {
            return CUDA_SUCCESS;
        }
        if (cu != CUDA_SUCCESS) {
            return cu;
        }
        if (scratch.params == VGPU_PARAMS_MAX || offset > VGPU_PARAM_BYTES_MAX ||
            size > VGPU_PARAM_BYTES_MAX) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
        scratch.layout[scratch.params][0] = (uint32_t)offset;
        scratch.layout[scratch.params][1] = (uint32_t)size;
        scratch.params++;
        *bytes = offset + size;
    }
}

/* The function's handle: the one it has already, or a new one. */
static CUresult file_function(struct ex_session *x, struct ex_module *module,
                              CUfunction cu_function, size_t param_bytes, uint64_t *handle)
{
    struct ex_function *f;

    for (f = module->functions; f != NULL; f = f->next) {
        if (f->cu == cu_function) {
            *handle = f->handle;
            return CUDA_SUCCESS;
        }
    }
    f = calloc(1, sizeof(*f));
    if (f == NULL || vgpu_handles_mint(x->functions, f, &f->handle) < 0) {
        free(f);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    f->cu = cu_function;
    f->param_bytes = param_bytes;
    f->next = module->functions;
    module->functions = f;
    *handle = f->handle;
    return CUDA_SUCCESS;
}

CUresult ex_do_cuModuleGetFunction(struct ex_session *session,
                                   const struct vgpu_args_cuModuleGetFunction *args,
                                   struct vgpu_ret_cuModuleGetFunction *ret)
{
    struct ex_module *module = vgpu_handles_get(session->modules, args->module);
    CUfunction function = NULL;
    size_t param_bytes = 0;
    CUresult cu;

    if (module == NULL) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!ex_name_copy(scratch.name, sizeof(scratch.name), args->name, args->name_len)) {
        return CUDA_ERROR_NOT_FOUND;
    }
    cu = session->driver->cuModuleGetFunction(&function, module->cu, scratch.name);
    if (cu == CUDA_SUCCESS) {
        cu = read_attributes(session, function);
    }
    if (cu == CUDA_SUCCESS) {
        cu = read_layout(session, function, &param_bytes);
    }
    if (cu == CUDA_SUCCESS) {
        cu = file_function(session, module, function, param_bytes, &ret->function);
    }
    ret->attributes = (const uint8_t *)scratch.attributes;
    ret->attributes_len = sizeof(scratch.attributes);
    ret->layout = (const uint8_t *)scratch.layout;
    ret->layout_len = scratch.params * 8;
    return cu;
}

/* The driver (580.159.04) looks a number that is far out of range up all the same. */
CUresult ex_do_cuFuncSetAttribute(struct ex_session *session,
                                  const struct vgpu_args_cuFuncSetAttribute *args,
                                  struct vgpu_ret_cuFuncSetAttribute *ret)
{
    CUfunction function = NULL;
    CUresult cu = ex_get_function(session, args->function, &function);

    (void)ret;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return args->attrib < CU_FUNC_ATTRIBUTE_MAX
               ? session->driver->cuFuncSetAttribute(function, (CUfunction_attribute)args->attrib,
                                                     args->value)
               : CUDA_ERROR_INVALID_VALUE;
}
