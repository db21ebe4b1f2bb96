/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_BATCH_H
#define BR_BATCH_H

/*
 * Submit and Complete frames without protobuf-c: both hold one `bytes` field, so
 * that records travel between ring and pipe with one copy.  The bytes are exactly
 * what protobuf-c writes; what is not of that form goes to vgpu_frame_unpack().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

/* Room in front of the records for the frame's length prefix and two tags with lengths. */
#define BR_BATCH_HEAD 16u

/* Records on their way to a worker; one a broker. */
struct br_batch {
    uint8_t head[BR_BATCH_HEAD];
    uint8_t records[VGPU_BATCH_BYTES_MAX];
};

/* Writes the Submit frame's head directly in front of `len` (1 to VGPU_BATCH_BYTES_MAX) bytes of
 * records.  Returns the frame, inside the batch, and its size in *total. */
const uint8_t *br_batch_submit(struct br_batch *batch, size_t len, size_t *total);

/* True when a frame (without prefix) is a Complete of the usual form: *records and *records_len
 * then name its bytes, borrowed. */
bool br_batch_complete(const uint8_t *frame, size_t len, const uint8_t **records,
                       size_t *records_len);

#endif
