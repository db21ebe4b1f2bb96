/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdint.h>
#include <string.h>

struct block {
    unsigned int words[16];
    unsigned char tail[5];
};

/* Refused launches must leave no trace: the context still works after them. */
static void refused(const char *kernel, const unsigned int dim[6], unsigned int shared)
{
    CUfunction f = conf_kernel(kernel);
    CUdeviceptr p = conf_memory(65536);
    void *params[] = {&p};

    CONF_RESULT(cuLaunchKernel(f, dim[0], dim[1], dim[2], dim[3], dim[4], dim[5], shared, NULL,
                               params, NULL),
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuCtxSynchronize());
}

#define REFUSED(kernel, shared, ...) refused(kernel, (const unsigned int[6]){__VA_ARGS__}, shared)

CONF_POSITIVE(cuLaunchKernel, no_parameters)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuLaunchKernel, parameters_are_taken_at_the_call)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int value = 41, out[64];
    void *params[] = {&p, &value};

    conf_context();
    f = conf_kernel("store");
    p = conf_memory(sizeof(out));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, NULL, params, NULL));
    value = 0;
    CONF_OK(cuMemcpyDtoH_v2(out, p, sizeof(out)));
    CONF_EXPECT(out[0] == 41 && out[63] == 41);
}

CONF_POSITIVE(cuLaunchKernel, mixed_parameters)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned char a = 200;
    unsigned short b = 60000;
    unsigned int cc = 4000000000u;
    unsigned long long d = 1ull << 40, out[6];
    float e = 17.0f;
    double g = 1e10;
    void *params[] = {&p, &a, &b, &cc, &d, &e, &g};

    conf_context();
    f = conf_kernel("mixed_params");
    p = conf_memory(sizeof(out));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(out, p, sizeof(out)));
    for (int i = 0; i < 6; i++) {
        CONF_VALUE(out[i]);
    }
}

CONF_POSITIVE(cuLaunchKernel, structure_by_value)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    struct block in = {{0}, {1, 2, 3, 4, 5}};
    unsigned int last = 77, out[18];
    void *params[] = {&p, &in, &last};

    conf_context();
    f = conf_kernel("struct_param");
    p = conf_memory(sizeof(out));
    for (unsigned int i = 0; i < 16; i++) {
        in.words[i] = i * i;
    }
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(out, p, sizeof(out)));
    CONF_EXPECT(!memcmp(out, in.words, sizeof(in.words)));
    CONF_VALUE(out[16]);
    CONF_VALUE(out[17]);
}

CONF_POSITIVE(cuLaunchKernel, packed_parameters)
{
    CUfunction f = NULL;
    struct {
        CUdeviceptr p;
        unsigned int value;
    } args = {0, 9};
    unsigned int out[32];
    size_t size = 12;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &args, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};

    conf_context();
    f = conf_kernel("store");
    args.p = conf_memory(sizeof(out));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
    CONF_OK(cuMemcpyDtoH_v2(out, args.p, sizeof(out)));
    CONF_EXPECT(out[0] == 9 && out[31] == 9);
}

CONF_POSITIVE(cuLaunchKernel, three_dimensions)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    static unsigned int out[2 * 3 * 4 * 24];
    void *params[] = {&p};
    int wrong = 0;

    conf_context();
    f = conf_kernel("indices");
    p = conf_memory(sizeof(out));
    CONF_OK(cuLaunchKernel(f, 2, 3, 4, 4, 3, 2, 0, NULL, params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(out, p, sizeof(out)));
    for (unsigned int i = 0; i < 2 * 3 * 4 * 24; i++) {
        wrong += out[i] != i / 24 * 1000 + i % 24;
    }
    CONF_VALUE(wrong);
}

CONF_POSITIVE(cuLaunchKernel, dynamic_shared)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int in[256], out[256];
    void *params[] = {&p};
    int wrong = 0;

    conf_context();
    f = conf_kernel("reverse");
    p = conf_memory(sizeof(in));
    for (unsigned int i = 0; i < 256; i++) {
        in[i] = i;
    }
    CONF_OK(cuMemcpyHtoD_v2(p, in, sizeof(in)));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 256, 1, 1, 1024, NULL, params, NULL));
    CONF_OK(cuMemcpyDtoH_v2(out, p, sizeof(out)));
    for (unsigned int i = 0; i < 256; i++) {
        wrong += out[i] != 255 - i;
    }
    CONF_VALUE(wrong);
}

