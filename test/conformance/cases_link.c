/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/conformance/fat_image.h"

static char kernel_ptx[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                           ".extern .func (.param .b32 r) twice (.param .b32 a);\n"
                           ".visible .entry linked(.param .u64 p, .param .u32 v)\n{\n"
                           "    .reg .b32 %r<3>;\n    .reg .b64 %rd<3>;\n"
                           "    ld.param.u64 %rd1, [p];\n    ld.param.u32 %r1, [v];\n"
                           "    cvta.to.global.u64 %rd2, %rd1;\n    {\n"
                           "    .param .b32 in;\n    .param .b32 out;\n"
                           "    st.param.b32 [in], %r1;\n"
                           "    call.uni (out), twice, (in);\n"
                           "    ld.param.b32 %r2, [out];\n    }\n"
                           "    st.global.u32 [%rd2], %r2;\n    ret;\n}\n";
static char device_ptx[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                           ".visible .func (.param .b32 r) twice (.param .b32 a)\n{\n"
                           "    .reg .b32 %r<3>;\n"
                           "    ld.param.b32 %r1, [a];\n    add.s32 %r2, %r1, %r1;\n"
                           "    st.param.b32 [r], %r2;\n    ret;\n}\n";
static char bad_ptx[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                        ".visible .entry broken()\n{\n    this is not ptx;\n    ret;\n}\n";

static CUlinkState new_state(void)
{
    CUlinkState s = NULL;

    CONF_SETUP(cuLinkCreate_v2(0, NULL, NULL, &s));
    return s;
}

/* Loads what was linked and runs its kernel. */
static unsigned int run(const void *cubin)
{
    CUmodule m = NULL;
    CUfunction f = NULL;
    CUdeviceptr p = conf_memory(4);
    unsigned int value = 21, word = 0;
    void *params[] = {&p, &value};

    CONF_SETUP(cuModuleLoadData(&m, cubin));
    CONF_SETUP(cuModuleGetFunction(&f, m, "linked"));
    conf_launch(f, 1, 1, NULL, params);
    CONF_SETUP(cuMemcpyDtoH_v2(&word, p, 4));
    return word;
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd)) {
        conf_skip("no temporary file");
    }
}

CONF_POSITIVE(cuLinkCreate_v2, two_texts)
{
    CUlinkState s = NULL;
    void *cubin = NULL;
    size_t size = 0;

    conf_context();
    CONF_OK(cuLinkCreate_v2(0, NULL, NULL, &s));
    CONF_OK(cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, kernel_ptx, sizeof(kernel_ptx), "kernel", 0, NULL,
                             NULL));
    CONF_OK(cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, device_ptx, sizeof(device_ptx), "device", 0, NULL,
                             NULL));
    CONF_OK(cuLinkComplete(s, &cubin, &size));
    CONF_EXPECT(cubin != NULL && size > 0);
    CONF_VALUE(run(cubin));
    CONF_OK(cuLinkDestroy(s));
}

/* With these the vendor's driver divides by zero. */
static void threads(CUjit_option option, unsigned int count)
{
    CUjit_option options[] = {option};
    void *values[] = {(void *)(size_t)count};
    CUlinkState s = NULL;
    CUmodule module = NULL;

    conf_context();
    CONF_RESULT(cuLinkCreate_v2(1, options, values, &s), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuModuleLoadDataEx(&module, conf_ptx(), 1, options, values),
                CUDA_ERROR_INVALID_VALUE);
    CONF_OK(cuModuleLoadData(&module, conf_ptx()));
}

CONF_OURS(cuLinkCreate_v2, no_threads)
{
    threads(CU_JIT_THREADS_PER_BLOCK, 0);
}

CONF_OURS(cuLinkCreate_v2, more_threads_than_whole_warps)
{
    threads(CU_JIT_MAX_THREADS_PER_BLOCK, 0xffffffe1u);
}

