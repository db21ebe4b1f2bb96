/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf_image.h"

#include <stdlib.h>
#include <string.h>

/* Copies from and to arrays: rows of one dimension, rectangles, boxes. */

#define WIDTH 256ul
#define BYTES (WIDTH * 4)

static unsigned char data[BYTES];
static unsigned char seen[BYTES];

static CUarray line(void)
{
    return conf_array(CU_AD_FORMAT_UNSIGNED_INT32, 1, WIDTH, 0, 0, 0);
}

static CUarray filled(unsigned int seed)
{
    CUarray array = line();

    conf_fill(data, BYTES, seed);
    CONF_SETUP(cuMemcpyHtoA_v2(array, 0, data, BYTES));
    CONF_SETUP(cuCtxSynchronize());
    return array;
}

static void expect_array(CUarray array, const unsigned char *wanted)
{
    memset(seen, 0, BYTES);
    CONF_SETUP(cuMemcpyAtoH_v2(seen, array, 0, BYTES));
    CONF_EXPECT(!memcmp(seen, wanted, BYTES));
}

CONF_POSITIVE(cuMemcpyHtoA_v2, part_of_a_row)
{
    unsigned char wanted[BYTES];
    unsigned char part[100];
    CUarray array = NULL;

    conf_context();
    array = filled(1);
    memcpy(wanted, data, BYTES);
    conf_fill(part, sizeof(part), 2);
    memcpy(wanted + 40, part, sizeof(part));
    CONF_OK(cuMemcpyHtoA_v2(array, 40, part, sizeof(part)));
    expect_array(array, wanted);
}

CONF_POSITIVE(cuMemcpyHtoA_v2, nothing)
{
    conf_context();
    CONF_OK(cuMemcpyHtoA_v2(filled(1), 0, data, 0));
}

CONF_NEGATIVE(cuMemcpyHtoA_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoA_v2(filled(1), 4, data, BYTES), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoA_v2, null_source)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoA_v2(filled(1), 0, NULL, 16), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoA_v2, null_array)
{
    conf_context();
    CONF_EITHER(cuMemcpyHtoA_v2(NULL, 0, data, 16), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyAtoH_v2, part_of_a_row)
{
    conf_context();
    CONF_OK(cuMemcpyAtoH_v2(seen, filled(3), 80, 120));
    CONF_EXPECT(!memcmp(seen, data + 80, 120));
}

CONF_NEGATIVE(cuMemcpyAtoH_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoH_v2(seen, filled(3), BYTES - 4, 8), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAtoH_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoH_v2(NULL, filled(3), 0, 16), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyHtoAAsync_v2, pageable_and_pinned)
{
    CUarray array = NULL;
    CUstream s = NULL;
    void *pinned = NULL;

    conf_context();
    array = line();
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuMemAllocHost_v2(&pinned, BYTES));
    conf_fill(pinned, BYTES, 4);
    CONF_OK(cuMemcpyHtoAAsync_v2(array, 0, pinned, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_array(array, pinned);
    conf_fill(data, BYTES, 5);
    CONF_OK(cuMemcpyHtoAAsync_v2(array, 0, data, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    expect_array(array, data);
}

CONF_NEGATIVE(cuMemcpyHtoAAsync_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoAAsync_v2(filled(1), BYTES, data, 4, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyHtoAAsync_v2, null_source)
{
    conf_context();
    CONF_RESULT(cuMemcpyHtoAAsync_v2(filled(1), 0, NULL, 16, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyAtoHAsync_v2, pageable_and_pinned)
{
    CUarray array = NULL;
    CUstream s = NULL;
    void *pinned = NULL;

    conf_context();
    array = filled(6);
    CONF_SETUP(cuStreamCreate(&s, CU_STREAM_NON_BLOCKING));
    CONF_SETUP(cuMemAllocHost_v2(&pinned, BYTES));
    CONF_OK(cuMemcpyAtoHAsync_v2(pinned, array, 0, BYTES, s));
    CONF_OK(cuMemcpyAtoHAsync_v2(seen, array, 0, BYTES, s));
    CONF_OK(cuStreamSynchronize(s));
    CONF_EXPECT(!memcmp(pinned, data, BYTES) && !memcmp(seen, data, BYTES));
}

CONF_NEGATIVE(cuMemcpyAtoHAsync_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoHAsync_v2(seen, filled(1), 8, BYTES, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAtoHAsync_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoHAsync_v2(NULL, filled(1), 0, 16, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyAtoD_v2, part_of_a_row)
{
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    CONF_OK(cuMemcpyAtoD_v2(d + 16, filled(7), 40, 200));
    CONF_OK(cuMemcpyDtoH_v2(seen, d + 16, 200));
    CONF_EXPECT(!memcmp(seen, data + 40, 200));
}

CONF_NEGATIVE(cuMemcpyAtoD_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoD_v2(conf_memory(BYTES * 2), filled(7), 0, BYTES + 4),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAtoD_v2, null_destination)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoD_v2(0, filled(7), 0, 16), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyDtoA_v2, part_of_a_row)
{
    unsigned char wanted[BYTES];
    CUarray array = NULL;
    CUdeviceptr d = 0;

    conf_context();
    d = conf_memory(BYTES);
    array = filled(8);
    memcpy(wanted, data, BYTES);
    conf_fill(data, BYTES, 9);
    CONF_SETUP(cuMemcpyHtoD_v2(d, data, BYTES));
    CONF_OK(cuMemcpyDtoA_v2(array, 100, d + 8, 300));
    memcpy(wanted + 100, data + 8, 300);
    expect_array(array, wanted);
}

CONF_NEGATIVE(cuMemcpyDtoA_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyDtoA_v2(filled(7), BYTES - 8, conf_memory(BYTES), 16),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyDtoA_v2, null_source)
{
    conf_context();
    CONF_RESULT(cuMemcpyDtoA_v2(filled(7), 0, 0, 16), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuMemcpyAtoA_v2, between_arrays)
{
    unsigned char wanted[BYTES];
    CUarray from = NULL, to = NULL;

    conf_context();
    to = filled(10);
    memcpy(wanted, data, BYTES);
    from = filled(11);
    memcpy(wanted + 400, data + 16, 256);
    CONF_OK(cuMemcpyAtoA_v2(to, 400, from, 16, 256));
    expect_array(to, wanted);
}

CONF_NEGATIVE(cuMemcpyAtoA_v2, beyond_the_end)
{
    conf_context();
    CONF_RESULT(cuMemcpyAtoA_v2(filled(1), 8, filled(2), 0, BYTES), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuMemcpyAtoA_v2(filled(1), 0, filled(2), 8, BYTES), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemcpyAtoA_v2, null_array)
{
    conf_context();
    CONF_EITHER(cuMemcpyAtoA_v2(NULL, 0, filled(2), 0, 16), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

/* Which the documentation forbids: refused or done, and no harm. */
CONF_POSITIVE(cuMemcpyAtoA_v2, elements_of_two_sizes)
{
    CUarray wide = NULL;

    conf_context();
    wide = conf_array(CU_AD_FORMAT_FLOAT, 4, BYTES / 16, 0, 0, 0);
    CONF_CALL(cuMemcpyAtoA_v2(wide, 0, filled(1), 0, 64));
    CONF_OK(cuCtxSynchronize());
    expect_array(filled(2), data);
}
