/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/* Modules and variables of libraries. */

CONF_POSITIVE(cuLibraryGetModule, its_functions)
{
    CUmodule m = NULL;
    CUfunction a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuLibraryGetModule(&m, conf_library()));
    CONF_OK(cuModuleGetFunction(&a, m, "noop"));
    CONF_OK(cuKernelGetFunction(&b, conf_library_kernel("noop")));
    CONF_EXPECT(a != NULL && a == b);
}

CONF_NEGATIVE(cuLibraryGetModule, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryGetModule(NULL, conf_library()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetModule, null_library)
{
    CUmodule m = NULL;

    conf_context();
    CONF_EITHER(cuLibraryGetModule(&m, NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetModule, no_context)
{
    CUmodule m = NULL;

    conf_context();
    conf_library();
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_RESULT(cuLibraryGetModule(&m, conf_library()), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuLibraryGetGlobal, value_and_size)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;
    unsigned int word = 0;

    conf_context();
    CONF_OK(cuLibraryGetGlobal(&p, &bytes, conf_library(), "counter"));
    CONF_VALUE(bytes);
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
    CONF_OK(cuLibraryGetGlobal(NULL, &bytes, conf_library(), "table"));
    CONF_VALUE(bytes);
    CONF_OK(cuLibraryGetGlobal(&p, NULL, conf_library(), "factor"));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLibraryGetGlobal, as_the_module_says)
{
    CUmodule m = NULL;
    CUdeviceptr p = 0, q = 0;
    size_t bytes = 0;

    conf_context();
    CONF_SETUP(cuLibraryGetModule(&m, conf_library()));
    CONF_OK(cuLibraryGetGlobal(&p, &bytes, conf_library(), "table"));
    CONF_OK(cuModuleGetGlobal_v2(&q, &bytes, m, "table"));
    CONF_EXPECT(p == q);
}

CONF_NEGATIVE(cuLibraryGetGlobal, unknown_name)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetGlobal(&p, &bytes, conf_library(), "no such variable"),
                CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryGetGlobal, kernel_name)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetGlobal(&p, &bytes, conf_library(), "noop"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetGlobal, null_name)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetGlobal(&p, &bytes, conf_library(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetGlobal, null_outs)
{
    conf_context();
    CONF_RESULT(cuLibraryGetGlobal(NULL, NULL, conf_library(), "counter"),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetGlobal, no_context)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    conf_library();
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_RESULT(cuLibraryGetGlobal(&p, &bytes, conf_library(), "counter"),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuLibraryGetManaged, no_such_variable)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetManaged(&p, &bytes, conf_library(), "no such variable"),
                CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryGetManaged, plain_variable)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetManaged(&p, &bytes, conf_library(), "counter"), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryGetManaged, null_name)
{
    CUdeviceptr p = 0;
    size_t bytes = 0;

    conf_context();
    CONF_RESULT(cuLibraryGetManaged(&p, &bytes, conf_library(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetUnifiedFunction, none)
{
    void *p = NULL;

    conf_context();
    CONF_RESULT(cuLibraryGetUnifiedFunction(&p, conf_library(), "no such function"),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetUnifiedFunction, null_symbol)
{
    void *p = NULL;

    conf_context();
    CONF_RESULT(cuLibraryGetUnifiedFunction(&p, conf_library(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetUnifiedFunction, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryGetUnifiedFunction(NULL, conf_library(), "f"), CUDA_ERROR_INVALID_VALUE);
}
