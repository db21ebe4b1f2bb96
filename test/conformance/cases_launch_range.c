/* SPDX-License-Identifier: Apache-2.0 */

/* Launches just beyond each limit and far beyond it; parameters that do not fit the kernel. */
#include "test/conformance/conf.h"

#include <limits.h>
#include <string.h>

static unsigned int attribute(CUdevice_attribute which)
{
    int value = 0;

    CONF_SETUP(cuDeviceGetAttribute(&value, which, 0));
    return (unsigned int)value;
}

/* Refused both ways of asking, and the context goes on. */
static void refused(const unsigned int dim[6], unsigned int shared, CUresult code)
{
    CUfunction f = conf_kernel("noop");
    CUlaunchConfig config = {.gridDimX = dim[0],
                             .gridDimY = dim[1],
                             .gridDimZ = dim[2],
                             .blockDimX = dim[3],
                             .blockDimY = dim[4],
                             .blockDimZ = dim[5],
                             .sharedMemBytes = shared};

    CONF_RESULT(
        cuLaunchKernel(f, dim[0], dim[1], dim[2], dim[3], dim[4], dim[5], shared, NULL, NULL, NULL),
        code);
    CONF_RESULT(cuLaunchKernelEx(&config, f, NULL, NULL), code);
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

#define TOO_LARGE(name, shared, ...)                                                               \
    CONF_NEGATIVE(cuLaunchKernel, name)                                                            \
    {                                                                                              \
        conf_context();                                                                            \
        refused((const unsigned int[6]){__VA_ARGS__}, shared, CUDA_ERROR_INVALID_VALUE);           \
    }

TOO_LARGE(grid_x_one_too_many, 0, attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X) + 1, 1, 1, 1, 1, 1)
TOO_LARGE(grid_y_one_too_many, 0, 1, attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y) + 1, 1, 1, 1, 1)
TOO_LARGE(grid_z_one_too_many, 0, 1, 1, attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z) + 1, 1, 1, 1)
TOO_LARGE(block_x_one_too_many, 0, 1, 1, 1, attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X) + 1, 1,
          1)
TOO_LARGE(block_y_one_too_many, 0, 1, 1, 1, 1, attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y) + 1,
          1)
TOO_LARGE(block_z_one_too_many, 0, 1, 1, 1, 1, 1,
          attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z) + 1)
TOO_LARGE(grid_x_all_bits, 0, UINT_MAX, 1, 1, 1, 1, 1)
TOO_LARGE(grid_y_all_bits, 0, 1, UINT_MAX, 1, 1, 1, 1)
TOO_LARGE(grid_z_all_bits, 0, 1, 1, UINT_MAX, 1, 1, 1)
TOO_LARGE(block_x_all_bits, 0, 1, 1, 1, UINT_MAX, 1, 1)
TOO_LARGE(block_y_all_bits, 0, 1, 1, 1, 1, UINT_MAX, 1)
TOO_LARGE(block_z_all_bits, 0, 1, 1, 1, 1, 1, UINT_MAX)
TOO_LARGE(block_product_wraps_to_zero, 0, 1, 1, 1, 65536, 65536, 1)
TOO_LARGE(block_product_wraps_to_one, 0, 1, 1, 1, 641, 6700417, 1)
TOO_LARGE(block_product_one_row_too_many, 0, 1, 1, 1, 1024, 2, 1)
TOO_LARGE(block_product_one_layer_too_many, 0, 1, 1, 1, 32, 32, 2)
TOO_LARGE(shared_one_byte_too_many, attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK) + 1,
          1, 1, 1, 1, 1, 1)
TOO_LARGE(shared_all_bits, UINT_MAX, 1, 1, 1, 1, 1, 1)
TOO_LARGE(everything_zero, 0, 0, 0, 0, 0, 0, 0)
TOO_LARGE(everything_all_bits, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX)

CONF_NEGATIVE(cuLaunchKernel, shared_beyond_what_was_allowed)
{
    unsigned int most = 0;
    CUfunction f;

    conf_context();
    most = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    f = conf_kernel("noop");
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)most));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, most, NULL, NULL, NULL));
    CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, most + 1, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuLaunchKernel, shared_beyond_what_was_allowed_last)
{
    CUfunction f;
    int v = 0;

    conf_context();
    f = conf_kernel("noop");
    for (int i = 0; i < 2; i++) {
        CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000));
        CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 60000, NULL, NULL, NULL));
        CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 1000));
        CONF_OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f));
        CONF_VALUE(v);
        CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 1000, NULL, NULL, NULL));
        CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 1001, NULL, NULL, NULL),
                    CUDA_ERROR_INVALID_VALUE);
    }
    CONF_OK(cuCtxSynchronize());
}

CONF_NEGATIVE(cuFuncSetAttribute, shared_one_byte_beyond_the_device)
{
    unsigned int most = 0;

    conf_context();
    most = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    CONF_RESULT(cuFuncSetAttribute(conf_kernel("noop"),
                                   CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)most + 1),
                CUDA_ERROR_INVALID_VALUE);
}

