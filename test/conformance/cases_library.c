/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/conformance/fat_image.h"

static const char bad_syntax[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                                 ".visible .entry broken()\n{\n    this is not ptx;\n    ret;\n}\n";
static const char no_kernels[] = ".version 7.0\n.target sm_75\n.address_size 64\n"
                                 ".visible .global .u32 alone = 5;\n";

struct fat_wrapper {
    unsigned int magic;
    unsigned int version;
    const void *data;
    const void *filename;
};

static void write_file(char *path, const void *data, size_t bytes)
{
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || close(fd)) {
        conf_skip("no temporary file");
    }
}

static CUresult load(CUlibrary *library, const void *code)
{
    return drv.cuLibraryLoadData(library, code, NULL, NULL, 0, NULL, NULL, 0);
}

/* Adds 1 to the library's counter, in the current context. */
static void bump(CUkernel kernel)
{
    CONF_OK(cuLaunchKernel((CUfunction)kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

static unsigned int counter_of(CUlibrary library)
{
    CUdeviceptr p = 0;
    unsigned int word = 0;
    size_t bytes = 0;

    CONF_SETUP(cuLibraryGetGlobal(&p, &bytes, library, "counter"));
    CONF_SETUP(cuMemcpyDtoH_v2(&word, p, 4));
    return word;
}

CONF_POSITIVE(cuLibraryLoadData, ptx)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    CONF_OK(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_EXPECT(l != NULL);
    CONF_OK(cuLibraryGetKernel(&k, l, "noop"));
    CONF_OK(cuLibraryUnload(l));
}

CONF_POSITIVE(cuLibraryLoadData, fat_binary)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    CONF_OK(cuLibraryLoadData(&l, fat_image, NULL, NULL, 0, NULL, NULL, 0));
    CONF_OK(cuLibraryGetKernel(&k, l, "noop"));
}

/* What the compiler's runtime passes. */
CONF_POSITIVE(cuLibraryLoadData, fat_binary_wrapper)
{
    struct fat_wrapper wrapper = {0x466243b1u, 1, fat_image, NULL};
    CUlibraryOption options[] = {CU_LIBRARY_BINARY_IS_PRESERVED};
    void *values[] = {(void *)1};
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    CONF_OK(cuLibraryLoadData(&l, &wrapper, NULL, NULL, 0, options, values, 1));
    CONF_OK(cuLibraryGetKernel(&k, l, "noop"));
}

CONF_POSITIVE(cuLibraryLoadData, image_may_go)
{
    char *image = strdup(conf_ptx());
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    CONF_OK(cuLibraryLoadData(&l, image, NULL, NULL, 0, NULL, NULL, 0));
    memset(image, 'x', strlen(image));
    free(image);
    CONF_OK(cuLibraryGetKernel(&k, l, "bump_counter"));
    bump(k);
    CONF_VALUE(counter_of(l));
}

CONF_POSITIVE(cuLibraryLoadData, before_any_context)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_device();
    CONF_OK(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    conf_context();
    CONF_OK(cuLibraryGetKernel(&k, l, "bump_counter"));
    bump(k);
    CONF_VALUE(counter_of(l));
}

CONF_POSITIVE(cuLibraryLoadData, two_contexts_two_globals)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;
    CUcontext a = conf_context();

    CONF_OK(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_OK(cuLibraryGetKernel(&k, l, "bump_counter"));
    bump(k);
    conf_context();
    bump(k);
    bump(k);
    CONF_VALUE(counter_of(l));
    CONF_OK(cuCtxSetCurrent(a));
    CONF_VALUE(counter_of(l));
}

CONF_POSITIVE(cuLibraryLoadData, lives_on_after_its_context)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;
    CUcontext a = conf_context();

    CONF_OK(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_OK(cuLibraryGetKernel(&k, l, "bump_counter"));
    bump(k);
    CONF_OK(cuCtxDestroy_v2(a));
    conf_context();
    bump(k);
    CONF_VALUE(counter_of(l));
}

CONF_NEGATIVE(cuLibraryLoadData, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryLoadData(NULL, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryLoadData, null_code)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_RESULT(cuLibraryLoadData(&l, NULL, NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_INVALID_VALUE);
}

/* The driver may look at the text when it is loaded or when a kernel is asked for. */
CONF_NEGATIVE(cuLibraryLoadData, bad_syntax)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;
    CUresult cu;

    conf_context();
    cu = load(&l, bad_syntax);
    if (cu == CUDA_SUCCESS) {
        cu = drv.cuLibraryGetKernel(&k, l, "broken");
    }
    CONF_EXPECT(cu == CUDA_ERROR_INVALID_PTX);
    CONF_EXPECT(k == NULL);
}

/* Native takes it for PTX and looks at it when a kernel is asked for; sooner is fine. */
CONF_NEGATIVE(cuLibraryLoadData, plain_words)
{
    CUlibrary l = NULL;
    CUkernel k = NULL;
    CUresult cu;

    conf_context();
    cu = load(&l, "hello, this is no image of any kind");
    CONF_EXPECT((cu == CUDA_SUCCESS) == (l != NULL));
    CONF_EXPECT(cu != CUDA_SUCCESS || drv.cuLibraryGetKernel(&k, l, "noop") != CUDA_SUCCESS);
}

CONF_NEGATIVE(cuLibraryLoadData, null_jit_options)
{
    CUlibrary l = NULL;
    void *values[] = {NULL};

    conf_context();
    CONF_RESULT(cuLibraryLoadData(&l, conf_ptx(), NULL, values, 1, NULL, NULL, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryLoadData, unknown_library_option)
{
    CUlibrary l = NULL;
    CUlibraryOption options[] = {(CUlibraryOption)999};
    void *values[] = {NULL};

    conf_context();
    CONF_RESULT(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, options, values, 1),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryLoadData, before_init)
{
    CUlibrary l = NULL;

    CONF_RESULT(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuLibraryLoadFromFile, ptx_file)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    write_file(path, conf_ptx(), strlen(conf_ptx()));
    CONF_OK(cuLibraryLoadFromFile(&l, path, NULL, NULL, 0, NULL, NULL, 0));
    unlink(path);
    CONF_OK(cuLibraryGetKernel(&k, l, "bump_counter"));
    bump(k);
    CONF_VALUE(counter_of(l));
}

CONF_NEGATIVE(cuLibraryLoadFromFile, no_such_file)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_RESULT(cuLibraryLoadFromFile(&l, "/nonexistent/x.ptx", NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_FILE_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryLoadFromFile, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryLoadFromFile(NULL, "/nonexistent/x.ptx", NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryLoadFromFile, null_name)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_RESULT(cuLibraryLoadFromFile(&l, NULL, NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryLoadFromFile, preserved)
{
    char path[] = "/tmp/vgpu-conf-XXXXXX";
    CUlibraryOption options[] = {CU_LIBRARY_BINARY_IS_PRESERVED};
    void *values[] = {(void *)1};
    CUlibrary l = NULL;

    conf_context();
    write_file(path, conf_ptx(), strlen(conf_ptx()));
    CONF_RESULT(cuLibraryLoadFromFile(&l, path, NULL, NULL, 0, options, values, 1),
                CUDA_ERROR_INVALID_VALUE);
    unlink(path);
}

CONF_NEGATIVE(cuLibraryLoadFromFile, before_init)
{
    CUlibrary l = NULL;

    CONF_RESULT(cuLibraryLoadFromFile(&l, "/nonexistent/x.ptx", NULL, NULL, 0, NULL, NULL, 0),
                CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuLibraryUnload, many_times)
{
    CUlibrary l = NULL;

    conf_context();
    for (int i = 0; i < 8; i++) {
        CONF_SETUP(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
        CONF_OK(cuLibraryUnload(l));
    }
}

CONF_POSITIVE(cuLibraryUnload, without_a_current_context)
{
    CUlibrary l = NULL;

    conf_context();
    CONF_SETUP(cuLibraryLoadData(&l, conf_ptx(), NULL, NULL, 0, NULL, NULL, 0));
    CONF_SETUP(cuCtxSetCurrent(NULL));
    CONF_OK(cuLibraryUnload(l));
}

CONF_NEGATIVE(cuLibraryUnload, null_library)
{
    conf_context();
    CONF_EITHER(cuLibraryUnload(NULL), CUDA_ERROR_INVALID_VALUE, CUDA_ERROR_INVALID_HANDLE);
}

CONF_NEGATIVE(cuLibraryUnload, before_init)
{
    CONF_RESULT(cuLibraryUnload(NULL), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuLibraryGetKernel, same_name_same_kernel)
{
    CUkernel a = NULL, b = NULL;

    conf_context();
    CONF_OK(cuLibraryGetKernel(&a, conf_library(), "store"));
    CONF_OK(cuLibraryGetKernel(&b, conf_library(), "store"));
    CONF_EXPECT(a != NULL && a == b);
}

CONF_POSITIVE(cuLibraryGetKernel, no_context_at_all)
{
    CUkernel a = NULL;

    conf_device();
    CONF_OK(cuLibraryGetKernel(&a, conf_library(), "bump_counter"));
    conf_context();
    bump(a);
    CONF_VALUE(counter_of(conf_library()));
}

CONF_NEGATIVE(cuLibraryGetKernel, unknown_name)
{
    CUkernel k = NULL;

    conf_context();
    CONF_RESULT(cuLibraryGetKernel(&k, conf_library(), "no such kernel"), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryGetKernel, variable_name)
{
    CUkernel k = NULL;

    conf_context();
    CONF_RESULT(cuLibraryGetKernel(&k, conf_library(), "counter"), CUDA_ERROR_NOT_FOUND);
}

CONF_NEGATIVE(cuLibraryGetKernel, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryGetKernel(NULL, conf_library(), "noop"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetKernel, null_name)
{
    CUkernel k = NULL;

    conf_context();
    CONF_RESULT(cuLibraryGetKernel(&k, conf_library(), NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetKernel, null_library)
{
    CUkernel k = NULL;

    conf_context();
    CONF_EITHER(cuLibraryGetKernel(&k, NULL, "noop"), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetKernel, before_init)
{
    CUkernel k = NULL;

    CONF_RESULT(cuLibraryGetKernel(&k, NULL, "noop"), CUDA_ERROR_INVALID_HANDLE);
}

CONF_POSITIVE(cuLibraryGetKernelCount, as_the_module)
{
    unsigned int count = 0, functions = 0;

    conf_context();
    CONF_OK(cuLibraryGetKernelCount(&count, conf_library()));
    CONF_OK(cuModuleGetFunctionCount(&functions, conf_module()));
    CONF_EXPECT(count > 0 && count == functions);
}

CONF_POSITIVE(cuLibraryGetKernelCount, none)
{
    CUlibrary l = NULL;
    unsigned int count = 9;

    conf_context();
    CONF_SETUP(cuLibraryLoadData(&l, no_kernels, NULL, NULL, 0, NULL, NULL, 0));
    CONF_OK(cuLibraryGetKernelCount(&count, l));
    CONF_VALUE(count);
}

CONF_NEGATIVE(cuLibraryGetKernelCount, null_out)
{
    conf_context();
    CONF_RESULT(cuLibraryGetKernelCount(NULL, conf_library()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryGetKernelCount, null_library)
{
    unsigned int count = 0;

    conf_context();
    CONF_EITHER(cuLibraryGetKernelCount(&count, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuLibraryEnumerateKernels, all)
{
    static CUkernel list[256];
    CUkernel noop = NULL;
    unsigned int count = 0;
    int found = 0;

    conf_context();
    CONF_SETUP(cuLibraryGetKernelCount(&count, conf_library()));
    CONF_EXPECT(count <= 256);
    CONF_OK(cuLibraryEnumerateKernels(list, count, conf_library()));
    CONF_SETUP(cuLibraryGetKernel(&noop, conf_library(), "noop"));
    for (unsigned int i = 0; i < count && i < 256; i++) {
        found += list[i] == noop;
    }
    CONF_VALUE(found);
}

CONF_POSITIVE(cuLibraryEnumerateKernels, fewer)
{
    CUkernel list[2] = {NULL, NULL};
    const char *name = NULL;

    conf_context();
    CONF_OK(cuLibraryEnumerateKernels(list, 1, conf_library()));
    CONF_EXPECT(list[0] != NULL && list[1] == NULL);
    CONF_OK(cuKernelGetName(&name, list[0]));
    CONF_EXPECT(name != NULL && *name != '\0');
}

CONF_NEGATIVE(cuLibraryEnumerateKernels, null_list)
{
    conf_context();
    CONF_RESULT(cuLibraryEnumerateKernels(NULL, 1, conf_library()), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuLibraryEnumerateKernels, null_library)
{
    CUkernel list[1] = {NULL};

    conf_context();
    CONF_EITHER(cuLibraryEnumerateKernels(list, 1, NULL), CUDA_ERROR_INVALID_HANDLE,
                CUDA_ERROR_INVALID_VALUE);
}
