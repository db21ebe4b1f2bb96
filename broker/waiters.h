/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_WAITERS_H
#define BR_WAITERS_H

/*
 * The sessions of a machine that wait for memory of one GPU, as a heap: who needs least comes
 * first.  Workers decide how many wait and how often something is given back, so what a change
 * costs grows with the logarithm of their number only.
 */

#include <stdint.h>

struct br_session;

/* Starts zeroed. */
struct br_waiters {
    struct br_session **at; /* owned; the sessions are borrowed */
    uint32_t count;
    uint32_t cap;
    uint64_t steps; /* sessions that were looked at: what all that has cost, for tests */
};

/* Adds a session by its ledger.least, which stays as it is until it is taken out.  0 or -ENOMEM. */
int br_waiters_add(struct br_waiters *waiters, struct br_session *session);

/* Takes a session out that is in it. */
void br_waiters_remove(struct br_waiters *waiters, struct br_session *session);

/* Who needs least, or NULL. */
struct br_session *br_waiters_first(const struct br_waiters *waiters);

/* Frees an empty one's memory. */
void br_waiters_fini(struct br_waiters *waiters);

#endif
