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
    uint32_t slot;
    uint64_t granted;
    bool waits; /* its MemoryAsk is not answered */
    bool tried; /* others were asked to give back for it */
    uint64_t bytes;
    uint64_t least;
    bool recalled; /* its MemoryGive is due */
};

/* The quota of a session on its GPU as its worker shall show it: the machine's, the supervisor's,
 * or 0. */
uint64_t br_ledger_quota(const struct br_session *session);

/* The session has got its worker: true when that has to ask. */
bool br_ledger_open(struct br_session *session);

/* The worker is reaped: what it had is free. */
void br_ledger_close(struct br_session *session);

/* MemoryAsk or MemoryGive.  NULL, or what is wrong with the worker. */
const char *br_ledger_frame(struct br_worker *worker, const Vgpu__Frame *frame);

/* The session's worker says what it uses.  NULL, or what is wrong with it. */
const char *br_ledger_usage(struct br_session *session, uint64_t used);

/* The machine's quota has changed: tells its workers, who give back what they do not use. */
void br_ledger_changed(struct br_share *share);

#endif
