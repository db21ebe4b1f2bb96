/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

CONF_POSITIVE(cuOccupancyMaxActiveBlocksPerMultiprocessor, plain)
{
    CUfunction f = NULL;
    int n = -1, more = -1;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 1024, 0));
    CONF_EXPECT(n >= 1 && n <= 4);
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&more, f, 128, 0));
    CONF_EXPECT(more >= n);
}

CONF_NEGATIVE(cuOccupancyMaxActiveBlocksPerMultiprocessor, null_out)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyMaxActiveBlocksPerMultiprocessor(NULL, f, 128, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxActiveBlocksPerMultiprocessor, zero_threads)
{
    CUfunction f = NULL;
    int n = -1;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 0, 0), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxActiveBlocksPerMultiprocessor, null_function)
{
    int n = -1;

    conf_context();
    CONF_RESULT(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, NULL, 128, 0),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, agrees)
{
    CUfunction f = NULL;
    int n = -1, m = -2;

    conf_context();
    f = conf_kernel("static_shared");
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 256, 0));
    CONF_OK(
        cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&m, f, 256, 0, CU_OCCUPANCY_DEFAULT));
    CONF_EXPECT(n == m);
    CONF_OK(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
        &m, f, 256, 0, CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE));
    CONF_EXPECT(m >= 1);
}

CONF_NEGATIVE(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, bad_flags)
{
    CUfunction f = NULL;
    int n = -1;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&n, f, 128, 0, 0x80),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, null_function)
{
    int n = -1;

    conf_context();
    CONF_RESULT(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&n, NULL, 128, 0, 0),
                CUDA_ERROR_INVALID_HANDLE);
}

/* The callback runs in the calling process. */
static size_t shared_by_block(int block)
{
    return (size_t)block * 4;
}

CONF_POSITIVE(cuOccupancyMaxPotentialBlockSize, plain)
{
    CUfunction f = NULL;
    int grid = 0, block = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, f, NULL, 0, 0));
    CONF_EXPECT(grid >= 1 && block >= 32 && block <= 1024 && block % 32 == 0);
}

CONF_POSITIVE(cuOccupancyMaxPotentialBlockSize, limit_and_callback)
{
    CUfunction f = NULL;
    int grid = 0, block = 0;

    conf_context();
    f = conf_kernel("reverse");
    CONF_OK(cuOccupancyMaxPotentialBlockSize(&grid, &block, f, shared_by_block, 0, 128));
    CONF_EXPECT(grid >= 1 && block >= 32 && block <= 128);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialBlockSize, null_outs)
{
    CUfunction f = NULL;
    int n = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyMaxPotentialBlockSize(NULL, &n, f, NULL, 0, 0),
                CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuOccupancyMaxPotentialBlockSize(&n, NULL, f, NULL, 0, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialBlockSize, null_function)
{
    int grid = 0, block = 0;

    conf_context();
    CONF_RESULT(cuOccupancyMaxPotentialBlockSize(&grid, &block, NULL, NULL, 0, 0),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuOccupancyMaxPotentialBlockSizeWithFlags, agrees)
{
    CUfunction f = NULL;
    int g1 = 0, b1 = 0, g2 = 0, b2 = 0;

    conf_context();
    f = conf_kernel("static_shared");
    CONF_OK(cuOccupancyMaxPotentialBlockSize(&g1, &b1, f, NULL, 0, 0));
    CONF_OK(
        cuOccupancyMaxPotentialBlockSizeWithFlags(&g2, &b2, f, NULL, 0, 0, CU_OCCUPANCY_DEFAULT));
    CONF_EXPECT(g1 == g2 && b1 == b2);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialBlockSizeWithFlags, bad_flags)
{
    CUfunction f = NULL;
    int grid = 0, block = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyMaxPotentialBlockSizeWithFlags(&grid, &block, f, NULL, 0, 0, 0x80),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyMaxPotentialBlockSizeWithFlags, null_function)
{
    int grid = 0, block = 0;

    conf_context();
    CONF_RESULT(cuOccupancyMaxPotentialBlockSizeWithFlags(&grid, &block, NULL, NULL, 0, 0, 0),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuOccupancyAvailableDynamicSMemPerBlock, plain)
{
    CUfunction f = NULL;
    size_t one = 0, two = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuOccupancyAvailableDynamicSMemPerBlock(&one, f, 1, 128));
    CONF_OK(cuOccupancyAvailableDynamicSMemPerBlock(&two, f, 2, 128));
    CONF_EXPECT(one >= 16384 && two <= one);
}

CONF_NEGATIVE(cuOccupancyAvailableDynamicSMemPerBlock, zero_blocks)
{
    CUfunction f = NULL;
    size_t n = 0;

    conf_context();
    f = conf_kernel("noop");
    CONF_RESULT(cuOccupancyAvailableDynamicSMemPerBlock(&n, f, 0, 128), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuOccupancyAvailableDynamicSMemPerBlock, null_function)
{
    size_t n = 0;

    conf_context();
    CONF_RESULT(cuOccupancyAvailableDynamicSMemPerBlock(&n, NULL, 1, 128),
                CUDA_ERROR_INVALID_HANDLE);
}
