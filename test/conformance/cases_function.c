/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <limits.h>
#include <string.h>

CONF_POSITIVE(cuFuncGetAttribute, plain_kernel)
{
    CUfunction f = NULL;
    int v = -1;

    conf_context();
    f = conf_kernel("static_shared");
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, f));
    CONF_VALUE(v);
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f));
    CONF_VALUE(v);
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, f));
    CONF_VALUE(v);
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, f));
    CONF_EXPECT(v > 0 && v <= 255);
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_PTX_VERSION, f));
    CONF_VALUE(v);
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_BINARY_VERSION, f));
    CONF_EXPECT(v >= 70);
}

CONF_POSITIVE(cuFuncGetAttribute, launch_bounds)
{
    CUfunction f = NULL;
    int v = -1;

    conf_context();
    f = conf_kernel("bounded");
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, f));
    CONF_VALUE(v);
}

CONF_POSITIVE(cuFuncGetAttribute, all_known)
{
    CUfunction f = NULL;
    int v = -1, refused = 0;

    conf_context();
    f = conf_kernel("noop");
    for (int a = 0; a < CU_FUNC_ATTRIBUTE_MAX; a++) {
        refused += drv.cuFuncGetAttribute(&v, (CUfunction_attribute)a, f) != CUDA_SUCCESS;
    }
    CONF_VALUE(refused);
}

CONF_NEGATIVE(cuFuncGetAttribute, null_out)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncGetAttribute(NULL, CU_FUNC_ATTRIBUTE_NUM_REGS, f), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetAttribute, unknown_attribute)
{
    CUfunction f = NULL;
    int v = -1;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncGetAttribute(&v, (CUfunction_attribute)999, f), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetAttribute, null_function)
{
    int v = -1;

    conf_context();
    CONF_RESULT(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, NULL),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncSetAttribute, dynamic_shared)
{
    CUfunction f = NULL;
    int v = -1;

    conf_context();
    f = conf_kernel("reverse");
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 32768));
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f));
    CONF_VALUE(v);
}

CONF_POSITIVE(cuFuncSetAttribute, carveout)
{
    CUfunction f = NULL;
    int v = -5;

    conf_context();
    f = conf_kernel("reverse");
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, f));
    CONF_VALUE(v);
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 50));
    CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, f));
    CONF_VALUE(v);
}

CONF_NEGATIVE(cuFuncSetAttribute, read_only_attribute)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_NUM_REGS, 16), CUDA_ERROR_INVALID_VALUE);
}

/* Natively it depends on the number: 1, or the end of the process. */
CONF_OURS(cuFuncSetAttribute, far_out_of_range)
{
    static const int far[] = {-1, INT_MAX, INT_MIN, 0x10000};
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    for (unsigned int i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        CONF_RESULT(cuFuncSetAttribute(f, (CUfunction_attribute)far[i], 1),
                    CUDA_ERROR_INVALID_VALUE);
    }
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuFuncSetAttribute, shared_beyond_device)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("reverse");
    CONF_RESULT(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 << 20),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetAttribute, negative_shared)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("reverse");
    CONF_RESULT(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, -1),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetAttribute, carveout_beyond_100)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("reverse");
    CONF_RESULT(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 101),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetAttribute, unknown_attribute)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncSetAttribute(f, (CUfunction_attribute)999, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetAttribute, null_function)
{
    conf_context();
    CONF_RESULT(cuFuncSetAttribute(NULL, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 0),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncSetCacheConfig, plain)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuFuncSetCacheConfig(f, CU_FUNC_CACHE_PREFER_SHARED));
    CONF_OK(cuFuncSetCacheConfig(f, CU_FUNC_CACHE_PREFER_NONE));
}

CONF_NEGATIVE(cuFuncSetCacheConfig, unknown_value)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncSetCacheConfig(f, (CUfunc_cache)99), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetCacheConfig, null_function)
{
    conf_context();
    CONF_RESULT(cuFuncSetCacheConfig(NULL, CU_FUNC_CACHE_PREFER_L1), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncGetModule, plain)
{
    CUfunction f = NULL;
    CUmodule m = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuFuncGetModule(&m, f));
    CONF_EXPECT(m == conf_module());
}

CONF_NEGATIVE(cuFuncGetModule, null_out)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncGetModule(NULL, f), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetModule, null_function)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuFuncGetModule(&m, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuFuncGetName, plain)
{
    CUfunction f = NULL;
    const char *name = NULL;

    conf_context();
    f = conf_kernel("mixed_params");
    CONF_OK(cuFuncGetName(&name, f));
    CONF_EXPECT(name && !strcmp(name, "mixed_params"));
}

CONF_NEGATIVE(cuFuncGetName, null_out)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncGetName(NULL, f), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetName, null_function)
{
    const char *name = NULL;

    conf_context();
    CONF_RESULT(cuFuncGetName(&name, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuFuncGetParamInfo, mixed)
{
    CUfunction f = NULL;
    size_t offset = 0, size = 0;

    conf_context();
    f = conf_kernel("mixed_params");
    for (size_t i = 0; i < 7; i++) {
        CONF_OK(cuFuncGetParamInfo(f, i, &offset, &size));
        CONF_VALUE(offset);
        CONF_VALUE(size);
    }
}

CONF_POSITIVE(cuFuncGetParamInfo, structure)
{
    CUfunction f = NULL;
    size_t offset = 0, size = 0;

    conf_context();
    f = conf_kernel("struct_param");
    CONF_OK(cuFuncGetParamInfo(f, 1, &offset, &size));
    CONF_VALUE(offset);
    CONF_VALUE(size);
    CONF_OK(cuFuncGetParamInfo(f, 2, &offset, NULL));
    CONF_VALUE(offset);
}

CONF_NEGATIVE(cuFuncGetParamInfo, index_too_large)
{
    CUfunction f = NULL;
    size_t offset = 0, size = 0;

    conf_context();
    f = conf_kernel("store");
    CONF_RESULT(cuFuncGetParamInfo(f, 2, &offset, &size), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetParamInfo, no_parameters)
{
    CUfunction f = NULL;
    size_t offset = 0, size = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuFuncGetParamInfo(f, 0, &offset, &size), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetParamInfo, null_offset)
{
    CUfunction f = NULL;
    size_t size = 0;

    conf_context();
    f = conf_kernel("store");
    CONF_RESULT(cuFuncGetParamInfo(f, 0, NULL, &size), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncGetParamInfo, null_function)
{
    size_t offset = 0, size = 0;

    conf_context();
    CONF_RESULT(cuFuncGetParamInfo(NULL, 0, &offset, &size), CUDA_ERROR_INVALID_VALUE);
}
