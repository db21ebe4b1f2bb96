/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_DISPATCH_H
#define EX_WORKER_DISPATCH_H

/* From the records of a Submit frame to calls of the driver. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ex_dispatch.h"

/*
 * Runs a batch of whole records in order, on the dispatcher's thread: blocking operations go
 * to the helpers.  A batch that does not frame ends the session (broken peer).
 */
void ex_dispatch_batch(struct ex_session *x, const uint8_t *records, size_t len);

/*
 * Runs one operation on a helper thread, asking for device memory where it is short of that, and
 * answers it at once if an answer is wanted.  `room`: VGPU_RECORD_BYTES_MAX bytes for its results.
 * Does not return on a sticky error, on a one-way operation that the driver refuses, or when the
 * body is malformed.
 */
void ex_dispatch_help(struct ex_session *x, const struct ex_op *op,
                      const struct vgpu_record *record, const uint8_t *body, size_t len,
                      uint8_t *room);

#endif
