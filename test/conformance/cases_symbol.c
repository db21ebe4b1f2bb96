/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

CONF_POSITIVE(cuModuleUnload, frees_its_names)
{
    CUmodule m = NULL;

    conf_context();
    CONF_SETUP(cuModuleLoadData(&m, conf_ptx()));
    CONF_OK(cuModuleUnload(m));
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
    CONF_OK(cuModuleUnload(m));
}

CONF_NEGATIVE(cuModuleUnload, null)
{
    conf_context();
    CONF_RESULT(cuModuleUnload(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuModuleUnload, null_without_context)
{
    conf_device();
    CONF_RESULT(cuModuleUnload(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuModuleUnload, before_init)
{
    CONF_RESULT(cuModuleUnload(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuModuleGetLoadingMode, lazy_by_default)
{
    CUmoduleLoadingMode mode = (CUmoduleLoadingMode)9;

    conf_device();
    CONF_OK(cuModuleGetLoadingMode(&mode));
    CONF_VALUE(mode);
}

CONF_NEGATIVE(cuModuleGetLoadingMode, before_init)
{
    CUmoduleLoadingMode mode = (CUmoduleLoadingMode)9;

    CONF_RESULT(cuModuleGetLoadingMode(&mode), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuModuleGetFunction, plain)
{
    CUfunction a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuModuleGetFunction(&a, conf_module(), "noop"));
    CONF_OK(cuModuleGetFunction(&b, conf_module(), "noop"));
    CONF_EXPECT(a && a == b);
    CONF_OK(cuModuleGetFunction(&b, conf_module(), "store"));
    CONF_EXPECT(a != b);
}

CONF_NEGATIVE(cuModuleGetFunction, unknown_name)
{
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleGetFunction(&f, conf_module(), "no_such_kernel"), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuModuleGetFunction, empty_name)
{
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleGetFunction(&f, conf_module(), ""), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleGetFunction, global_is_no_kernel)
{
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleGetFunction(&f, conf_module(), "counter"), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuModuleGetFunction, null_name)
{
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleGetFunction(&f, conf_module(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleGetFunction, null_out)
{
    conf_context();
    CONF_RESULT(cuModuleGetFunction(NULL, conf_module(), "noop"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleGetFunction, null_module)
{
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleGetFunction(&f, NULL, "noop"), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuModuleGetGlobal_v2, initial_value)
{
    CUdeviceptr p = 0;
    size_t n = 0;
    unsigned int word = 0;

    conf_context();
    CONF_OK(cuModuleGetGlobal_v2(&p, &n, conf_module(), "counter"));
    CONF_VALUE(n);
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
    CONF_OK(cuModuleGetGlobal_v2(&p, &n, conf_module(), "table"));
    CONF_VALUE(n);
}

CONF_POSITIVE(cuModuleGetGlobal_v2, one_output_only)
{
    CUdeviceptr p = 0;
    size_t n = 0;

    conf_context();
    CONF_OK(cuModuleGetGlobal_v2(&p, NULL, conf_module(), "counter"));
    CONF_EXPECT(p != 0);
    CONF_OK(cuModuleGetGlobal_v2(NULL, &n, conf_module(), "counter"));
    CONF_VALUE(n);
}

CONF_POSITIVE(cuModuleGetGlobal_v2, kernel_sees_writes)
{
    CUdeviceptr p = 0, f = 0;
    size_t n = 0;
    unsigned int word = 100, factor = 11;
    CUfunction fn = NULL;

    conf_context();
    CONF_SETUP(cuModuleGetGlobal_v2(&p, &n, conf_module(), "counter"));
    CONF_SETUP(cuModuleGetGlobal_v2(&f, &n, conf_module(), "factor"));
    CONF_OK(cuMemcpyHtoD_v2(p, &word, 4));
    CONF_OK(cuMemcpyHtoD_v2(f, &factor, 4));
    fn = conf_kernel("bump_counter");
    conf_launch(fn, 2, 1, NULL, NULL);
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuModuleGetGlobal_v2, unknown_name)
{
    CUdeviceptr p = 0;
    size_t n = 0;

    conf_context();
    CONF_RESULT(cuModuleGetGlobal_v2(&p, &n, conf_module(), "no_such_global"),
                CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuModuleGetGlobal_v2, null_name)
{
    CUdeviceptr p = 0;
    size_t n = 0;

    conf_context();
    CONF_RESULT(cuModuleGetGlobal_v2(&p, &n, conf_module(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleGetGlobal_v2, null_module)
{
    CUdeviceptr p = 0;
    size_t n = 0;

    conf_context();
    CONF_RESULT(cuModuleGetGlobal_v2(&p, &n, NULL, "counter"), CUDA_ERROR_INVALID_HANDLE);
}
