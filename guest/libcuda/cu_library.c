/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/image.h"
#include "guest/libcuda/image_pick.h"
#include "guest/libcuda/image_set.h"
#include "guest/libcuda/kernel.h"

/* Whether the program keeps its image until the library is unloaded.  That is only a hint, and
 * without a value it is not taken. */
static CUresult read_options(const CUlibraryOption *options, void **values, unsigned int count,
                             bool *preserved)
{
    *preserved = false;
    if (count > 0 && options == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count; i++) {
        if ((unsigned int)options[i] >= CU_LIBRARY_NUM_OPTIONS) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        if (options[i] == CU_LIBRARY_HOST_UNIVERSAL_FUNCTION_AND_DATA_TABLE && values != NULL &&
            values[i] != NULL) {
            return CUDA_ERROR_NOT_SUPPORTED; /* functions that host and device share */
        }
        *preserved |=
            options[i] == CU_LIBRARY_BINARY_IS_PRESERVED && values != NULL && values[i] != NULL;
    }
    return CUDA_SUCCESS;
}

/* Where there is a context the library is loaded at once, so that its errors come now. */
static CUresult load_here(struct gs_library *library, const struct gs_jit *jit)
{
    struct gs_module *module;
    struct gs_call call;

    if (gs_enter_quiet(&call) != CUDA_SUCCESS) {
        return CUDA_SUCCESS;
    }
    if (gs_thread_buffer(call.thread, GS_BUFFER_SCRATCH) == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return gs_library_module(library, &call, jit, &module);
}

/* `copy` is taken over; NULL: the image is the program's and preserved. */
static CUresult make(const void *image, size_t size, void *copy, const struct gs_jit *jit,
                     CUlibrary *handle)
{
    struct gs_library *library;
    CUresult cu = gs_library_new(image, size, copy, jit, &library);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = load_here(library, jit);
    if (cu != CUDA_SUCCESS) {
        (void)gs_library_unload(library);
        return cu;
    }
    *handle = gs_library_handle(library);
    return CUDA_SUCCESS;
}

/* A copy of what any device of the process can use of it. */
static CUresult make_copied(const void *start, size_t size, const struct gs_jit *jit,
                            CUlibrary *library)
{
    struct gs_targets targets;
    struct gs_pick pick;
    void *copy;
    CUresult cu;

    gs_targets_all(&targets);
    cu = gs_pick_plan(&pick, start, size, &targets);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    copy = malloc(pick.bytes);
    if (copy == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = gs_pick_copy(&pick, copy);
    if (cu != CUDA_SUCCESS) {
        free(copy);
        return cu;
    }
    return make(copy, pick.bytes, copy, jit, library);
}

static CUresult make_from(const void *code, bool preserved, const struct gs_jit *jit,
                          CUlibrary *library)
{
    const void *start = NULL;
    void *set = NULL;
    size_t size;
    CUresult cu;

    if (gs_image_is_set_wrapper(code)) {
        start = gs_image_set_linked(code);
        cu = start != NULL ? gs_image_fatbin(start, &start, &size)
                           : gs_image_set_make(code, &set, &size);
    } else {
        cu = gs_image_find(code, SIZE_MAX, &start, &size);
    }
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (set != NULL) {
        return make(set, size, set, jit, library);
    }
    return preserved ? make(start, size, NULL, jit, library)
                     : make_copied(start, size, jit, library);
}

CUresult gs_cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jitOptions,
                              void **jitOptionsValues, unsigned int numJitOptions,
                              CUlibraryOption *libraryOptions, void **libraryOptionValues,
                              unsigned int numLibraryOptions)
{
    struct gs_jit jit;
    bool preserved;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (library == NULL || code == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_jit_take(&jit, numJitOptions, jitOptions, jitOptionsValues);
    if (cu == CUDA_SUCCESS) {
        cu = read_options(libraryOptions, libraryOptionValues, numLibraryOptions, &preserved);
    }
    return cu == CUDA_SUCCESS ? make_from(code, preserved, &jit, library) : cu;
}

static CUresult make_from_file(const char *name, const struct gs_jit *jit, CUlibrary *library)
{
    VGPU_CLEANUP_FREE char *text = NULL;
    const void *start;
    size_t size = 0;
    CUresult cu = gs_module_file(name, &text, &size);

    if (cu == CUDA_SUCCESS) {
        cu = gs_image_find(text, size, &start, &size);
    }
    return cu == CUDA_SUCCESS ? make(start, size, vgpu_steal_ptr(text), jit, library) : cu;
}

CUresult gs_cuLibraryLoadFromFile(CUlibrary *library, const char *fileName,
                                  CUjit_option *jitOptions, void **jitOptionsValues,
                                  unsigned int numJitOptions, CUlibraryOption *libraryOptions,
                                  void **libraryOptionValues, unsigned int numLibraryOptions)
{
    struct gs_jit jit;
    bool preserved;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (library == NULL || fileName == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_jit_take(&jit, numJitOptions, jitOptions, jitOptionsValues);
    if (cu == CUDA_SUCCESS) {
        cu = read_options(libraryOptions, libraryOptionValues, numLibraryOptions, &preserved);
    }
    if (cu == CUDA_SUCCESS && preserved) {
        cu = CUDA_ERROR_INVALID_VALUE; /* what is read from a file is nobody's to preserve */
    }
    return cu == CUDA_SUCCESS ? make_from_file(fileName, &jit, library) : cu;
}

CUresult gs_cuLibraryUnload(CUlibrary library)
{
    struct gs_library *found;
    CUresult cu = gs_library_find(library, &found);

    return cu == CUDA_SUCCESS ? gs_library_unload(found) : cu;
}

/* A question about a library on its way to a context. */
struct question {
    struct gs_library *library;
    const char *name;
    struct gs_kernel *kernel;
    CUkernel *kernels;
    unsigned int count;
};

static CUresult name_kernel(const struct gs_call *call, void *arg)
{
    struct question *q = arg;

    return gs_kernel_named(q->library, call, q->name, &q->kernel);
}

CUresult gs_cuLibraryGetKernel(CUkernel *pKernel, CUlibrary library, const char *name)
{
    struct question q = {.name = name};
    CUresult cu = gs_library_find(library, &q.library);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pKernel == NULL || name == NULL || *name == '\0') {
        return CUDA_ERROR_INVALID_VALUE;
    }
    q.kernel = gs_kernel_known(q.library, name);
    if (q.kernel == NULL) {
        cu = gs_library_visit(NULL, name_kernel, &q);
    }
    if (cu == CUDA_SUCCESS) {
        *pKernel = gs_kernel_handle(q.kernel);
    }
    return cu;
}

static CUresult count_kernels(const struct gs_call *call, void *arg)
{
    struct vgpu_args_cuModuleGetFunctionCount args;
    struct vgpu_ret_cuModuleGetFunctionCount ret;
    struct question *q = arg;
    struct gs_module *module;
    CUresult cu = gs_library_module(q->library, call, NULL, &module);

    if (cu == CUDA_SUCCESS) {
        args.mod = module->wire;
        cu = gs_call_cuModuleGetFunctionCount(call->session, &args, &ret);
    }
    if (cu == CUDA_SUCCESS) {
        q->count = ret.count;
    }
    return cu;
}

CUresult gs_cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib)
{
    struct question q = {.count = 0};
    CUresult cu = gs_library_find(lib, &q.library);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_library_visit(NULL, count_kernels, &q);
    if (cu == CUDA_SUCCESS) {
        *count = q.count;
    }
    return cu;
}

struct listing {
    const struct gs_call *call;
    struct question *question;
};

static CUresult add_kernel(const char *name, void *arg)
{
    struct listing *list = arg;
    struct question *q = list->question;
    struct gs_kernel *kernel;
    CUresult cu;

    if (q->count == 0) {
        return CUDA_SUCCESS;
    }
    cu = gs_kernel_named(q->library, list->call, name, &kernel);
    if (cu == CUDA_SUCCESS) {
        *q->kernels++ = gs_kernel_handle(kernel);
        q->count--;
    }
    return cu;
}

static CUresult list_kernels(const struct gs_call *call, void *arg)
{
    struct listing list = {call, arg};
    struct gs_module *module;
    CUresult cu = gs_library_module(list.question->library, call, NULL, &module);

    return cu == CUDA_SUCCESS ? gs_module_names(module, add_kernel, &list) : cu;
}

CUresult gs_cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int numKernels, CUlibrary lib)
{
    struct question q = {.kernels = kernels, .count = numKernels};
    CUresult cu = gs_library_find(lib, &q.library);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (kernels == NULL || numKernels == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_library_visit(NULL, list_kernels, &q);
}

/* The library's module in the current context. */
static CUresult module_here(CUlibrary handle, struct gs_module **module)
{
    struct gs_library *library;
    struct gs_call call;
    CUresult cu = gs_library_find(handle, &library);

    if (cu == CUDA_SUCCESS) {
        cu = gs_enter(&call);
    }
    return cu == CUDA_SUCCESS ? gs_library_module(library, &call, NULL, module) : cu;
}

CUresult gs_cuLibraryGetModule(CUmodule *pMod, CUlibrary library)
{
    struct gs_module *module;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (pMod == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = module_here(library, &module);
    if (cu == CUDA_SUCCESS) {
        *pMod = gs_module_handle(module);
    }
    return cu;
}

CUresult gs_cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                               const char *name)
{
    struct gs_module *module;
    uint64_t base;
    uint64_t size;
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((dptr == NULL && bytes == NULL) || name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = module_here(library, &module);
    if (cu == CUDA_SUCCESS) {
        cu = gs_module_global(module, name, &base, &size);
    }
    if (cu == CUDA_SUCCESS && dptr != NULL) {
        *dptr = base;
    }
    if (cu == CUDA_SUCCESS && bytes != NULL) {
        *bytes = size;
    }
    return cu;
}

CUresult gs_cuLibraryGetManaged(CUdeviceptr *dptr, size_t *bytes, CUlibrary library,
                                const char *name)
{
    struct gs_library *found;
    CUresult cu = gs_library_find(library, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return (dptr == NULL && bytes == NULL) || name == NULL ? CUDA_ERROR_INVALID_VALUE
                                                           : CUDA_ERROR_NOT_FOUND;
}

CUresult gs_cuLibraryGetUnifiedFunction(void **fptr, CUlibrary library, const char *symbol)
{
    struct gs_library *found;
    CUresult cu = gs_library_find(library, &found);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    /* What a driver on a device without managed memory says to every name. */
    (void)fptr;
    (void)symbol;
    return CUDA_ERROR_INVALID_VALUE;
}
