/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "guest/libcuda/address.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/hostmem.h"
#include "guest/libcuda/image.h"
#include "guest/libcuda/jit.h"
#include "guest/libcuda/module.h"

static CUresult file_module(const struct gs_call *call, uint64_t wire, CUmodule *handle)
{
    struct gs_module *module = calloc(1, sizeof(*module));

    if (module == NULL || vgpu_handles_accept(call->session->modules, wire, module) != 0) {
        free(module);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    module->session = call->session;
    module->context = call->context;
    module->wire = wire;
    (void)pthread_mutex_init(&module->lock, NULL);
    *handle = gs_module_handle(module);
    return CUDA_SUCCESS;
}

/* Puts the image where the worker can take its copy from. */
static CUresult send_image(const struct gs_call *call, const void *image, size_t size,
                           const struct gs_jit *jit, CUmodule *handle)
{
    struct vgpu_args_cuModuleLoadDataEx args = {.image_size = size,
                                                .info_log_size = gs_jit_info_size(jit),
                                                .error_log_size = gs_jit_error_size(jit),
                                                .options = jit->wire,
                                                .options_len = jit->wire_len};
    struct vgpu_ret_cuModuleLoadDataEx ret;
    CUresult cu = gs_hostmem_borrow(&call->session->host, size, &args.image_offset);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    memset(&ret, 0, sizeof(ret));
    memcpy(call->session->window + args.image_offset, image, size);
    cu = gs_call_cuModuleLoadDataEx(call->session, &args, &ret);
    gs_hostmem_return(call->session, args.image_offset, size);
    gs_jit_give(jit, &ret);
    return cu == CUDA_SUCCESS ? file_module(call, ret.module, handle) : cu;
}

static CUresult load(const struct gs_call *call, CUmodule *module, const void *image, size_t avail,
                     const struct gs_jit *jit)
{
    const void *start;
    size_t size;
    CUresult cu;

    if (module == NULL || image == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_image_find(image, avail, &start, &size);
    return cu == CUDA_SUCCESS ? send_image(call, start, size, jit, module) : cu;
}

CUresult gs_cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
                               CUjit_option *options, void **optionValues)
{
    struct gs_jit jit;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_jit_take(&jit, numOptions, options, optionValues);
    }
    if (cu == CUDA_SUCCESS && module != NULL && image != NULL && gs_image_is_wrapper(image)) {
        return CUDA_ERROR_INVALID_IMAGE; /* measured */
    }
    return cu == CUDA_SUCCESS ? load(&call, module, image, SIZE_MAX, &jit) : cu;
}

CUresult gs_cuModuleLoadData(CUmodule *module, const void *image)
{
    return gs_cuModuleLoadDataEx(module, image, 0, NULL, NULL);
}

CUresult gs_cuModuleLoadFatBinary(CUmodule *module, const void *fatCubin)
{
    struct gs_jit jit;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS) {
        cu = gs_jit_take(&jit, 0, NULL, NULL);
    }
    return cu == CUDA_SUCCESS ? load(&call, module, fatCubin, SIZE_MAX, &jit) : cu;
}

/* The whole file and a NUL behind it.  Native's codes. */
static CUresult read_file(const char *path, char **text, size_t *size)
{
    VGPU_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    VGPU_CLEANUP_FREE char *bytes = NULL;
    struct stat status;

    if (fd < 0) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return CUDA_ERROR_OUT_OF_MEMORY; /* what native says of a folder */
    }
    if ((uint64_t)status.st_size >= VGPU_MODULE_BYTES_MAX) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    *size = (size_t)status.st_size;
    bytes = malloc(*size + 1);
    if (bytes == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (vgpu_read_full(fd, bytes, *size) != (ssize_t)*size) {
        return CUDA_ERROR_FILE_NOT_FOUND;
    }
    bytes[(*size)++] = '\0';
    *text = vgpu_steal_ptr(bytes);
    return CUDA_SUCCESS;
}

CUresult gs_cuModuleLoad(CUmodule *module, const char *fname)
{
    VGPU_CLEANUP_FREE char *text = NULL;
    struct gs_jit jit;
    struct gs_call call;
    size_t size = 0;
    CUresult cu = gs_enter(&call);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (fname == NULL || module == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    (void)gs_jit_take(&jit, 0, NULL, NULL);
    cu = read_file(fname, &text, &size);
    return cu == CUDA_SUCCESS ? load(&call, module, text, size, &jit) : cu;
}

CUresult gs_cuModuleUnload(CUmodule hmod)
{
    struct gs_module *module;
    CUresult cu = gs_module_find(hmod, &module);

    return cu == CUDA_SUCCESS ? gs_module_unload(module) : cu;
}

/* Modules are loaded when asked for; the mode is what the program may observe. */
CUresult gs_cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
    const char *wish = getenv("CUDA_MODULE_LOADING");
    CUresult cu = gs_ready();

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (mode == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *mode = wish != NULL && strcmp(wish, "EAGER") == 0 ? CU_MODULE_EAGER_LOADING
                                                       : CU_MODULE_LAZY_LOADING;
    return CUDA_SUCCESS;
}

CUresult gs_cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name)
{
    struct gs_function *function;
    struct gs_module *module;
    CUresult cu = gs_module_find(hmod, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (hfunc == NULL || name == NULL || *name == '\0') {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_module_function(module, name, &function);
    if (cu == CUDA_SUCCESS) {
        *hfunc = gs_function_handle(function);
    }
    return cu;
}

/* Remembers where a variable lies: copies to it are checked like others. */
static CUresult file_global(struct gs_module *module, uint64_t base, uint64_t size)
{
    struct gs_alloc alloc = {.base = base,
                             .size = size,
                             .kind = GS_ALLOC_GLOBAL,
                             .context = module->context,
                             .module = module};
    struct gs_alloc known;
    int rc;

    if (size == 0 || gs_alloc_map_find(&module->session->allocs, base, &known)) {
        return CUDA_SUCCESS;
    }
    alloc.reserved = gs_address_reserve(base, size);
    rc = gs_alloc_map_add(&module->session->allocs, &alloc);
    if (rc != 0 && alloc.reserved) {
        gs_address_release(base, size);
    }
    return rc == -ENOMEM ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult gs_cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name)
{
    struct vgpu_args_cuModuleGetGlobal_v2 args;
    struct vgpu_ret_cuModuleGetGlobal_v2 ret;
    struct gs_module *module;
    CUresult cu = gs_module_find(hmod, &module);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((dptr == NULL && bytes == NULL) || name == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    args.module = module->wire;
    args.name = (const uint8_t *)name;
    args.name_len = (uint32_t)strnlen(name, VGPU_NAME_BYTES_MAX + 1);
    if (args.name_len > VGPU_NAME_BYTES_MAX) {
        return CUDA_ERROR_NOT_FOUND;
    }
    cu = gs_call_cuModuleGetGlobal_v2(module->session, &args, &ret);
    if (cu == CUDA_SUCCESS) {
        cu = file_global(module, ret.dptr, ret.bytes);
    }
    if (cu == CUDA_SUCCESS && dptr != NULL) {
        *dptr = ret.dptr;
    }
    if (cu == CUDA_SUCCESS && bytes != NULL) {
        *bytes = ret.bytes;
    }
    return cu;
}
