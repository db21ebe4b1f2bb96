/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

CONF_POSITIVE(cuLaunchCooperativeKernel, one_block)
{
    CUdeviceptr p = 0;
    unsigned int value = 21, word = 0;
    void *params[] = {&p, &value};

    conf_context();
    p = conf_memory(128);
    CONF_OK(cuLaunchCooperativeKernel(conf_kernel("store"), 1, 1, 1, 32, 1, 1, 0, NULL, params));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

/* As many blocks as fit at once, and one more. */
CONF_POSITIVE(cuLaunchCooperativeKernel, a_full_device)
{
    CUdevice dev = conf_device();
    CUfunction f = NULL;
    unsigned int most = 0;
    int blocks = 0, processors = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_SETUP(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, 0));
    CONF_SETUP(cuDeviceGetAttribute(&processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, dev));
    most = (unsigned int)(blocks * processors);
    CONF_OK(cuLaunchCooperativeKernel(f, most, 1, 1, 64, 1, 1, 0, NULL, NULL));
    CONF_RESULT(cuLaunchCooperativeKernel(f, most + 1, 1, 1, 64, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    CONF_OK(cuLaunchCooperativeKernel(f, most, 1, 1, 64, 1, 1, 0, NULL, NULL));
    CONF_RESULT(cuLaunchCooperativeKernel(f, 65535, 65535, 1, 64, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, too_large)
{
    conf_context();
    CONF_RESULT(
        cuLaunchCooperativeKernel(conf_kernel("noop"), 1 << 20, 1, 1, 1024, 1, 1, 0, NULL, NULL),
        CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunchCooperativeKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, block_zero)
{
    conf_context();
    CONF_RESULT(cuLaunchCooperativeKernel(conf_kernel("noop"), 1, 1, 1, 0, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, grid_zero)
{
    conf_context();
    CONF_RESULT(cuLaunchCooperativeKernel(conf_kernel("noop"), 0, 1, 1, 1, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, block_too_large)
{
    conf_context();
    CONF_RESULT(cuLaunchCooperativeKernel(conf_kernel("noop"), 1, 1, 1, 1025, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, no_parameters_given)
{
    conf_context();
    CONF_RESULT(cuLaunchCooperativeKernel(conf_kernel("store"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchCooperativeKernel, before_init)
{
    CONF_RESULT(cuLaunchCooperativeKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_NOT_INITIALIZED);
}
