/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_BELL_H
#define BR_BELL_H

/*
 * A session's doorbell on the loop.  A ring only makes the session hot: its work is done
 * one quantum a turn, as everyone's (ringio.h).
 *
 * A guest that rings without having written anything costs wake-ups and gets nothing.
 * After BR_BELL_FRUITLESS_MAX such rings in a row its doorbell is left alone for
 * BR_BELL_QUIET_MS each time, until a ring brings something again.  An honest guest
 * rings when it has written, or has made room, so it never comes near that number.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define BR_BELL_FRUITLESS_MAX 64u
#define BR_BELL_QUIET_MS      5u

struct br_broker;
struct br_session;

struct br_bell {
    uv_poll_t *poll;    /* NULL: closed */
    bool rung;          /* since the rings were looked at last */
    bool quiet;         /* in broker->quiet */
    uint32_t fruitless; /* rings in a row that brought nothing */
};

/* Watches the doorbell of session->channel.  0 or -errno; then there is nothing to close. */
int br_bell_open(struct br_session *session);

/* Closed bells are accepted. */
void br_bell_close(struct br_session *session);

/* The session's rings were looked at; `progress`: something was taken from one or fitted the other.
 */
void br_bell_looked(struct br_session *session, bool progress);

/* Makes the timer that wakes quiet doorbells; with br_broker_new(). */
void br_bell_init_timer(struct br_broker *broker);

#endif
