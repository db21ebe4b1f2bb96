/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_IMAGE_SCAN_H
#define EX_WORKER_IMAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "executor/worker/image.h"
#include "proto/limits.h"

/* What is to be known of code before it is loaded. */
struct ex_findings {
    bool prints;                       /* it may: it names the function behind printf */
    char managed[VGPU_TEXT_BYTES_MAX]; /* the first managed variable, cut off; "": none */
    uint64_t variables;                /* bytes of device memory for them (image_size.h), or 0 */
};

/*
 * Looks into an image of a kind that ex_image_check() has found; for the size of its variables only
 * if they count.  Of a fat binary the part is looked at that a device of this capability (90) uses;
 * what is packed in a form that is not known may print.  False: code in a fat binary is not what
 * its header says it is, and the driver must not have it.  Any thread.
 */
bool ex_image_scan(const uint8_t *bytes, size_t size, enum ex_image_kind kind, uint32_t capability,
                   bool variables, struct ex_findings *findings);

#endif
