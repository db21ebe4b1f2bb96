/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <string.h>

#define PITCH 512u
#define WIDTH 100u
#define ROWS  40u
#define BYTES (PITCH * ROWS)

static unsigned char host_b[BYTES];
static unsigned char wanted[BYTES];

static CUdeviceptr cleared(void)
{
    CUdeviceptr d = conf_memory(BYTES);

    CONF_SETUP(cuMemsetD8_v2(d, 0, BYTES));
    CONF_SETUP(cuCtxSynchronize());
    memset(wanted, 0, sizeof(wanted));
    return d;
}

static void expect_device(CUdeviceptr d)
{
    CONF_OK(cuMemcpyDtoH_v2(host_b, d, BYTES));
    CONF_EXPECT(!memcmp(host_b, wanted, BYTES));
}

/* Fills: 11 columns in 7 rows, from 64 bytes into the allocation. */
#define COLUMNS 11u
#define LINES   7u
#define START   64u

static void model_fill(const void *value, size_t element)
{
    for (size_t y = 0; y < LINES; y++) {
        for (size_t x = 0; x < COLUMNS; x++) {
            memcpy(wanted + START + y * PITCH + x * element, value, element);
        }
    }
}

CONF_POSITIVE(cuMemsetD2D8_v2, rectangle)
{
    const unsigned char value = 0x5a;
    CUdeviceptr d = 0;

    conf_context();
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D8_v2(d + START, PITCH, value, COLUMNS, LINES));
    expect_device(d);
}

CONF_POSITIVE(cuMemsetD2D16_v2, rectangle)
{
    const unsigned short value = 0x1234;
    CUdeviceptr d = 0;

    conf_context();
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D16_v2(d + START, PITCH, value, COLUMNS, LINES));
    expect_device(d);
}

CONF_POSITIVE(cuMemsetD2D32_v2, rectangle)
{
    const unsigned int value = 0x12345678;
    CUdeviceptr d = 0;

    conf_context();
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D32_v2(d + START, PITCH, value, COLUMNS, LINES));
    expect_device(d);
}

CONF_POSITIVE(cuMemsetD2D8Async, in_a_stream)
{
    const unsigned char value = 0xa5;
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D8Async(d + START, PITCH, value, COLUMNS, LINES, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_device(d);
}

CONF_POSITIVE(cuMemsetD2D16Async, in_a_stream)
{
    const unsigned short value = 0xabcd;
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D16Async(d + START, PITCH, value, COLUMNS, LINES, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_device(d);
}

CONF_POSITIVE(cuMemsetD2D32Async, in_a_stream)
{
    const unsigned int value = 0xcafef00d;
    CUdeviceptr d = 0;
    CUstream s = NULL;

    conf_context();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    d = cleared();
    model_fill(&value, sizeof(value));
    CONF_OK(cuMemsetD2D32Async(d + START, PITCH, value, COLUMNS, LINES, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_device(d);
}

CONF_NEGATIVE(cuMemsetD2D8_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D8_v2(d, 1u << 20, 1, 16, 64), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D8_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D8_v2(0x1000, PITCH, 1, 1, 1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D8Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D8Async(d, 1u << 20, 1, 16, 64, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D8Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D8Async(0x1000, PITCH, 1, 1, 1, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D16_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D16_v2(d, 1u << 20, 1, 16, 64), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D16_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D16_v2(0x1000, PITCH, 1, 1, 1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D16Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D16Async(d, 1u << 20, 1, 16, 64, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D16Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D16Async(0x1000, PITCH, 1, 1, 1, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D32_v2, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D32_v2(d, 1u << 20, 1, 16, 64), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D32_v2, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D32_v2(0x1000, PITCH, 1, 1, 1), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D32Async, beyond_allocation)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(4u << 20);
    CONF_RESULT(cuMemsetD2D32Async(d, 1u << 20, 1, 16, 64, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemsetD2D32Async, no_context)
{
    conf_device();
    CONF_RESULT(cuMemsetD2D32Async(0x1000, PITCH, 1, 1, 1, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuMemsetD2D32_v2, unaligned_address)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_RESULT(cuMemsetD2D32_v2(d + 2, PITCH, 1, 1, 2), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemAllocPitch_v2, rows_fit)
{
    CUdeviceptr d = 0, e = 0;
    size_t pitch = 0, other = 0;

    conf_context();
    CONF_OK(cuMemAllocPitch_v2(&d, &pitch, WIDTH, ROWS, 4));
    CONF_EXPECT(d != 0 && pitch >= WIDTH && pitch % 32 == 0);
    CONF_OK(cuMemAllocPitch_v2(&e, &other, 3 * pitch, ROWS, 16));
    CONF_EXPECT(other == 3 * pitch);
    CONF_OK(cuMemsetD2D8_v2(d, pitch, 7, WIDTH, ROWS));
    CONF_OK(cuMemFree_v2(d));
    CONF_OK(cuMemFree_v2(e));
}

CONF_NEGATIVE(cuMemAllocPitch_v2, element_of_three_bytes)
{
    CUdeviceptr d = 0;
    size_t pitch = 0;

    conf_context();
    CONF_RESULT(cuMemAllocPitch_v2(&d, &pitch, WIDTH, ROWS, 3), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAllocPitch_v2, no_width)
{
    CUdeviceptr d = 0;
    size_t pitch = 0;

    conf_context();
    CONF_RESULT(cuMemAllocPitch_v2(&d, &pitch, 0, ROWS, 4), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAllocPitch_v2, no_context)
{
    CUdeviceptr d = 0;
    size_t pitch = 0;

    conf_device();
    CONF_RESULT(cuMemAllocPitch_v2(&d, &pitch, WIDTH, ROWS, 4), CUDA_ERROR_INVALID_CONTEXT);
}
