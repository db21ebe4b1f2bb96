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
    unsigned int option_count;
    CUjit_option *options; /* copies; the values stay the caller's, who gets the sizes there */
    void **values;
    struct jit_log log;
};

static void state_free(CUlinkState s)
{
    free(s->options);
    free(s->image);
    free(s);
}

static CUresult keep_options(CUlinkState s, unsigned int count, const CUjit_option *options,
                             void **values)
{
    CUresult cu = jit_options_read(count, options, values, &s->log);

    if (cu != CUDA_SUCCESS || count == 0) {
        return cu;
    }
    s->options = calloc(count, sizeof(*s->options));
    if (s->options == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(s->options, options, count * sizeof(*s->options));
    s->option_count = count;
    s->values = values;
    return CUDA_SUCCESS;
}

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
    if (s == NULL || s->image == NULL) {
        free(s);
        return sim_end(CUDA_ERROR_OUT_OF_MEMORY);
    }
    cu = keep_options(s, numOptions, options, optionValues);
    if (cu == CUDA_SUCCESS && handle_add(HANDLE_LINK, s) != 0) {
        cu = CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (cu != CUDA_SUCCESS) {
        state_free(s);
        return sim_end(cu);
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
static CUresult add_image(CUlinkState s, const char *data, size_t size)
{
    char *text = calloc(1, size + 1);
    struct ptx_module *ptx;
    char error[1024] = "";
    const char *begin;
    char *owned;
    CUresult cu;
    int code = 0;

    if (text == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memcpy(text, data, size);
    if (image_is_machine_code(text)) {
        /* The library of the device's runtime, which the compiler links in whether the program
         * uses it or not.  What refers to it shows when the link is completed. */
        sim_log("cuLinkAddData: machine code is left out of a link");
        free(text);
        return CUDA_SUCCESS;
    }
    cu = image_ptx(text, &begin, &owned);
    if (cu == CUDA_SUCCESS) {
        ptx = ptx_parse(begin, true, error, sizeof(error), &code);
        cu = (CUresult)code;
        if (ptx == NULL) {
            jit_log_error(&s->log, error);
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
    if (type != CU_JIT_INPUT_PTX && type != CU_JIT_INPUT_FATBINARY && type != CU_JIT_INPUT_CUBIN) {
        sim_log("cuLinkAddData: only PTX can be linked, not input type %d", (int)type);
        return sim_end(CUDA_ERROR_NO_BINARY_FOR_GPU);
    }
    cu = add_image(state, data, size);
    jit_options_answer(state->option_count, state->options, state->values, &state->log);
    return sim_end(cu);
}

/* What is declared in one input and defined in none shows here. */
static CUresult check_whole(CUlinkState s)
{
    char error[1024] = "";
    struct ptx_module *ptx;
    int code = 0;

    if (s->size == strlen(IMAGE_LINKED)) {
        return CUDA_SUCCESS;
    }
    ptx = ptx_parse(s->image + strlen(IMAGE_LINKED), false, error, sizeof(error), &code);
    if (ptx == NULL) {
        jit_log_error(&s->log, error);
        return (CUresult)code;
    }
    ptx_free(ptx);
    return CUDA_SUCCESS;
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
    if (cubinOut == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    cu = check_whole(state);
    jit_options_answer(state->option_count, state->options, state->values, &state->log);
    if (cu != CUDA_SUCCESS) {
        return sim_end(cu);
    }
    *cubinOut = state->image;
    if (sizeOut != NULL) {
        *sizeOut = state->size + 1;
    }
    return sim_end(CUDA_SUCCESS);
}

CUresult cuLinkDestroy(CUlinkState state)
{
    CUresult cu = state == NULL ? CUDA_ERROR_INVALID_HANDLE : sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (!handle_ok(HANDLE_LINK, state)) {
        return sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    handle_del(state);
    state_free(state);
    return sim_end(CUDA_SUCCESS);
}
