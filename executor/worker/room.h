/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_ROOM_H
#define EX_WORKER_ROOM_H

/*
 * Device memory that has to be asked for: sessions of a machine with a quota share it, and the
 * broker keeps the ledger (docs/design.md, "Policy").
 *
 *   operation: short of room, fails ──► helper: MemoryAsk ──► MemoryGrant ──► operation, again
 *
 * An operation that is short has changed nothing.  On the dispatcher it is handed to a helper,
 * which waits for the broker without any lock and runs it again; the dispatcher never waits.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/frame_socket.h"

struct ex_session;

struct ex_room {
    pthread_mutex_t turn; /* held from a question to its answer */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t answered;
    bool waits;
    uint64_t bytes;
    uint64_t others;
};

/* Starts zeroed: nothing is used. */
void ex_room_init(struct ex_room *room);

/* An operation begins on this thread: it wants nothing yet. */
void ex_room_begin(void);

/* The operation of this thread is short of `bytes`; 0: it wants to know what others hold. */
void ex_room_want(uint64_t bytes);
bool ex_room_is_wanted(void);

/* What other sessions of the machine hold, when the operation runs again after having asked. */
bool ex_room_others(uint64_t *bytes);

/* On a helper: asks for what the operation wants.  True: run it again, then ex_room_done(). */
bool ex_room_ask(struct ex_session *x);
void ex_room_done(struct ex_session *x);

/* Gives back what is much more than what is used. */
void ex_room_settle(struct ex_session *x);

/* The dispatcher's: the broker's frames.  An answer that nobody asked for ends the session. */
void ex_room_answer(struct ex_session *x, const Vgpu__MemoryGrant *grant);
void ex_room_recall(struct ex_session *x, const Vgpu__MemoryRecall *recall);

#endif
