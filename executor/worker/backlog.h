/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_BACKLOG_H
#define EX_WORKER_BACKLOG_H

/*
 * Records that wait because the driver would hold them.
 *
 * Some calls of the driver wait for all work and hold the context's lock until then: the load of a
 * module with variables, the end of an array.  Launches and the making of streams wait for that
 * lock (measured); which calls do not is not known.  Work may be a function of the guest's program,
 * and that ends by a record (vgpuHostDone).  A dispatcher that is held in a call would never read
 * it.  So while such a call is with the helpers and functions are under way, every record but the
 * ends of functions stays here.
 *
 * The dispatcher's alone, but for ex_backlog_hold().
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vgpu_ops.h"

struct ex_session;

/* At so many bytes nothing more is read from the pipe: of a guest that keeps to the depth of its
 * streams it is never so much. */
#define EX_BACKLOG_BYTES_MAX (16u << 20)

struct ex_backlog {
    uint8_t *bytes; /* owned: whole records */
    size_t len;
    size_t room;
    _Atomic uint32_t holds; /* calls that hold others back, queued or running */
};

/* An operation is queued, or has returned: counts it if it is one that holds others back.  Any
 * thread. */
void ex_backlog_hold(struct ex_session *x, const struct vgpu_op_info *op, bool begins);

/* Whether records wait now. */
bool ex_backlog_waits(struct ex_session *x);

/* Keeps a whole record.  0 or -ENOMEM. */
int ex_backlog_add(struct ex_backlog *backlog, const uint8_t *record, size_t len);

/* Takes all of it out: *len bytes owned by the caller, or NULL. */
uint8_t *ex_backlog_take(struct ex_backlog *backlog, size_t *len);

#endif
