/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The forms of loading a module, and their options. */

/* Larger files are no module. */
#define FILE_BYTES_MAX ((off_t)1 << 30)

CUresult jit_options_read(unsigned int count, const CUjit_option *options, void *const *values,
                          struct jit_log *log)
{
    if (count != 0 && (options == NULL || values == NULL)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned int i = 0; i < count; i++) {
        switch ((int)options[i]) {
        case CU_JIT_ERROR_LOG_BUFFER:
            log->error = values[i];
            break;
        case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
            log->error_size = (uint32_t)(uintptr_t)values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER:
            log->info = values[i];
            break;
        case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
            log->info_size = (uint32_t)(uintptr_t)values[i];
            break;
        default: /* the rest tunes code that is not generated here */
            if ((unsigned)options[i] >= CU_JIT_NUM_OPTIONS) {
                return CUDA_ERROR_INVALID_VALUE;
            }
            break;
        }
    }
    return CUDA_SUCCESS;
}

/* The sizes come back as what was written. */
void jit_options_answer(unsigned int count, const CUjit_option *options, void **values,
                        const struct jit_log *log)
{
    for (unsigned int i = 0; i < count; i++) {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) {
            values[i] = (void *)log->error_used;
        } else if (options[i] == CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES) {
            values[i] = (void *)log->info_used;
        }
    }
}

static CUresult load(CUcontext ctx, CUmodule *module, const void *image, unsigned int count,
                     CUjit_option *options, void **values)
{
    struct jit_log log = {0};
    CUresult cu;

    if (module == NULL || image == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = jit_options_read(count, options, values, &log);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = module_load(ctx, image, &log, module);
    jit_options_answer(count, options, values, &log);
    return cu;
}

CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS ? cu : sim_end(load(ctx, module, image, 0, NULL, NULL));
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
                            CUjit_option *options, void **optionValues)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    return cu != CUDA_SUCCESS
               ? cu
               : sim_end(load(ctx, module, image, numOptions, options, optionValues));
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *fatCubin)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);

    if (cu == CUDA_SUCCESS && fatCubin != NULL) {
        fatCubin = image_unwrap(fatCubin);
    }
    return cu != CUDA_SUCCESS ? cu : sim_end(load(ctx, module, fatCubin, 0, NULL, NULL));
}

/* A whole file and a NUL, owned by the caller; NULL when it cannot be read. */
static char *file_read(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text = NULL;
    ssize_t got = -1;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &st) == 0 && st.st_size <= FILE_BYTES_MAX) {
        text = calloc(1, (size_t)st.st_size + 1);
        got = text == NULL ? -1 : read(fd, text, (size_t)st.st_size);
    }
    (void)close(fd);
    if (got < 0) {
        free(text);
        return NULL;
    }
    return text;
}

CUresult cuModuleLoad(CUmodule *module, const char *fname)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    char *image;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (module == NULL || fname == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    image = file_read(fname);
    if (image == NULL) {
        return sim_end(CUDA_ERROR_FILE_NOT_FOUND);
    }
    cu = load(ctx, module, image, 0, NULL, NULL);
    free(image);
    return sim_end(cu);
}
