/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_CHOOSE_H
#define EX_WORKER_IMAGE_CHOOSE_H

#include <stddef.h>
#include <stdint.h>

#include "executor/worker/image.h"
#include "proto/cuda_abi.h"

/* What the driver is given of an image. */
struct ex_choice {
    const uint8_t *bytes; /* with a NUL behind them */
    size_t size;
    enum ex_image_kind kind; /* of these bytes */
    uint8_t *owned;          /* to be freed, or NULL: the bytes are the image's */
};

/*
 * Applies a policy (proto/code_policy.h), as the driver does by its environment: 209 where machine
 * code is left out and there is nothing else, 223 where only PTX would be left.  200: no image.  Of
 * a fat binary, packed code for other devices that is damaged is left out, too.  Any thread.
 */
CUresult ex_image_choose(const uint8_t *image, size_t size, uint32_t capability, uint32_t policy,
                         struct ex_choice *choice);

#endif
