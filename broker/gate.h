/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_GATE_H
#define BR_GATE_H

/*
 * Decides whether a session's ring may be read now.  Whoever may not waits in broker->gated, and a
 * timer looks again when the first of its machine's tokens are due; nothing spins.  This is the one
 * place where fair shares by GPU time belong.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/session.h"
#include "broker/share.h"

/* For br_gate_may_read(). */
bool br_gate_look(struct br_session *session);

/* True: read one quantum.  False: the session waits, and is made hot when it may. */
static inline bool br_gate_may_read(struct br_session *session)
{
    return !session->holder->share->limited || br_gate_look(session);
}

/* What one quantum takes. */
struct br_quantum {
    uint64_t records; /* of calls */
    uint64_t bytes;   /* of these */
    uint64_t moved;   /* that they move beside (moved.h) */
};

/* Whether the session's tokens are used up by the quantum: then it ends here, so that no more than
 * one call is taken on credit. */
bool br_gate_is_spent(const struct br_session *session, const struct br_quantum *quantum);

/* A quantum was taken from the session's ring. */
void br_gate_charge(struct br_session *session, const struct br_quantum *quantum);

/* The session does not wait any more. */
void br_gate_forget(struct br_session *session);

/* A policy has changed: looks at all that wait. */
void br_gate_changed(struct br_broker *broker);

/* For the broker's life. */
void br_gate_init(struct br_broker *broker);
void br_gate_fini(struct br_broker *broker);

#endif
