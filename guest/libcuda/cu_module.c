/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/environment.h"
#include "guest/libcuda/image.h"
#include "guest/libcuda/image_set.h"
#include "guest/libcuda/jit.h"
#include "guest/libcuda/module.h"

/* `set` is the caller's to free; NULL where the linked code is enough. */
static CUresult find_set(const void *wrapper, void **set, const void **start, size_t *size)
{
    const void *linked = gs_image_set_linked(wrapper);
    CUresult cu;

    if (linked != NULL) {
        return gs_image_fatbin(linked, start, size);
    }
    cu = gs_image_set_make(wrapper, set, size);
    *start = *set;
    return cu;
}

static CUresult load(const struct gs_call *call, CUmodule *module, const void *image, size_t avail,
                     const struct gs_jit *jit)
{
    VGPU_CLEANUP_FREE void *set = NULL;
    struct gs_module *loaded;
    const void *start;
    size_t size;
    CUresult cu;

    if (module == NULL || image == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (avail == SIZE_MAX && gs_image_is_set_wrapper(image)) {
        cu = find_set(image, &set, &start, &size);
    } else {
        cu = gs_image_find(image, avail, &start, &size);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_module_load(call, start, size, jit, &loaded);
    }
    if (cu == CUDA_SUCCESS) {
        *module = gs_module_handle(loaded);
    }
    return cu;
}

CUresult gs_cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
                               CUjit_option *options, void **optionValues)
{
    struct gs_jit jit;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_jit_take(&jit, numOptions, options, optionValues);
    }
    if (cu == CUDA_SUCCESS && module != NULL && image != NULL && gs_image_is_wrapper(image)) {
        return CUDA_ERROR_INVALID_IMAGE; /* measured */
    }
    return cu == CUDA_SUCCESS ? load(&call, module, image, SIZE_MAX, &jit) : cu;
}

CUresult gs_cuModuleLoadData(CUmodule *module, const void *image)
{
    return gs_cuModuleLoadDataEx(module, image, 0, NULL, NULL);
}

CUresult gs_cuModuleLoadFatBinary(CUmodule *module, const void *fatCubin)
{
    struct gs_jit jit;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && fatCubin != NULL && gs_image_is_set_wrapper(fatCubin)) {
        return CUDA_ERROR_INVALID_IMAGE; /* only libraries are made of several: measured */
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_jit_take(&jit, 0, NULL, NULL);
    }
    return cu == CUDA_SUCCESS ? load(&call, module, fatCubin, SIZE_MAX, &jit) : cu;
}

CUresult gs_cuModuleLoad(CUmodule *module, const char *fname)
{
    VGPU_CLEANUP_FREE char *text = NULL;
    struct gs_jit jit;
    struct gs_call call;
    size_t size = 0;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (fname == NULL || module == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)gs_jit_take(&jit, 0, NULL, NULL);
    cu = gs_module_file(fname, &text, &size);
    return cu == CUDA_SUCCESS ? load(&call, module, text, size, &jit) : cu;
}

CUresult gs_cuModuleUnload(CUmodule hmod)
{
    struct gs_module *module;
    CUresult cu = gs_module_find(hmod, &module);

    if (cu == CUDA_SUCCESS && module->of_library) {
        return CUDA_ERROR_NOT_PERMITTED; /* it goes with its library */
    }
    return cu == CUDA_SUCCESS ? gs_module_unload(module) : cu;
}

/* Modules are loaded when asked for; the mode is what the program may observe. */
CUresult gs_cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (mode == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *mode = gs_environment()->loading;
    return CUDA_SUCCESS;
}

CUresult gs_cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name)
{
    struct gs_function *function;
    struct gs_module *module;
    CUresult cu = gs_module_find(hmod, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (hfunc == NULL || name == NULL || *name == '\0') {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_module_function(module, name, &function);
    if (cu == CUDA_SUCCESS) {
        *hfunc = gs_function_handle(function);
    }
    return cu;
}

CUresult gs_cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name)
{
    struct gs_module *module;
    uint64_t base;
    uint64_t size;
    CUresult cu = gs_module_find(hmod, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((dptr == NULL && bytes == NULL) || name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_module_global(module, name, &base, &size);
    if (cu == CUDA_SUCCESS && dptr != NULL) {
        *dptr = base;
    }
    if (cu == CUDA_SUCCESS && bytes != NULL) {
        *bytes = size;
    }
    return cu;
}

CUresult gs_cuModuleGetFunctionCount(unsigned int *count, CUmodule mod)
{
    struct vgpu_args_cuModuleGetFunctionCount args;
    struct vgpu_ret_cuModuleGetFunctionCount ret;
    struct gs_module *module;
    CUresult cu = gs_module_find(mod, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.mod = module->wire;
    cu = gs_call_cuModuleGetFunctionCount(module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        *count = ret.count;
    }
    return cu;
}

struct enumeration {
    struct gs_module *module;
    CUfunction *functions;
    unsigned int room;
};

static CUresult add_function(const char *name, void *arg)
{
    struct enumeration *e = arg;
    struct gs_function *function;
    CUresult cu = CUDA_SUCCESS;

    if (e->room > 0) {
        cu = gs_module_function(e->module, name, &function);
    }
    if (e->room > 0 && cu == CUDA_SUCCESS) {
        *e->functions++ = gs_function_handle(function);
        e->room--;
    }
    return cu;
}

CUresult gs_cuModuleEnumerateFunctions(CUfunction *functions, unsigned int numFunctions,
                                       CUmodule mod)
{
    struct enumeration e = {.functions = functions, .room = numFunctions};
    CUresult cu = gs_module_find(mod, &e.module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (functions == NULL || numFunctions == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_module_names(e.module, add_function, &e);
}
