/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#define NOWHERE ((CUdeviceptr)0x100)

static unsigned char host[4096];

/* Counts the bytes of the device's first 4096 that differ from the pattern. */
static int differing(CUdeviceptr d, unsigned int value, size_t width, size_t from, size_t to)
{
    int wrong = 0;

    CONF_SETUP(cuMemcpyDtoH_v2(host, d, sizeof(host)));
    for (size_t i = from; i < to; i++) {
        wrong += host[i] != (unsigned char)(value >> (8 * ((i - from) % width)));
    }
    return wrong;
}

CONF_POSITIVE(cuMemsetD8_v2, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD8_v2(d, 0xab, 4096));
    CONF_EXPECT(differing(d, 0xab, 1, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD8_v2, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD8_v2(d + 3, 0xab, 7));
    CONF_EXPECT(differing(d, 1, 1, 0, 3) == 0);
    CONF_EXPECT(differing(d, 0xab, 1, 3, 10) == 0);
    CONF_EXPECT(differing(d, 1, 1, 10, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD8_v2, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD8_v2(d, 0xab, 0));
}

CONF_NEGATIVE(cuMemsetD8_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD8_v2(0, 0xab, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD8_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD8_v2(d, 0xab, 4097), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD8_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD8_v2(NOWHERE, 0xab, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD8_v2, before_init)
{
    CONF_RESULT(cuMemsetD8_v2(NOWHERE, 0xab, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemsetD8Async, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD8Async(d, 0xab, 4096, NULL));
    CONF_EXPECT(differing(d, 0xab, 1, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD8Async, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD8Async(d + 3, 0xab, 7, NULL));
    CONF_EXPECT(differing(d, 1, 1, 0, 3) == 0);
    CONF_EXPECT(differing(d, 0xab, 1, 3, 10) == 0);
    CONF_EXPECT(differing(d, 1, 1, 10, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD8Async, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD8Async(d, 0xab, 0, NULL));
}

CONF_NEGATIVE(cuMemsetD8Async, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD8Async(0, 0xab, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD8Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD8Async(d, 0xab, 4097, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD8Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD8Async(NOWHERE, 0xab, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD8Async, before_init)
{
    CONF_RESULT(cuMemsetD8Async(NOWHERE, 0xab, 4, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuMemsetD8Async, in_stream_order)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuMemsetD8Async(d, 1, 4096, s));
    CONF_OK(cuMemsetD8Async(d, 0xab, 4096, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(differing(d, 0xab, 1, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD16_v2, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD16_v2(d, 0xbeef, 2048));
    CONF_EXPECT(differing(d, 0xbeef, 2, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD16_v2, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD16_v2(d + 6, 0xbeef, 7));
    CONF_EXPECT(differing(d, 1, 1, 0, 6) == 0);
    CONF_EXPECT(differing(d, 0xbeef, 2, 6, 20) == 0);
    CONF_EXPECT(differing(d, 1, 1, 20, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD16_v2, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD16_v2(d, 0xbeef, 0));
}

CONF_NEGATIVE(cuMemsetD16_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD16_v2(0, 0xbeef, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD16_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD16_v2(d, 0xbeef, 2049), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD16_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD16_v2(NOWHERE, 0xbeef, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD16_v2, before_init)
{
    CONF_RESULT(cuMemsetD16_v2(NOWHERE, 0xbeef, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemsetD16_v2, misaligned)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD16_v2(d + 1, 0xbeef, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemsetD16Async, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD16Async(d, 0xbeef, 2048, NULL));
    CONF_EXPECT(differing(d, 0xbeef, 2, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD16Async, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD16Async(d + 6, 0xbeef, 7, NULL));
    CONF_EXPECT(differing(d, 1, 1, 0, 6) == 0);
    CONF_EXPECT(differing(d, 0xbeef, 2, 6, 20) == 0);
    CONF_EXPECT(differing(d, 1, 1, 20, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD16Async, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD16Async(d, 0xbeef, 0, NULL));
}

CONF_NEGATIVE(cuMemsetD16Async, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD16Async(0, 0xbeef, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD16Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD16Async(d, 0xbeef, 2049, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD16Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD16Async(NOWHERE, 0xbeef, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD16Async, before_init)
{
    CONF_RESULT(cuMemsetD16Async(NOWHERE, 0xbeef, 4, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemsetD16Async, misaligned)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD16Async(d + 1, 0xbeef, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemsetD16Async, in_stream_order)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuMemsetD16Async(d, 1, 2048, s));
    CONF_OK(cuMemsetD16Async(d, 0xbeef, 2048, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(differing(d, 0xbeef, 2, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD32_v2, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD32_v2(d, 0xdeadbeefu, 1024));
    CONF_EXPECT(differing(d, 0xdeadbeefu, 4, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD32_v2, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD32_v2(d + 12, 0xdeadbeefu, 7));
    CONF_EXPECT(differing(d, 1, 1, 0, 12) == 0);
    CONF_EXPECT(differing(d, 0xdeadbeefu, 4, 12, 40) == 0);
    CONF_EXPECT(differing(d, 1, 1, 40, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD32_v2, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD32_v2(d, 0xdeadbeefu, 0));
}

CONF_NEGATIVE(cuMemsetD32_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD32_v2(0, 0xdeadbeefu, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD32_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD32_v2(d, 0xdeadbeefu, 1025), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD32_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD32_v2(NOWHERE, 0xdeadbeefu, 4), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD32_v2, before_init)
{
    CONF_RESULT(cuMemsetD32_v2(NOWHERE, 0xdeadbeefu, 4), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemsetD32_v2, misaligned)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD32_v2(d + 2, 0xdeadbeefu, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemsetD32Async, whole)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD32Async(d, 0xdeadbeefu, 1024, NULL));
    CONF_EXPECT(differing(d, 0xdeadbeefu, 4, 0, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD32Async, middle)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuMemsetD8_v2(d, 1, 4096));
    CONF_OK(cuMemsetD32Async(d + 12, 0xdeadbeefu, 7, NULL));
    CONF_EXPECT(differing(d, 1, 1, 0, 12) == 0);
    CONF_EXPECT(differing(d, 0xdeadbeefu, 4, 12, 40) == 0);
    CONF_EXPECT(differing(d, 1, 1, 40, 4096) == 0);
}

CONF_POSITIVE(cuMemsetD32Async, nothing)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_OK(cuMemsetD32Async(d, 0xdeadbeefu, 0, NULL));
}

CONF_NEGATIVE(cuMemsetD32Async, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemsetD32Async(0, 0xdeadbeefu, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD32Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD32Async(d, 0xdeadbeefu, 1025, NULL), CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuMemsetD32Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD32Async(NOWHERE, 0xdeadbeefu, 4, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD32Async, before_init)
{
    CONF_RESULT(cuMemsetD32Async(NOWHERE, 0xdeadbeefu, 4, NULL), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuMemsetD32Async, misaligned)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4096);
    CONF_RESULT(cuMemsetD32Async(d + 2, 0xdeadbeefu, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemsetD32Async, in_stream_order)
{
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    d = conf_memory(4096);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_OK(cuMemsetD32Async(d, 1, 1024, s));
    CONF_OK(cuMemsetD32Async(d, 0xdeadbeefu, 1024, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(differing(d, 0xdeadbeefu, 4, 0, 4096) == 0);
}
