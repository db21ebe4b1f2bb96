/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/conformance/fat_image.h"

static const char bad_syntax[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                                 ".visible .entry broken()\n{\n    this is not ptx;\n    ret;\n}\n";
static const char version_too_new[] = ".version 99.9\n.target sm_75\n.address_size 64\n"
                                      ".visible .entry f()\n{\n    ret;\n}\n";
static const char undefined_register[] =
    ".version 7.0\n.target sm_75\n.address_size 64\n"
    ".visible .entry f()\n{\n    mov.u32 %r1, 0;\n    ret;\n}\n";
/* An ELF header that promises sections and has none. */
static const unsigned char truncated_elf[4096] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

/* A file in the temporary folder with these bytes; the name is the caller's. */
static void write_file(char *path, const void *data, size_t bytes)
{
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || close(fd)) {
        conf_skip("no temporary file");
    }
}

/* The layout that fat binary wrappers of compiled programs have. */
struct fat_wrapper {
    unsigned int magic;
    unsigned int version;
    const void *data;
    const void *filename;
};

/* A copy that may be freed after the load; the caller's. */
static void *make_fat_binary(void)
{
    void *image = malloc(sizeof(fat_image));

    if (!image) {
        conf_skip("no host memory");
    }
    memcpy(image, fat_image, sizeof(fat_image));
    return image;
}

CONF_POSITIVE(cuModuleLoad, ptx_file)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    CUmodule m = NULL;
    CUfunction f = NULL;

    conf_context();
    write_file(path, conf_ptx(), strlen(conf_ptx()));
    CONF_OK(cuModuleLoad(&m, path));
    unlink(path);
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
    CONF_OK(cuModuleUnload(m));
}

CONF_NEGATIVE(cuModuleLoad, no_such_file)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoad(&m, "/nonexistent/file.ptx"), CUDA_ERROR_FILE_NOT_FOUND);
}

CONF_NEGATIVE(cuModuleLoad, bad_ptx_file)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    CUmodule m = NULL;

    conf_context();
    write_file(path, bad_syntax, sizeof(bad_syntax) - 1);
    CONF_RESULT(cuModuleLoad(&m, path), CUDA_ERROR_INVALID_PTX);
    unlink(path);
}

CONF_NEGATIVE(cuModuleLoad, null_out)
{
    conf_context();
    CONF_RESULT(cuModuleLoad(NULL, "/nonexistent/file.ptx"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoad, null_name)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoad(&m, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoad, no_context)
{
    CUmodule m = NULL;

    conf_device();
    CONF_RESULT(cuModuleLoad(&m, "/nonexistent/file.ptx"), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuModuleLoadData, ptx)
{
    CUmodule m = NULL;
    CUfunction f = NULL;

    conf_context();
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
    CONF_EXPECT(m != NULL);
    CONF_OK(cuModuleGetFunction(&f, m, "store"));
    CONF_OK(cuModuleUnload(m));
}

CONF_POSITIVE(cuModuleLoadData, twice_gives_two_globals)
{
    CUmodule a = NULL, b = NULL;
    CUdeviceptr x = 0, y = 0;
    size_t n = 0;
    unsigned int word = 1;

    conf_context();
    CONF_OK(cuModuleLoadData(&a, conf_ptx()));
    CONF_OK(cuModuleLoadData(&b, conf_ptx()));
    CONF_EXPECT(a != b);
    CONF_OK(cuModuleGetGlobal_v2(&x, &n, a, "counter"));
    CONF_OK(cuModuleGetGlobal_v2(&y, &n, b, "counter"));
    CONF_EXPECT(x != y);
    CONF_OK(cuMemsetD32_v2(x, 99, 1));
    CONF_OK(cuMemcpyDtoH_v2(&word, y, 4));
    CONF_VALUE(word);
}

CONF_NEGATIVE(cuModuleLoadData, bad_syntax)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, bad_syntax), CUDA_ERROR_INVALID_PTX);
    CONF_EXPECT(m == NULL);
}

CONF_NEGATIVE(cuModuleLoadData, undefined_register)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, undefined_register), CUDA_ERROR_INVALID_PTX);
}

CONF_NEGATIVE(cuModuleLoadData, version_too_new)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, version_too_new), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
}

CONF_NEGATIVE(cuModuleLoadData, empty_text)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, ""), CUDA_ERROR_INVALID_IMAGE);
}

CONF_NEGATIVE(cuModuleLoadData, plain_words)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, "hello, this is no image of any kind"),
                CUDA_ERROR_INVALID_IMAGE);
}

CONF_NEGATIVE(cuModuleLoadData, truncated_elf)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, truncated_elf), CUDA_ERROR_INVALID_IMAGE);
}