CONF_POSITIVE(cuLaunchKernel, shared_by_opt_in)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    void *params[] = {&p};

    conf_context();
    f = conf_kernel("reverse");
    p = conf_memory(4096);
    CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 256, 1, 1, 60000, NULL, params, NULL),
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 256, 1, 1, 60000, NULL, params, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuLaunchKernel, many_in_one_stream)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 1, word = 0;
    void *params[] = {&p, &one};

    conf_context();
    f = conf_kernel("add");
    p = conf_memory(4);
    CONF_SETUP(cuMemsetD32_v2(p, 0, 1));
    for (int i = 0; i < 3000; i++) {
        conf_launch(f, 1, 1, NULL, params);
    }
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_POSITIVE(cuLaunchKernel, per_thread_stream)
{
    CUfunction f = NULL;
    CUdeviceptr p = 0;
    unsigned int one = 8, word = 0;
    void *params[] = {&p, &one};

    conf_context();
    f = conf_kernel("store");
    p = conf_memory(4);
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, CU_STREAM_PER_THREAD, params, NULL));
    CONF_OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuLaunchKernel, null_function)
{
    conf_context();
    CONF_RESULT(cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuLaunchKernel, no_context)
{
    CUfunction f = NULL;

    conf_context();
    f = conf_kernel("noop");
    CONF_SETUP(cuCtxPopCurrent_v2(NULL));
    CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuLaunchKernel, before_init)
{
    CONF_RESULT(cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_NEGATIVE(cuLaunchKernel, grid_x_zero)
{
    conf_context();
    REFUSED("bounded", 0, 0, 1, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, grid_y_zero)
{
    conf_context();
    REFUSED("bounded", 0, 1, 0, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, grid_z_zero)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 0, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, block_x_zero)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 1, 0, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, block_y_zero)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 1, 32, 0, 1);
}

CONF_NEGATIVE(cuLaunchKernel, block_z_zero)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 1, 32, 1, 0);
}

CONF_NEGATIVE(cuLaunchKernel, grid_x_too_large)
{
    conf_context();
    REFUSED("bounded", 0, 0x80000000u, 1, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, grid_y_too_large)
{
    conf_context();
    REFUSED("bounded", 0, 1, 65536, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, grid_z_too_large)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 65536, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, block_x_too_large)
{
    conf_context();
    REFUSED("static_shared", 0, 1, 1, 1, 1025, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, block_z_too_large)
{
    conf_context();
    REFUSED("static_shared", 0, 1, 1, 1, 1, 1, 65);
}

CONF_NEGATIVE(cuLaunchKernel, block_product_too_large)
{
    conf_context();
    REFUSED("static_shared", 0, 1, 1, 1, 64, 32, 1);
}

CONF_NEGATIVE(cuLaunchKernel, beyond_launch_bounds)
{
    conf_context();
    REFUSED("bounded", 0, 1, 1, 1, 65, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, too_much_shared)
{
    conf_context();
    REFUSED("reverse", 64u << 20, 1, 1, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, shared_beyond_default)
{
    conf_context();
    REFUSED("reverse", 49153, 1, 1, 1, 32, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, static_and_dynamic_shared)
{
    conf_context();
    REFUSED("static_shared", 49152, 1, 1, 1, 256, 1, 1);
}

CONF_NEGATIVE(cuLaunchKernel, params_and_extra)
{
    CUfunction f = NULL;
    struct {
        CUdeviceptr p;
        unsigned int value;
    } args = {0, 9};
    size_t size = 12;
    void *params[] = {&args.p, &args.value};
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &args, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};

    conf_context();
    f = conf_kernel("store");
    args.p = conf_memory(4096);
    CONF_RESULT(cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, NULL, params, extra),
                CUDA_ERROR_INVALID_VALUE);
}
