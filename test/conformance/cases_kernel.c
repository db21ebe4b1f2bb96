/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

CONF_POSITIVE(cuKernelGetFunction, launches)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int value = 77, word = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = conf_memory(4);
    CONF_OK(cuKernelGetFunction(&f, conf_library_kernel("store")));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuKernelGetFunction, one_for_each_context)
{
    CUfunction f = NULL, g = NULL, again = NULL;
    CUkernel k = NULL;
    CUcontext a = conf_context();

    k = conf_library_kernel("noop");
    CONF_OK(cuKernelGetFunction(&f, k));
    conf_context();
    CONF_OK(cuKernelGetFunction(&g, k));
    CONF_EXPECT(f != g);
    CONF_OK(cuCtxSetCurrent(a));
    CONF_OK(cuKernelGetFunction(&again, k));
    CONF_EXPECT(f == again);
}

CONF_NEGATIVE(cuKernelGetFunction, null_out)
{
    conf_context();
    CONF_RESULT(cuKernelGetFunction(NULL, conf_library_kernel("noop")), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetFunction, null_kernel)
{
    CUfunction f = NULL;

    conf_context();
    CONF_EITHER(cuKernelGetFunction(&f, NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetFunction, no_context)
{
    CUfunction f = NULL;
    CUkernel k = NULL;

    conf_context();
    k = conf_library_kernel("noop");
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_RESULT(cuKernelGetFunction(&f, k), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuKernelGetFunction, before_init)
{
    CUfunction f = NULL;

    CONF_RESULT(cuKernelGetFunction(&f, NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuKernelGetLibrary, its_own)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_OK(cuKernelGetLibrary(&l, conf_library_kernel("noop")));
    CONF_EXPECT(l == conf_library());
}

CONF_NEGATIVE(cuKernelGetLibrary, null_out)
{
    conf_context();
    CONF_RESULT(cuKernelGetLibrary(NULL, conf_library_kernel("noop")), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetLibrary, null_kernel)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_EITHER(cuKernelGetLibrary(&l, NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuKernelGetAttribute, as_the_function_says)
{
    CUkernel k = NULL;
    CUfunction f = NULL;
    CUdevice dev = conf_device();
    int v = -1, w = -2, differ = 0;

    conf_context();
    k = conf_library_kernel("static_shared");
    CONF_OK(cuKernelGetFunction(&f, k));
    for (int a = 0; a < CU_FUNC_ATTRIBUTE_MAX; a++) {
        CONF_SETUP(cuKernelGetAttribute(&v, (CUfunction_attribute)a, k, dev));
        CONF_SETUP(cuFuncGetAttribute(&w, (CUfunction_attribute)a, f));
        differ += v != w;
    }
    CONF_VALUE(differ);
    CONF_OK(cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, k, dev));
    CONF_VALUE(v);
}

CONF_POSITIVE(cuKernelGetAttribute, no_current_context)
{
    CUkernel k = NULL;
    CUdevice dev = conf_device();
    int v = -1;

    conf_context();
    k = conf_library_kernel("bounded");
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_OK(cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, k, dev));
    CONF_VALUE(v);
}

CONF_NEGATIVE(cuKernelGetAttribute, null_out)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_RESULT(
        cuKernelGetAttribute(NULL, CU_FUNC_ATTRIBUTE_NUM_REGS, conf_library_kernel("noop"), dev),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetAttribute, unknown_attribute)
{
    CUdevice dev = conf_device();
    int v = -1;

    conf_context();
    CONF_RESULT(
        cuKernelGetAttribute(&v, (CUfunction_attribute)999, conf_library_kernel("noop"), dev),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetAttribute, null_kernel)
{
    CUdevice dev = conf_device();
    int v = -1;

    conf_context();
    CONF_EITHER(cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, NULL, dev),
                CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetAttribute, no_such_device)
{
    int v = -1;

    conf_context();
    CONF_RESULT(
        cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, conf_library_kernel("noop"), 999),
        CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuKernelSetAttribute, reaches_the_launch)
{
    CUkernel k = NULL;
    CUdevice dev = conf_device();
    CUdeviceptr p = 0;
    void *params[] = {&p};
    int v = -1;

    conf_context();
    p = conf_memory(4096);
    k = conf_library_kernel("reverse");
    CONF_RESULT(cuLaunchKernel((CUfunction)k, 1, 1, 1, 256, 1, 1, 60000, NULL, params, NULL),
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000, k, dev));
    CONF_OK(cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, k, dev));
    CONF_VALUE(v);
    CONF_OK(cuLaunchKernel((CUfunction)k, 1, 1, 1, 256, 1, 1, 60000, NULL, params, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuKernelSetAttribute, holds_in_the_next_context)
{
    CUkernel k = NULL;
    CUfunction f = NULL;
    CUdevice dev = conf_device();
    int v = -1;

    conf_context();
    k = conf_library_kernel("reverse");
    CONF_OK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 61440, k, dev));
    conf_context();
    CONF_OK(cuKernelGetFunction(&f, k));
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f));
    CONF_VALUE(v);
}

/* What is set of the function wins; the kernel keeps its own value. */
CONF_POSITIVE(cuKernelSetAttribute, function_overrides)
{
    CUkernel k = NULL;
    CUfunction f = NULL;
    CUdevice dev = conf_device();
    int v = -1;

    conf_context();
    k = conf_library_kernel("reverse");
    CONF_OK(cuKernelGetFunction(&f, k));
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 20000));
    CONF_OK(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 61440, k, dev));
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f));
    CONF_VALUE(v);
    CONF_OK(cuKernelGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, k, dev));
    CONF_VALUE(v);
}

