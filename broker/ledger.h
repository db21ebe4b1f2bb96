/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_LEDGER_H
#define BR_LEDGER_H

/*
 * The ledger of device memory of machines with a quota.  What a worker may use it has been granted
 * before; the sum of what is granted to the sessions of a machine on a GPU never exceeds the quota
 * (but where that was made smaller than what they held already).
 *
 *   worker: needs more ── MemoryAsk ──► room? ── MemoryGrant ──► worker goes on
 *                                       no: ── MemoryRecall ──► the machine's other workers there
 *                                              MemoryGive ◄──── what they do not use
 *                                       still no: MemoryGrant of nothing: out of memory
 *
 * What is granted counts until the worker has given it back or is reaped.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/waiters.h"
#include "vgpu.pb-c.h"

struct br_session;
struct br_share;
struct br_worker;

/* A worker that does not answer a recall in this time keeps what it has. */
#define BR_LEDGER_RECALL_MS 2000u

/* Room that is kept in a worker's pipe for one MemoryGrant and one MemoryRecall. */
#define BR_LEDGER_ROOM 128u

struct br_ledger {
    bool is_open;
    bool due; /* in its pot's list of those */
    uint32_t slot;
    uint64_t granted;
    uint64_t used; /* as counted in its pot */
    bool waits;    /* its MemoryAsk is not answered */
    uint64_t bytes;
    uint64_t least;
    uint32_t place; /* in its pot's waiting, while it waits */
    bool recalled;  /* its MemoryGive is due */
};

TAILQ_HEAD(br_pot_list, br_session);

/*
 * What the sessions of a machine have together on one GPU.  Workers ask and give as often as they
 * like, so no frame of one costs a look at all the others, but where each of those gets a frame
 * that it has to answer: a recall moves a session from calm to due, its MemoryGive moves it back.
 */
struct br_pot {
    uint64_t granted;
    uint64_t used;
    struct br_pot_list calm;
    struct br_pot_list due; /* recalled, or about to be reaped: something may come back */
    struct br_waiters waiting;
    uint64_t steps; /* sessions that were looked at, beside those of waiting; for tests */
};

/* The quota of a session on its GPU as its worker shall show it: the machine's, the supervisor's,
 * or 0. */
uint64_t br_ledger_quota(const struct br_session *session);

/* The session has got its worker: true when that has to ask. */
bool br_ledger_open(struct br_session *session);

/* The session's worker is to end: it is served no more, and what it has will come back. */
void br_ledger_doom(struct br_session *session);

/* The worker is reaped: what it had is free. */
void br_ledger_close(struct br_session *session);

/* MemoryAsk or MemoryGive.  NULL, or what is wrong with the worker. */
const char *br_ledger_frame(struct br_worker *worker, const Vgpu__Frame *frame);

/* The session's worker says what it uses.  NULL, or what is wrong with it. */
const char *br_ledger_usage(struct br_session *session, uint64_t used);

/* The machine's quota has changed: tells its workers, who give back what they do not use. */
void br_ledger_changed(struct br_share *share);

/* Begins and ends the pots of a share; at the end it has no sessions. */
void br_ledger_init(struct br_share *share);
void br_ledger_fini(struct br_share *share);

#endif
