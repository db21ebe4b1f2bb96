/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/image_choose.h"

#include "executor/worker/image.h"
#include "executor/worker/image_part.h"
#include "proto/code_policy.h"

static CUresult choose_part(const uint8_t *image, uint32_t capability, uint32_t policy,
                            struct ex_choice *choice)
{
    bool force = (policy & VGPU_CODE_FORCE_JIT) != 0;
    struct ex_part part;

    if (!ex_part_for(image, capability, force, &part)) {
        /* Otherwise the driver says what is wrong. */
        return force ? CUDA_ERROR_NO_BINARY_FOR_GPU : CUDA_SUCCESS;
    }
    if (part.kind == VGPU_FATBIN_PTX && (policy & VGPU_CODE_DISABLE_JIT) != 0) {
        return CUDA_ERROR_JIT_COMPILATION_DISABLED;
    }
    if (!force) {
        return CUDA_SUCCESS;
    }
    choice->owned = ex_part_code(&part, &choice->size);
    choice->bytes = choice->owned;
    if (choice->owned == NULL) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    choice->kind = ex_image_check(choice->bytes, choice->size);
    return CUDA_SUCCESS;
}

/* What the driver is not to look into is left out.  The part for this device is looked at by who
 * needs to know more of it (image_scan.h). */
static CUresult clear_parts(const uint8_t *image, uint32_t capability, struct ex_choice *choice)
{
    struct ex_part part = {.payload = NULL};
    size_t size;

    (void)ex_part_for(image, capability, false, &part);
    if (!ex_parts_clear(image, part.payload, &choice->owned, &size)) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (choice->owned != NULL) {
        choice->bytes = choice->owned;
        choice->size = size;
    }
    return CUDA_SUCCESS;
}

CUresult ex_image_choose(const uint8_t *image, size_t size, uint32_t capability, uint32_t policy,
                         struct ex_choice *choice)
{
    enum ex_image_kind kind = ex_image_check(image, size);
    CUresult cu = CUDA_SUCCESS;

    *choice = (struct ex_choice){.bytes = image, .size = size, .kind = kind};
    if (kind == EX_IMAGE_BAD) {
        return CUDA_ERROR_INVALID_IMAGE;
    }
    if (kind == EX_IMAGE_PTX && (policy & VGPU_CODE_DISABLE_JIT) != 0) {
        return CUDA_ERROR_JIT_COMPILATION_DISABLED;
    }
    if (kind == EX_IMAGE_ELF && (policy & VGPU_CODE_FORCE_JIT) != 0) {
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    if (kind != EX_IMAGE_FATBIN) {
        return CUDA_SUCCESS;
    }
    if (policy != 0) {
        cu = choose_part(image, capability, policy, choice);
    }
    return cu == CUDA_SUCCESS && choice->owned == NULL ? clear_parts(image, capability, choice)
                                                       : cu;
}
