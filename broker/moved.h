/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_MOVED_H
#define BR_MOVED_H

/*
 * The data that a call moves through its channel's window, beside its record: copies between guest
 * and device, module images, inputs and results of links.  It is what the record says, before
 * anybody has checked it, so it is believed for nothing but the guest's own bill.
 *
 * What no record says is not in it: a graph's copies count when the node is described and not at
 * each launch, and what kernels read and write in pinned memory does not count.
 */

#include <stddef.h>
#include <stdint.h>

#include "proto/record.h"

/* Bytes of the call of `record`, whose body has record->length - VGPU_RECORD_HEADER_BYTES bytes.
 * At most `window`, the channel's bytes: more cannot be moved by one call. */
uint64_t br_moved(const struct vgpu_record *record, const uint8_t *body, uint64_t window);

#endif
