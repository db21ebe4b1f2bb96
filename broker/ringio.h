/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_RINGIO_H
#define BR_RINGIO_H

/*
 * A session's rings: records from the guest go to its worker, answers come back.
 *
 * A session is hot while its submission ring is looked at in every turn of the
 * loop: it has more than one quantum there, was active just now, or is lingered for
 * (common/linger.h), because it sends soon after its worker has said something.
 * Otherwise the ring is parked and the guest rings the doorbell, or something else
 * must happen first (a phase, room in the worker's pipe) that makes it hot again.
 */

#include "broker/session.h"

/* One quantum (at most one batch) of the session's submission ring, and what waits for the
 * completion ring.  Decides whether the session stays hot. */
void br_ringio_turn(struct br_session *session);

/* Something changed that may let the session go on: looks at its ring in the next turn. */
void br_ringio_heat(struct br_session *session);

/* The worker has said something for which the guest may wait. */
void br_ringio_told(struct br_session *session);

/* The session's ring is not looked at any more. */
void br_ringio_cool(struct br_session *session);

/*
 * Puts whole records (checked by the caller) into the completion ring and wakes the
 * guest if it sleeps.  What does not fit waits, at most session_buffer bytes.
 * 0; 1 when something waits now; -EPROTO (the guest broke the ring), -ENOBUFS, -ENOMEM:
 * the session cannot go on.
 */
int br_ringio_answer(struct br_session *session, const uint8_t *records, size_t len);

/* Sends a control frame to the guest as a record that repeats session->request's sequence and
 * lane.  Ends the session when that is impossible. */
void br_ringio_frame(struct br_session *session, const Vgpu__Frame *frame);

#endif
