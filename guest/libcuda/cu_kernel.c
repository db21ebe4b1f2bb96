/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include "guest/libcuda/context.h"
#include "guest/libcuda/kernel.h"

static CUresult find(CUkernel handle, struct gs_kernel **kernel)
{
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *kernel = gs_kernel_get(handle);
    return *kernel != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* These two say 1 of no kernel at all, as is documented. */
static CUresult find_or_invalid(CUkernel handle, struct gs_kernel **kernel)
{
    CUresult cu = find(handle, kernel);

    return cu == CUDA_ERROR_INVALID_HANDLE && handle == NULL ? CUDA_ERROR_INVALID_VALUE : cu;
}

static CUresult find_on(CUkernel handle, CUdevice dev, struct gs_kernel **kernel,
                        struct gs_device **device)
{
    CUresult cu = find(handle, kernel);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *device = gs_device_find(dev);
    return *device != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult gs_cuKernelGetFunction(CUfunction *pFunc, CUkernel kernel)
{
    struct gs_function *function;
    struct gs_kernel *found;
    struct gs_call call;
    CUresult cu = kernel == NULL ? CUDA_ERROR_INVALID_HANDLE : find(kernel, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pFunc == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_enter(&call);
    if (cu == CUDA_SUCCESS) {
        cu = gs_kernel_function(found, &call, &function);
    }
    if (cu == CUDA_SUCCESS) {
        *pFunc = gs_function_handle(function);
    }
    return cu;
}

CUresult gs_cuKernelGetLibrary(CUlibrary *pLib, CUkernel kernel)
{
    struct gs_kernel *found;
    CUresult cu = find(kernel, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pLib == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pLib = gs_library_handle(found->library);
    return CUDA_SUCCESS;
}

CUresult gs_cuKernelGetAttribute(int *pi, CUfunction_attribute attrib, CUkernel kernel,
                                 CUdevice dev)
{
    struct gs_kernel_device *on;
    struct gs_device *device;
    struct gs_kernel *found;
    CUresult cu = find_on(kernel, dev, &found, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pi == NULL || (unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_kernel_on(found, device, &on);
    if (cu == CUDA_SUCCESS) {
        *pi = on->attributes[attrib];
    }
    return cu;
}

CUresult gs_cuKernelSetAttribute(CUfunction_attribute attrib, int val, CUkernel kernel,
                                 CUdevice dev)
{
    struct gs_device *device;
    struct gs_kernel *found;
    CUresult cu = find_on(kernel, dev, &found, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)attrib >= CU_FUNC_ATTRIBUTE_MAX) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_kernel_set(found, device, attrib, val);
}

CUresult gs_cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev)
{
    struct gs_device *device;
    struct gs_kernel *found;
    CUresult cu = find_on(kernel, dev, &found, &device);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)config > CU_FUNC_CACHE_PREFER_EQUAL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_kernel_set_cache(found, device, config);
}

CUresult gs_cuKernelGetName(const char **name, CUkernel hfunc)
{
    struct gs_kernel *found;
    CUresult cu;

    if (hfunc == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = find_or_invalid(hfunc, &found);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *name = found->name;
    return CUDA_SUCCESS;
}

CUresult gs_cuKernelGetParamInfo(CUkernel kernel, size_t paramIndex, size_t *paramOffset,
                                 size_t *paramSize)
{
    struct gs_kernel *found;
    CUresult cu;

    if (kernel == NULL) {
        return CUDA_ERROR_INVALID_VALUE; /* even before cuInit: measured */
    }
    cu = find_or_invalid(kernel, &found);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (paramOffset == NULL || paramIndex >= found->param_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *paramOffset = found->params[paramIndex].offset;
    if (paramSize != NULL) {
        *paramSize = found->params[paramIndex].size;
    }
    return CUDA_SUCCESS;
}