/* Clusters of forms that no device has. */
static void cluster(unsigned int x, unsigned int y, unsigned int z, unsigned int grid)
{
    CUlaunchAttribute a = {.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION};
    CUlaunchConfig config = {.gridDimX = grid,
                             .gridDimY = grid,
                             .gridDimZ = grid,
                             .blockDimX = 1,
                             .blockDimY = 1,
                             .blockDimZ = 1,
                             .attrs = &a,
                             .numAttrs = 1};

    a.value.clusterDim.x = x;
    a.value.clusterDim.y = y;
    a.value.clusterDim.z = z;
    CONF_FAILS(cuLaunchKernelEx(&config, conf_kernel("noop"), NULL, NULL));
    CONF_CALL(cuLaunchKernelEx(&config, conf_kernel("noop"), NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

#define BAD_CLUSTER(name, ...)                                                                     \
    CONF_NEGATIVE(cuLaunchKernelEx, name)                                                          \
    {                                                                                              \
        conf_context();                                                                            \
        cluster(__VA_ARGS__);                                                                      \
    }

BAD_CLUSTER(cluster_of_seventeen, 17, 1, 1, 17)
BAD_CLUSTER(cluster_of_thirty_two, 4, 4, 2, 8)
BAD_CLUSTER(cluster_x_zero, 0, 1, 1, 8)
BAD_CLUSTER(cluster_y_zero, 1, 0, 1, 8)
BAD_CLUSTER(cluster_z_zero, 1, 1, 0, 8)
BAD_CLUSTER(cluster_product_wraps, 65536, 65536, 1, 8)
BAD_CLUSTER(cluster_all_bits, UINT_MAX, UINT_MAX, UINT_MAX, 8)
BAD_CLUSTER(cluster_larger_than_the_grid, 8, 1, 1, 4)

CONF_NEGATIVE(cuLaunchCooperativeKernel, one_block_too_many)
{
    int blocks = 0;
    unsigned int fit = 0;
    CUfunction f;

    conf_context();
    f = conf_kernel("noop");
    CONF_SETUP(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 128, 0));
    fit = (unsigned int)blocks * attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    CONF_RESULT(cuLaunchCooperativeKernel(f, fit + 1, 1, 1, 128, 1, 1, 0, NULL, NULL),
                CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
    CONF_OK(cuLaunchCooperativeKernel(f, fit, 1, 1, 128, 1, 1, 0, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

/* Parameters by `extra`: struct_param takes 96 bytes. */
static void **extra_of(void *data, size_t *bytes)
{
    static void *extra[5];

    extra[0] = CU_LAUNCH_PARAM_BUFFER_POINTER;
    extra[1] = data;
    extra[2] = CU_LAUNCH_PARAM_BUFFER_SIZE;
    extra[3] = bytes;
    extra[4] = CU_LAUNCH_PARAM_END;
    return extra;
}

static void packed(size_t bytes, CUresult code)
{
    static unsigned char data[8192];
    CUdeviceptr out = conf_memory(4096);
    CUfunction f = conf_kernel("struct_param");

    memcpy(data, &out, sizeof(out));
    CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra_of(data, &bytes)), code);
    CONF_OK(cuCtxSynchronize());
}

#define PACKED_AS(CONF, name, bytes, code)                                                         \
    CONF(cuLaunchKernel, name)                                                                     \
    {                                                                                              \
        conf_context();                                                                            \
        packed(bytes, code);                                                                       \
    }

#define PACKED(name, bytes, code) PACKED_AS(CONF_NEGATIVE, name, bytes, code)

PACKED(packed_zero_bytes, 0, CUDA_ERROR_INVALID_VALUE)
PACKED(packed_a_page_too_long, 4096, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
PACKED(packed_all_that_a_kernel_may_take_and_one, 4097, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
/* Native crashes. */
PACKED_AS(CONF_OURS, packed_half_of_the_address_space, SIZE_MAX / 2,
          CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
PACKED_AS(CONF_OURS, packed_all_bits, SIZE_MAX, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)

CONF_NEGATIVE(cuLaunchKernel, packed_pointer_alone)
{
    unsigned long long data[16] = {0};
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, data, CU_LAUNCH_PARAM_END};

    conf_context();
    CONF_RESULT(cuLaunchKernel(conf_kernel("struct_param"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchKernel, packed_size_alone)
{
    size_t bytes = 96;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes, CU_LAUNCH_PARAM_END};

    conf_context();
    CONF_RESULT(cuLaunchKernel(conf_kernel("struct_param"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLaunchKernel, packed_nothing)
{
    void *extra[] = {CU_LAUNCH_PARAM_END};

    conf_context();
    CONF_RESULT(cuLaunchKernel(conf_kernel("struct_param"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra),
                CUDA_ERROR_INVALID_VALUE);
}
