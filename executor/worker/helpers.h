/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_HELPERS_H
#define EX_WORKER_HELPERS_H

/*
 * Threads for calls that may block in the driver, made before the worker is locked.
 * When all are busy, calls wait in a queue and with them their callers; the dispatcher
 * never waits.
 */

#include <stddef.h>
#include <stdint.h>

#include "ex_dispatch.h"

struct ex_helpers;

/* Bytes of records in the queue: a caller waits for its answer, so an honest guest has at most one
 * record per thread here. */
#define EX_HELPERS_QUEUE_BYTES (8u << 20)

/*
 * Starts `count` threads and one for links, each with `context` current.  Returns when all are
 * ready.  Owned, for the life of the process; NULL when a thread cannot be made or the driver
 * refuses.
 */
struct ex_helpers *ex_helpers_start(const struct ex_driver *driver, CUcontext context,
                                    uint32_t count);

/* Queues a call; copies the record.  0; -ENOBUFS (queue full: a broken peer) or -ENOMEM. */
int ex_helpers_queue(struct ex_helpers *helpers, struct ex_session *session, const struct ex_op *op,
                     const struct vgpu_record *record, const uint8_t *body, size_t len);

#endif
