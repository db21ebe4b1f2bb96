/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_PACE_H
#define BR_PACE_H

/*
 * How often a machine may have a worker started: each costs a process, a context and a spare,
 * whatever the session does with it.  A session that opens a device takes a token of its machine;
 * where none is left it waits behind the machine's others that wait, until one is due, or as long
 * as any open waits for a worker.
 */

#include <stdbool.h>

struct br_broker;
struct br_session;
struct br_share;

/* True when a worker may be started for the session, and a token is taken.  False: it waits;
 * br_session_may_open() follows, or br_pace_forget() ends that. */
bool br_pace_take(struct br_session *session);

/* The session does not wait any more. */
void br_pace_forget(struct br_session *session);

/* The share's bucket has changed: looks at once. */
void br_pace_changed(struct br_share *share);

/* Starts and ends what belongs to the broker. */
void br_pace_init(struct br_broker *broker);
void br_pace_fini(struct br_broker *broker);

#endif