CONF_POSITIVE(cuLinkCreate_v2, first_form)
{
    CUlinkState s = NULL;

    conf_context();
    CONF_OK(cuLinkCreate(0, NULL, NULL, &s));
    CONF_OK(cuLinkDestroy(s));
}

CONF_POSITIVE(cuLinkCreate_v2, options)
{
    CUjit_option options[] = {CU_JIT_OPTIMIZATION_LEVEL, CU_JIT_MAX_REGISTERS};
    void *values[] = {(void *)2, (void *)32};
    CUlinkState s = NULL;

    conf_context();
    CONF_OK(cuLinkCreate_v2(2, options, values, &s));
    CONF_OK(cuLinkDestroy(s));
}

CONF_NEGATIVE(cuLinkCreate_v2, null_out)
{
    conf_context();
    CONF_RESULT(cuLinkCreate_v2(0, NULL, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkCreate_v2, null_options)
{
    CUlinkState s = NULL;

    conf_context();
    CONF_RESULT(cuLinkCreate_v2(1, NULL, NULL, &s), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkCreate_v2, unknown_option)
{
    CUjit_option options[] = {(CUjit_option)9999};
    void *values[] = {NULL};
    CUlinkState s = NULL;

    conf_context();
    CONF_RESULT(cuLinkCreate_v2(1, options, values, &s), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkCreate_v2, no_context)
{
    CUlinkState s = NULL;

    conf_device();
    CONF_RESULT(cuLinkCreate_v2(0, NULL, NULL, &s), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuLinkCreate_v2, before_init)
{
    CUlinkState s = NULL;

    CONF_RESULT(cuLinkCreate_v2(0, NULL, NULL, &s), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuLinkAddData_v2, fat_binary)
{
    void *image = malloc(sizeof(fat_image));
    CUlinkState s = NULL;
    CUmodule m = NULL;
    CUfunction f = NULL;
    void *cubin = NULL;
    size_t size = 0;

    memcpy(image, fat_image, sizeof(fat_image));
    conf_context();
    s = new_state();
    CONF_OK(cuLinkAddData_v2(s, CU_JIT_INPUT_FATBINARY, image, sizeof(fat_image), "fat", 0, NULL,
                             NULL));
    free(image);
    CONF_OK(cuLinkComplete(s, &cubin, &size));
    CONF_OK(cuModuleLoadData(&m, cubin));
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
    CONF_OK(cuLinkDestroy(s));
}

CONF_POSITIVE(cuLinkAddData_v2, log_of_an_error)
{
    static char log[4096];
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)sizeof(log)};
    CUlinkState s = NULL;

    conf_context();
    CONF_OK(cuLinkCreate_v2(2, options, values, &s));
    CONF_RESULT(
        cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, bad_ptx, sizeof(bad_ptx), "bad", 0, NULL, NULL),
        CUDA_ERROR_INVALID_PTX);
    CONF_EXPECT(log[0] != '\0');
    CONF_OK(cuLinkDestroy(s));
}

CONF_NEGATIVE(cuLinkAddData_v2, bad_syntax)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(
        cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, bad_ptx, sizeof(bad_ptx), "bad", 0, NULL, NULL),
        CUDA_ERROR_INVALID_PTX);
}

CONF_NEGATIVE(cuLinkAddData_v2, null_data)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, NULL, 16, "none", 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkAddData_v2, no_bytes)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, device_ptx, 0, "none", 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkAddData_v2, unknown_type)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(cuLinkAddData_v2(s, (CUjitInputType)99, device_ptx, sizeof(device_ptx), "none", 0,
                                 NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkAddData_v2, null_state)
{
    conf_context();
    CONF_EITHER(cuLinkAddData_v2(NULL, CU_JIT_INPUT_PTX, device_ptx, sizeof(device_ptx), "x", 0,
                                 NULL, NULL),
                CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkAddData_v2, null_options)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(
        cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, device_ptx, sizeof(device_ptx), "x", 1, NULL, NULL),
        CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLinkAddFile_v2, two_files)
{
    char first[] = "/tmp/vgpu-conf-XXXXXX", second[] = "/tmp/vgpu-conf-XXXXXX";
    CUlinkState s = NULL;
    void *cubin = NULL;
    size_t size = 0;

    conf_context();
    write_file(first, kernel_ptx);
    write_file(second, device_ptx);
    s = new_state();
    CONF_OK(cuLinkAddFile_v2(s, CU_JIT_INPUT_PTX, first, 0, NULL, NULL));
    CONF_OK(cuLinkAddFile_v2(s, CU_JIT_INPUT_PTX, second, 0, NULL, NULL));
    unlink(first);
    unlink(second);
    CONF_OK(cuLinkComplete(s, &cubin, &size));
    CONF_VALUE(run(cubin));
}

CONF_NEGATIVE(cuLinkAddFile_v2, no_such_file)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(cuLinkAddFile_v2(s, CU_JIT_INPUT_PTX, "/nonexistent/file.ptx", 0, NULL, NULL),
                CUDA_ERROR_FILE_NOT_FOUND);
}

