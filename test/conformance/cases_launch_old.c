/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/* The form of launch that was there before cuLaunchKernel. */

static CUfunction prepare(CUdeviceptr *p, unsigned int value)
{
    CUfunction f = conf_kernel("store");

    *p = conf_memory(4096);
    CONF_SETUP(cuFuncSetBlockShape(f, 32, 1, 1));
    CONF_SETUP(cuParamSetv(f, 0, p, sizeof(*p)));
    CONF_SETUP(cuParamSeti(f, 8, value));
    CONF_SETUP(cuParamSetSize(f, 12));
    return f;
}

static unsigned int word_at(CUdeviceptr p)
{
    unsigned int word = 0;

    CONF_SETUP(cuMemcpyDtoH_v2(&word, p, 4));
    return word;
}

CONF_POSITIVE(cuLaunch, one_block)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuLaunch(prepare(&p, 31)));
    CONF_VALUE(word_at(p + 31 * 4));
}

CONF_NEGATIVE(cuLaunch, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunch(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuLaunch, before_init)
{
    CONF_RESULT(cuLaunch(NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuLaunchGrid, two_dimensions)
{
    CUdeviceptr p = 0;
    CUfunction f = NULL;

    conf_context();
    f = prepare(&p, 32);
    CONF_OK(cuLaunchGrid(f, 4, 2));
    CONF_VALUE(word_at(p + 127 * 4));
}

CONF_NEGATIVE(cuLaunchGrid, zero_width)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuLaunchGrid(prepare(&p, 1), 0, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchGrid, zero_height)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuLaunchGrid(prepare(&p, 1), 1, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchGrid, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunchGrid(NULL, 1, 1), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuLaunchGridAsync, in_a_stream)
{
    CUdeviceptr p = 0;
    CUstream stream = NULL;
    CUfunction f = NULL;

    conf_context();
    f = prepare(&p, 33);
    CONF_SETUP(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuLaunchGridAsync(f, 1, 1, stream));
    CONF_OK(cuStreamSynchronize(stream));
    CONF_VALUE(word_at(p));
}

CONF_NEGATIVE(cuLaunchGridAsync, zero_width)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuLaunchGridAsync(prepare(&p, 1), 0, 1, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchGridAsync, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunchGridAsync(NULL, 1, 1, NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncSetBlockShape, three_dimensions)
{
    conf_context();
    CONF_OK(cuFuncSetBlockShape(conf_kernel("noop"), 4, 4, 4));
    CONF_OK(cuLaunch(conf_kernel("noop")));
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuFuncSetBlockShape, zero)
{
    conf_context();
    CONF_RESULT(cuFuncSetBlockShape(conf_kernel("noop"), 0, 1, 1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetBlockShape, null_function)
{
    conf_context();
    CONF_RESULT(cuFuncSetBlockShape(NULL, 1, 1, 1), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuFuncSetSharedSize, reaches_the_launch)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int in[64];

    conf_context();
    f = conf_kernel("reverse");
    p = conf_memory(sizeof(in));
    for (unsigned int i = 0; i < 64; i++) {
        in[i] = i;
    }
    CONF_SETUP(cuMemcpyHtoD_v2(p, in, sizeof(in)));
    CONF_SETUP(cuFuncSetBlockShape(f, 64, 1, 1));
    CONF_OK(cuFuncSetSharedSize(f, 256));
    CONF_SETUP(cuParamSetv(f, 0, &p, sizeof(p)));
    CONF_SETUP(cuParamSetSize(f, 8));
    CONF_OK(cuLaunch(f));
    CONF_VALUE(word_at(p));
}

CONF_NEGATIVE(cuFuncSetSharedSize, null_function)
{
    conf_context();
    CONF_RESULT(cuFuncSetSharedSize(NULL, 16), CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuFuncSetSharedSize, before_init)
{
    CONF_RESULT(cuFuncSetSharedSize(NULL, 16), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuFuncSetSharedMemConfig, plain)
{
    conf_context();
    CONF_OK(
        cuFuncSetSharedMemConfig(conf_kernel("noop"), CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE));
}

CONF_NEGATIVE(cuFuncSetSharedMemConfig, unknown_value)
{
    conf_context();
    CONF_RESULT(cuFuncSetSharedMemConfig(conf_kernel("noop"), (CUsharedconfig)99),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuFuncSetSharedMemConfig, null_function)
{
    conf_context();
    CONF_RESULT(cuFuncSetSharedMemConfig(NULL, CU_SHARED_MEM_CONFIG_DEFAULT_BANK_SIZE),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuParamSetSize, plain)
{
    conf_context();
    CONF_OK(cuParamSetSize(conf_kernel("store"), 12));
}

CONF_NEGATIVE(cuParamSetSize, too_large)
{
    conf_context();
    CONF_RESULT(cuParamSetSize(conf_kernel("store"), 1u << 20), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuParamSetSize, null_function)
{
    conf_context();
    CONF_RESULT(cuParamSetSize(NULL, 4), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuParamSeti, plain)
{
    conf_context();
    CONF_OK(cuParamSeti(conf_kernel("store"), 8, 7));
}

CONF_NEGATIVE(cuParamSeti, beyond)
{
    conf_context();
    CONF_RESULT(cuParamSeti(conf_kernel("store"), 1 << 20, 7), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuParamSeti, null_function)
{
    conf_context();
    CONF_RESULT(cuParamSeti(NULL, 0, 7), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuParamSetf, plain)
{
    conf_context();
    CONF_OK(cuParamSetf(conf_kernel("store"), 8, 1.5f));
}

CONF_NEGATIVE(cuParamSetf, beyond)
{
    conf_context();
    CONF_RESULT(cuParamSetf(conf_kernel("store"), 1 << 20, 1.5f), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuParamSetf, null_function)
{
    conf_context();
    CONF_RESULT(cuParamSetf(NULL, 0, 1.5f), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuParamSetv, plain)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_OK(cuParamSetv(conf_kernel("store"), 0, &p, sizeof(p)));
}

CONF_NEGATIVE(cuParamSetv, beyond)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuParamSetv(conf_kernel("store"), 1 << 20, &p, sizeof(p)),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuParamSetv, null_function)
{
    CUdeviceptr p = 0;

    conf_context();
    CONF_RESULT(cuParamSetv(NULL, 0, &p, sizeof(p)), CUDA_ERROR_INVALID_HANDLE);
}
