/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#define WORDS   1024u
#define BYTES   (WORDS * 4u)
#define NOWHERE ((CUdeviceptr)0x100)

static unsigned int host_a[WORDS];

CONF_NEGATIVE(cuMemcpyHtoD_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoD_v2(0, host_a, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, null_source)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyHtoD_v2(d, NULL, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, beyond_allocation)
{
    CUdeviceptr d = 0;
    static char big[8192];

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemcpyHtoD_v2(d, big, sizeof(big)), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemcpyHtoD_v2(d + 4095, big, 2), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, never_allocated)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoD_v2(NOWHERE, host_a, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyHtoD_v2(NOWHERE, host_a, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpyHtoD_v2, before_init)
{
    CONF_RESULT(cuMemcpyHtoD_v2(NOWHERE, host_a, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoH_v2(NULL, d, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, null_source)
{
    conf_context();
    CONF_RESULT(cuMemcpyDtoH_v2(host_a, 0, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, beyond_allocation)
{
    CUdeviceptr d = 0;
    static char big[8192];

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemcpyDtoH_v2(big, d, sizeof(big)), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemcpyDtoH_v2(big, d + 4095, 2), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, freed)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(64u << 20);
    CONF_SETUP(cuMemFree_v2(d));
    CONF_RESULT(cuMemcpyDtoH_v2(host_a, d, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyDtoH_v2(host_a, NOWHERE, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpyDtoH_v2, before_init)
{
    CONF_RESULT(cuMemcpyDtoH_v2(host_a, NOWHERE, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemcpyDtoD_v2, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoD_v2(0, d, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoD_v2, null_source)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoD_v2(d, 0, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoD_v2, beyond_allocation)
{
    CUdeviceptr d = 0, e = 0;

    conf_context();
    d = conf_memory(4u << 20);
    e = conf_memory(8u << 20);
    CONF_RESULT(cuMemcpyDtoD_v2(d, e, 8u << 20), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyDtoD_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyDtoD_v2(NOWHERE, NOWHERE, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoDAsync_v2(0, host_a, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, null_source)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyHtoDAsync_v2(d, NULL, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, beyond_allocation)
{
    CUdeviceptr d = 0;
    static char big[8192];

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemcpyHtoDAsync_v2(d, big, sizeof(big), NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemcpyHtoDAsync_v2(d + 4095, big, 2, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, never_allocated)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoDAsync_v2(NOWHERE, host_a, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyHtoDAsync_v2(NOWHERE, host_a, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpyHtoDAsync_v2, before_init)
{
    CONF_RESULT(cuMemcpyHtoDAsync_v2(NOWHERE, host_a, 4, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoHAsync_v2(NULL, d, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, null_source)
{
    conf_context();
    CONF_RESULT(cuMemcpyDtoHAsync_v2(host_a, 0, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, beyond_allocation)
{
    CUdeviceptr d = 0;
    static char big[8192];

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemcpyDtoHAsync_v2(big, d, sizeof(big), NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemcpyDtoHAsync_v2(big, d + 4095, 2, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, freed)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(64u << 20);
    CONF_SETUP(cuMemFree_v2(d));
    CONF_RESULT(cuMemcpyDtoHAsync_v2(host_a, d, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyDtoHAsync_v2(host_a, NOWHERE, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemcpyDtoHAsync_v2, before_init)
{
    CONF_RESULT(cuMemcpyDtoHAsync_v2(host_a, NOWHERE, 4, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemcpyDtoDAsync_v2, null_destination)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoDAsync_v2(0, d, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoDAsync_v2, null_source)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemcpyDtoDAsync_v2(d, 0, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoDAsync_v2, beyond_allocation)
{
    CUdeviceptr d = 0, e = 0;

    conf_context();
    d = conf_memory(4u << 20);
    e = conf_memory(8u << 20);
    CONF_RESULT(cuMemcpyDtoDAsync_v2(d, e, 8u << 20, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemcpyDtoDAsync_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemcpyDtoDAsync_v2(NOWHERE, NOWHERE, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}