CONF_NEGATIVE(cuLinkAddFile_v2, null_path)
{
    CUlinkState s = NULL;

    conf_context();
    s = new_state();
    CONF_RESULT(cuLinkAddFile_v2(s, CU_JIT_INPUT_PTX, NULL, 0, NULL, NULL),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkAddFile_v2, bad_syntax)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    CUlinkState s = NULL;

    conf_context();
    write_file(path, bad_ptx);
    s = new_state();
    CONF_RESULT(cuLinkAddFile_v2(s, CU_JIT_INPUT_PTX, path, 0, NULL, NULL), CUDA_ERROR_INVALID_PTX);
    unlink(path);
}

CONF_NEGATIVE(cuLinkAddFile_v2, null_state)
{
    conf_context();
    CONF_EITHER(cuLinkAddFile_v2(NULL, CU_JIT_INPUT_PTX, "/nonexistent/file.ptx", 0, NULL, NULL),
                CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLinkComplete, logs_and_time)
{
    static char info[4096], error[4096];
    CUjit_option options[] = {CU_JIT_WALL_TIME, CU_JIT_INFO_LOG_BUFFER,
                              CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, CU_JIT_ERROR_LOG_BUFFER,
                              CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {NULL, info, (void *)sizeof(info), error, (void *)sizeof(error)};
    CUlinkState s = NULL;
    void *cubin = NULL;
    size_t size = 0;

    conf_context();
    CONF_SETUP(cuLinkCreate_v2(5, options, values, &s));
    CONF_SETUP(
        cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, device_ptx, sizeof(device_ptx), "d", 0, NULL, NULL));
    CONF_OK(cuLinkComplete(s, &cubin, &size));
    CONF_EXPECT((size_t)values[2] <= sizeof(info) && (size_t)values[4] <= sizeof(error));
    CONF_EXPECT(error[0] == '\0');
}

CONF_NEGATIVE(cuLinkComplete, null_state)
{
    void *cubin = NULL;
    size_t size = 0;

    conf_context();
    CONF_EITHER(cuLinkComplete(NULL, &cubin, &size), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkComplete, undefined_function)
{
    CUlinkState s = NULL;
    void *cubin = NULL;
    size_t size = 0;

    conf_context();
    s = new_state();
    CONF_SETUP(
        cuLinkAddData_v2(s, CU_JIT_INPUT_PTX, kernel_ptx, sizeof(kernel_ptx), "k", 0, NULL, NULL));
    CONF_FAILS(cuLinkComplete(s, &cubin, &size));
}

CONF_POSITIVE(cuLinkDestroy, unused)
{
    conf_context();
    CONF_OK(cuLinkDestroy(new_state()));
}

CONF_NEGATIVE(cuLinkDestroy, null_state)
{
    conf_context();
    CONF_EITHER(cuLinkDestroy(NULL), CUDA_ERROR_INVALID_HANDLE, CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLinkDestroy, before_init)
{
    CONF_RESULT(cuLinkDestroy(NULL), CUDA_ERROR_INVALID_HANDLE);
}
