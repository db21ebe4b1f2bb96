/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_OUTBOX_H
#define EX_WORKER_OUTBOX_H

/*
 * What a worker sends: answers, collected into Complete frames, and single frames.
 * The dispatcher flushes once per batch of records, helper threads after each answer.
 * A peer that is gone ends the process (EX_EXIT_PEER).  Any thread; the outbox's lock is
 * the innermost one.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ex_dispatch.h"
#include "proto/frame_socket.h"
#include "proto/record.h"

struct ex_outbox {
    pthread_mutex_t lock;
    struct vgpu_frame_socket *socket; /* borrowed */
    const _Atomic uint64_t *usage;    /* device memory in use; NULL: nobody wants to know */
    uint64_t usage_told;
    size_t used;
    uint8_t batch[VGPU_BATCH_BYTES_MAX];
};

/* Empty; borrows the socket. */
void ex_outbox_init(struct ex_outbox *outbox, struct vgpu_frame_socket *socket);

/* From now on each change of `usage` (borrowed) is told ahead of the answers that follow it. */
void ex_outbox_watch(struct ex_outbox *outbox, const _Atomic uint64_t *usage);

/* Adds the answer to `request`; sends the batch when `flush` is set or room is short.  The body of
 * `reply` is copied. */
void ex_outbox_answer(struct ex_outbox *outbox, const struct vgpu_record *request, uint16_t flags,
                      const struct ex_reply *reply, bool flush);

/* Sends a record that nobody asked for, at once. */
void ex_outbox_upcall(struct ex_outbox *outbox, uint32_t op, const uint8_t *body, size_t len);

/* Sends the answers collected so far, if any. */
void ex_outbox_flush(struct ex_outbox *outbox);

/* Sends what is collected, then this frame, and ends the process with `status`: nothing of another
 * thread comes between or after. */
_Noreturn void ex_outbox_last(struct ex_outbox *outbox, const Vgpu__Frame *frame, int status);

/* Sends one frame behind the answers collected so far. */
void ex_outbox_send(struct ex_outbox *outbox, const Vgpu__Frame *frame);

#endif
