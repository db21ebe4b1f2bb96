/* SPDX-License-Identifier: Apache-2.0 */
#include "gs_calls.h"

#include <stddef.h>

#include "guest/libcuda/error_text.h"

struct text {
    CUresult code;
    const char *name;
    const char *string;
};

#define ROW(code, string) {code, #code, string},
static const struct text texts[] = {GS_ERRORS(ROW)};
#undef ROW

/* Rows are in the order of the codes. */
static const struct text *find(CUresult code)
{
    size_t low = 0;
    size_t high = sizeof(texts) / sizeof(texts[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (texts[middle].code == code) {
            return &texts[middle];
        }
        if (texts[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

CUresult gs_cuGetErrorString(CUresult error, const char **pStr)
{
    const struct text *text = find(error);

    if (pStr == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pStr = text != NULL ? text->string : NULL;
    return text != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult gs_cuGetErrorName(CUresult error, const char **pStr)
{
    const struct text *text = find(error);

    if (pStr == NULL) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pStr = text != NULL ? text->name : NULL;
    return text != NULL ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