CONF_NEGATIVE(cuModuleLoadData, null_image)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadData, null_out)
{
    conf_context();
    CONF_RESULT(cuModuleLoadData(NULL, conf_ptx()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadData, no_context)
{
    CUmodule m = NULL;

    conf_device();
    CONF_RESULT(cuModuleLoadData(&m, conf_ptx()), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_NEGATIVE(cuModuleLoadData, before_init)
{
    CUmodule m = NULL;

    CONF_RESULT(cuModuleLoadData(&m, conf_ptx()), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuModuleLoadData, works_after_a_refusal)
{
    CUmodule m = NULL;
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, bad_syntax), CUDA_ERROR_INVALID_PTX);
    CONF_OK(cuModuleLoadData(&m, conf_ptx()));
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuModuleLoadDataEx, no_options)
{
    CUmodule m = NULL;

    conf_context();
    CONF_OK(cuModuleLoadDataEx(&m, conf_ptx(), 0, NULL, NULL));
    CONF_OK(cuModuleUnload(m));
}

CONF_POSITIVE(cuModuleLoadDataEx, log_buffers)
{
    CUmodule m = NULL;
    static char info[4096], error[4096];
    CUjit_option options[] = {CU_JIT_INFO_LOG_BUFFER, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES,
                              CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {info, (void *)(size_t)sizeof(info), error, (void *)(size_t)sizeof(error)};

    conf_context();
    CONF_OK(cuModuleLoadDataEx(&m, conf_ptx(), 4, options, values));
    CONF_EXPECT(error[0] == '\0');
    CONF_EXPECT((size_t)values[3] <= sizeof(error));
}

CONF_POSITIVE(cuModuleLoadDataEx, max_registers_and_level)
{
    CUmodule m = NULL;
    CUjit_option options[] = {CU_JIT_MAX_REGISTERS, CU_JIT_OPTIMIZATION_LEVEL};
    void *values[] = {(void *)(size_t)32, (void *)(size_t)2};

    conf_context();
    CONF_OK(cuModuleLoadDataEx(&m, conf_ptx(), 2, options, values));
}

CONF_NEGATIVE(cuModuleLoadDataEx, bad_syntax_fills_error_log)
{
    CUmodule m = NULL;
    static char error[4096];
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {error, (void *)(size_t)sizeof(error)};

    conf_context();
    CONF_RESULT(cuModuleLoadDataEx(&m, bad_syntax, 2, options, values), CUDA_ERROR_INVALID_PTX);
    CONF_EXPECT(error[0] != '\0');
}

CONF_NEGATIVE(cuModuleLoadDataEx, null_options)
{
    CUmodule m = NULL;
    void *values[] = {NULL};

    conf_context();
    CONF_RESULT(cuModuleLoadDataEx(&m, conf_ptx(), 1, NULL, values), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadDataEx, null_values)
{
    CUmodule m = NULL;
    CUjit_option options[] = {CU_JIT_MAX_REGISTERS};

    conf_context();
    CONF_RESULT(cuModuleLoadDataEx(&m, conf_ptx(), 1, options, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadDataEx, unknown_option)
{
    CUmodule m = NULL;
    CUjit_option options[] = {(CUjit_option)9999};
    void *values[] = {NULL};

    conf_context();
    CONF_RESULT(cuModuleLoadDataEx(&m, conf_ptx(), 1, options, values), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadDataEx, null_image)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadDataEx(&m, NULL, 0, NULL, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadDataEx, no_context)
{
    CUmodule m = NULL;

    conf_device();
    CONF_RESULT(cuModuleLoadDataEx(&m, conf_ptx(), 0, NULL, NULL), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuModuleLoadFatBinary, ptx_inside)
{
    CUmodule m = NULL;
    CUfunction f = NULL;
    void *image = make_fat_binary();

    conf_context();
    CONF_OK(cuModuleLoadFatBinary(&m, image));
    free(image);
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

CONF_POSITIVE(cuModuleLoadData, fat_binary)
{
    CUmodule m = NULL;
    CUfunction f = NULL;
    void *image = make_fat_binary();

    conf_context();
    CONF_OK(cuModuleLoadData(&m, image));
    free(image);
    CONF_OK(cuModuleGetFunction(&f, m, "noop"));
}

/* What the compiler's own runtime passes to other calls. */
CONF_NEGATIVE(cuModuleLoadData, fat_binary_wrapper)
{
    CUmodule m = NULL;
    struct fat_wrapper wrapper = {0x466243b1u, 1, fat_image, NULL};

    conf_context();
    CONF_RESULT(cuModuleLoadData(&m, &wrapper), CUDA_ERROR_INVALID_IMAGE);
}

CONF_NEGATIVE(cuModuleLoadFatBinary, null_image)
{
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadFatBinary(&m, NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuModuleLoadFatBinary, null_out)
{
    void *image = make_fat_binary();

    conf_context();
    CONF_RESULT(cuModuleLoadFatBinary(NULL, image), CUDA_ERROR_INVALID_VALUE);
    free(image);
}

CONF_NEGATIVE(cuModuleLoadFatBinary, not_an_image)
{
    CUmodule m = NULL;
    static const unsigned char zeros[256] = {1, 2, 3, 4};

    conf_context();
    CONF_RESULT(cuModuleLoadFatBinary(&m, zeros), CUDA_ERROR_INVALID_IMAGE);
}

CONF_NEGATIVE(cuModuleLoadFatBinary, no_context)
{
    CUmodule m = NULL;
    void *image = make_fat_binary();

    conf_device();
    CONF_RESULT(cuModuleLoadFatBinary(&m, image), CUDA_ERROR_INVALID_CONTEXT);
    free(image);
}
