/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/module.h"

#include <stdlib.h>
#include <string.h>

#include "executor/sim/handle.h"

/*
 * Linking: PTX texts one behind the other, with a mark in front that
 * cuModuleLoadData knows.  What does not fit together shows at the load.
 */
struct CUlinkState_st {
    char *image; /* mark and text, NUL-terminated */
    size_t size; /* without the NUL */
};

CUresult cuLinkCreate(unsigned int numOptions, CUjit_option *options, void **optionValues,
                      CUlinkState *stateOut)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(__func__, &ctx);
    CUlinkState s;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (stateOut == NULL || (numOptions != 0 && (options == NULL || optionValues == NULL))) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->image = strdup(IMAGE_LINKED);
        s->size = strlen(IMAGE_LINKED);
    }
    if (s == NULL || s->image == NULL || handle_add(HANDLE_LINK, s) != 0) {
        free(s);
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    *stateOut = s;
    return sim_end(CUDA_SUCCESS);
}

static CUresult append(CUlinkState s, const char *text, size_t n)
{
    char *image = realloc(s->image, s->size + n + 2);

    if (image == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(image + s->size, text, n);
    s->image = image;
    s->size += n;
    image[s->size++] = '\n';
    image[s->size] = '\0';
    return CUDA_SUCCESS;
}

/* Errors of one input show when it is added, as with the driver. */
static CUresult add_ptx(CUlinkState s, const char *data, size_t size)
{
    char *text = strndup(data, size);
    struct ptx_module *ptx;
    char error[1024] = "";
    const char *begin;
    char *owned;
    CUresult cu;
    int code = 0;

    if (text == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = image_ptx(text, &begin, &owned);
    if (cu == CUDA_SUCCESS) {
        ptx = ptx_parse(begin, true, error, sizeof(error), &code);
        cu = (CUresult)code;
        if (ptx == NULL) {
            sim_log("%s", error);
        } else {
            ptx_free(ptx);
            cu = append(s, begin, strlen(begin));
        }
    }
    free(owned);
    free(text);
    return cu;
}

CUresult cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size,
                       const char *name, unsigned int numOptions, CUjit_option *options,
                       void **optionValues)
{
    CUresult cu = sim_begin(__func__);

    (void)name;
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_LINK, state)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    if (data == NULL || size == 0 || (unsigned)type >= CU_JIT_NUM_INPUT_TYPES ||
        (numOptions != 0 && (options == NULL || optionValues == NULL))) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    if (type != CU_JIT_INPUT_PTX) {
        sim_log("cuLinkAddData: only PTX can be linked, not input type %d", (int)type);
        return sim_end(CUDA_ERROR_NO_BINARY_FOR_GPU);
    }
    return sim_end(add_ptx(state, data, size));
}

CUresult cuLinkComplete(CUlinkState state, void **cubinOut, size_t *sizeOut)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_LINK, state)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    if (cubinOut != NULL) {
        *cubinOut = state->image;
    }
    if (sizeOut != NULL) {
        *sizeOut = state->size + 1;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuLinkDestroy(CUlinkState state)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_LINK, state)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    handle_del(state);
    free(state->image);
    free(state);
    return sim_end(CUDA_SUCCESS);
}