CONF_NEGATIVE(cuKernelSetAttribute, read_only_attribute)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_RESULT(
        cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_NUM_REGS, 16, conf_library_kernel("noop"), dev),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelSetAttribute, shared_beyond_device)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_RESULT(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 << 20,
                                     conf_library_kernel("reverse"), dev),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelSetAttribute, unknown_attribute)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_RESULT(
        cuKernelSetAttribute((CUfunction_attribute)999, 1, conf_library_kernel("noop"), dev),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelSetAttribute, no_such_device)
{
    conf_context();
    CONF_RESULT(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 0,
                                     conf_library_kernel("noop"), -1),
                CUDA_ERROR_INVALID_DEVICE);
}

CONF_NEGATIVE(cuKernelSetAttribute, null_kernel)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_EITHER(cuKernelSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 0, NULL, dev),
                CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuKernelSetCacheConfig, plain)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_OK(cuKernelSetCacheConfig(conf_library_kernel("noop"), CU_FUNC_CACHE_PREFER_SHARED, dev));
}

CONF_NEGATIVE(cuKernelSetCacheConfig, unknown_value)
{
    CUdevice dev = conf_device();

    conf_context();
    CONF_RESULT(cuKernelSetCacheConfig(conf_library_kernel("noop"), (CUfunc_cache)99, dev),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelSetCacheConfig, no_such_device)
{
    conf_context();
    CONF_RESULT(
        cuKernelSetCacheConfig(conf_library_kernel("noop"), CU_FUNC_CACHE_PREFER_SHARED, 999),
        CUDA_ERROR_INVALID_DEVICE);
}

CONF_POSITIVE(cuKernelGetName, plain)
{
    const char *name = NULL;

    conf_context();
    CONF_OK(cuKernelGetName(&name, conf_library_kernel("mixed_params")));
    CONF_EXPECT(name != NULL && !strcmp(name, "mixed_params"));
}

CONF_NEGATIVE(cuKernelGetName, null_out)
{
    conf_context();
    CONF_RESULT(cuKernelGetName(NULL, conf_library_kernel("noop")), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetName, null_kernel)
{
    const char *name = NULL;

    conf_context();
    CONF_RESULT(cuKernelGetName(&name, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuKernelGetParamInfo, mixed)
{
    CUkernel k = NULL;
    size_t offset = 0, size = 0;

    conf_context();
    k = conf_library_kernel("mixed_params");
    for (size_t i = 0; i < 7; i++) {
        CONF_OK(cuKernelGetParamInfo(k, i, &offset, &size));
        CONF_VALUE(offset);
        CONF_VALUE(size);
    }
    CONF_OK(cuKernelGetParamInfo(k, 1, &offset, NULL));
    CONF_VALUE(offset);
}

CONF_NEGATIVE(cuKernelGetParamInfo, index_too_large)
{
    size_t offset = 0, size = 0;

    conf_context();
    CONF_RESULT(cuKernelGetParamInfo(conf_library_kernel("store"), 2, &offset, &size),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetParamInfo, null_offset)
{
    size_t size = 0;

    conf_context();
    CONF_RESULT(cuKernelGetParamInfo(conf_library_kernel("store"), 0, NULL, &size),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuKernelGetParamInfo, null_kernel)
{
    size_t offset = 0, size = 0;

    conf_context();
    CONF_RESULT(cuKernelGetParamInfo(NULL, 0, &offset, &size), CUDA_ERROR_INVALID_VALUE);
}

/* A kernel stands for its function at a launch, but not here. */
CONF_NEGATIVE(cuFuncGetAttribute, of_a_kernel)
{
    int v = -1;

    conf_context();
    CONF_RESULT(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
                                   (CUfunction)conf_library_kernel("bounded")),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuOccupancyMaxActiveBlocksPerMultiprocessor, of_a_kernel)
{
    int a = -1, b = -2;

    conf_context();
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(
        &a, (CUfunction)conf_library_kernel("static_shared"), 256, 0));
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&b, conf_kernel("static_shared"), 256, 0));
    CONF_EXPECT(a == b);
}

CONF_POSITIVE(cuLaunchKernel, kernel_in_the_stream_s_context)
{
    CUstream stream = NULL;
    CUkernel k = NULL;
    CUdeviceptr p = 0;
    unsigned int value = 12, word = 0;
    void *params[] = {&p, &value};
    CUcontext a = conf_context();

    k = conf_library_kernel("store");
    p = conf_memory(4);
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    conf_context();
    CONF_OK(cuLaunchKernel((CUfunction)k, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL));
    CONF_OK(cuStreamSynchronize(stream));
    CONF_SETUP(cuCtxSetCurrent(a));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuLaunchKernel, kernel_without_context)
{
    CUkernel k = NULL;

    conf_context();
    k = conf_library_kernel("noop");
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_RESULT(cuLaunchKernel((CUfunction)k, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuModuleGetFunctionCount, plain)
{
    unsigned int count = 0;

    conf_context();
    CONF_OK(cuModuleGetFunctionCount(&count, conf_module()));
    CONF_EXPECT(count > 10);
}

CONF_NEGATIVE(cuModuleGetFunctionCount, null_out)
{
    conf_context();
    CONF_RESULT(cuModuleGetFunctionCount(NULL, conf_module()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleGetFunctionCount, null_module)
{
    unsigned int count = 0;

    conf_context();
    CONF_EITHER(cuModuleGetFunctionCount(&count, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuModuleEnumerateFunctions, all)
{
    static CUfunction list[256];
    unsigned int count = 0;
    int found = 0;

    conf_context();
    CONF_SETUP(cuModuleGetFunctionCount(&count, conf_module()));
    CONF_EXPECT(count <= 256);
    CONF_OK(cuModuleEnumerateFunctions(list, count, conf_module()));
    for (unsigned int i = 0; i < count && i < 256; i++) {
        const char *name = NULL;

        CONF_SETUP(cuFuncGetName(&name, list[i]));
        found += name != NULL && !strcmp(name, "noop");
    }
    CONF_VALUE(found);
}

CONF_POSITIVE(cuModuleEnumerateFunctions, fewer)
{
    CUfunction list[2] = {NULL, NULL};

    conf_context();
    CONF_OK(cuModuleEnumerateFunctions(list, 1, conf_module()));
    CONF_EXPECT(list[0] != NULL && list[1] == NULL);
}

CONF_NEGATIVE(cuModuleEnumerateFunctions, null_list)
{
    conf_context();
    CONF_RESULT(cuModuleEnumerateFunctions(NULL, 1, conf_module()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleEnumerateFunctions, null_module)
{
    CUfunction list[1] = {NULL};

    conf_context();
    CONF_EITHER(cuModuleEnumerateFunctions(list, 1, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuFuncLoad, then_it_is_loaded)
{
    CUfunctionLoadingState state = CU_FUNCTION_LOADING_STATE_MAX;
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuFuncLoad(f));
    CONF_OK(cuFuncIsLoaded(&state, f));
    CONF_VALUE(state);
}

CONF_NEGATIVE(cuFuncLoad, null_function)
{
    conf_context();
    CONF_EITHER(cuFuncLoad(NULL), CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuFuncLoad, before_init)
{
    CONF_RESULT(cuFuncLoad(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncIsLoaded, answers)
{
    CUfunctionLoadingState state = CU_FUNCTION_LOADING_STATE_MAX;

    conf_context();
    CONF_OK(cuFuncIsLoaded(&state, conf_kernel("noop")));
    CONF_EXPECT(state == CU_FUNCTION_LOADING_STATE_LOADED ||
                state == CU_FUNCTION_LOADING_STATE_UNLOADED);
}

CONF_NEGATIVE(cuFuncIsLoaded, null_out)
{
    conf_context();
    CONF_RESULT(cuFuncIsLoaded(NULL, conf_kernel("noop")), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncIsLoaded, null_function)
{
    CUfunctionLoadingState state = CU_FUNCTION_LOADING_STATE_MAX;

    conf_context();
    CONF_EITHER(cuFuncIsLoaded(&state, NULL), CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_INVALID_HANDLE);
}
