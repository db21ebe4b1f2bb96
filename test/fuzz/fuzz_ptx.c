/* SPDX-License-Identifier: Apache-2.0 */
#include "test/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cuda_api.h"

/* A context that is made once, on the simulator's first device. */
static void begin(void)
{
    static CUcontext context;

    if (context == NULL &&
        (cuInit(0) != CUDA_SUCCESS || cuCtxCreate(&context, NULL, 0, 0) != CUDA_SUCCESS)) {
        abort();
    }
}

/* Containers say themselves how long they are; only text is asked of the loader here. */
static int is_text(const char *text)
{
    static const uint32_t containers[] = {0xba55ed50, 0x466243b1, 0x464c457f};
    uint32_t head = 0;

    memcpy(&head, text, strnlen(text, sizeof(head)));
    for (size_t k = 0; k < sizeof(containers) / sizeof(containers[0]); k++) {
        if (head == containers[k]) {
            return 0;
        }
    }
    return 1;
}

/* The text of a module: it loads, or is refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    CUmodule module = NULL;

    if (text == NULL) {
        abort();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    begin();
    if (is_text(text) && cuModuleLoadData(&module, text) == CUDA_SUCCESS &&
        cuModuleUnload(module) != CUDA_SUCCESS) {
        abort();
    }
    free(text);
    return 0;
}
