/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "guest/libcuda/context.h"
#include "guest/libcuda/linker.h"
#include "guest/libcuda/module.h"

CUresult gs_cuLinkCreate_v2(unsigned int numOptions, CUjit_option *options, void **optionValues,
                            CUlinkState *stateOut)
{
    struct gs_linker *linker;
    struct gs_jit jit;
    struct gs_call call;
    CUresult cu = gs_enter(&call);

    if (cu == CUDA_SUCCESS && stateOut == NULL) {
        cu = CUDA_ERROR_INVALID_VALUE;
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_jit_take(&jit, numOptions, options, optionValues);
    }
    if (cu == CUDA_SUCCESS) {
        cu = gs_linker_new(&call, &jit, &linker);
    }
    if (cu == CUDA_SUCCESS) {
        *stateOut = gs_linker_handle(linker);
    }
    return cu;
}

/* What both ways of adding an input look at first. */
static CUresult begin_input(CUlinkState state, CUjitInputType type, unsigned int count,
                            const CUjit_option *options, void **values, struct gs_linker **linker,
                            struct gs_jit *jit)
{
    CUresult cu = gs_linker_find(state, linker);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if ((unsigned int)type >= CU_JIT_NUM_INPUT_TYPES || (*linker)->cubin != NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_jit_take(jit, count, options, values);
}

CUresult gs_cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
                             const char *name, unsigned int numOptions, CUjit_option *options,
                             void **optionValues)
{
    struct gs_linker *linker;
    struct gs_jit jit;
    CUresult cu = begin_input(state, type, numOptions, options, optionValues, &linker, &jit);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (data == NULL || size == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    return gs_linker_add(linker, type, data, size, name != NULL ? name : "", &jit);
}

CUresult gs_cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                             unsigned int numOptions, CUjit_option *options, void **optionValues)
{
    VGPU_CLEANUP_FREE char *text = NULL;
    struct gs_linker *linker;
    struct gs_jit jit;
    size_t size = 0;
    CUresult cu = begin_input(state, type, numOptions, options, optionValues, &linker, &jit);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (path == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_module_file(path, &text, &size);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    /* The NUL behind the file belongs to a text only. */
    return gs_linker_add(linker, type, text, type == CU_JIT_INPUT_PTX ? size : size - 1, path,
                         &jit);
}

CUresult gs_cuLinkComplete(CUlinkState state, void **cubinOut, size_t *sizeOut)
{
    struct gs_linker *linker;
    CUresult cu = gs_linker_find(state, &linker);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (cubinOut == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    cu = gs_linker_complete(linker);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *cubinOut = linker->cubin;
    if (sizeOut != NULL) {
        *sizeOut = linker->cubin_bytes;
    }
    return CUDA_SUCCESS;
}

CUresult gs_cuLinkDestroy(CUlinkState state)
{
    struct gs_linker *linker;
    CUresult cu;

    if (state == NULL) {
        return CUDA_ERROR_INVALID_HANDLE; /* even before cuInit: measured */
    }
    cu = gs_linker_known(state, &linker);
    return cu == CUDA_SUCCESS ? gs_linker_destroy(linker) : cu;
}
