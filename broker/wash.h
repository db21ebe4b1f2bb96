/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_WASH_H
#define BR_WASH_H

/*
 * Gives the memory of a channel back to the kernel, so that its next user finds zeros.
 *
 * A page costs a tenth of a microsecond or more, a gibibyte a fifth of a second: so it is
 * done in pieces, about BR_WASH_TURN_NS in each turn of the loop, the memories in turns.
 */

#include <stdint.h>
#include <sys/queue.h>

#define BR_WASH_PIECE   (UINT64_C(1) << 18)
#define BR_WASH_TURN_NS UINT64_C(50000)

struct br_broker;

/* One memory under way; part of what it belongs to. */
struct br_wash {
    TAILQ_ENTRY(br_wash) entry; /* in broker->washes */
    int memfd;                  /* owned while under way */
    uint64_t bytes;
    uint64_t done;
    /* It is empty (rc 0), or cannot be emptied (-errno).  The wash is over; may free it. */
    void (*on_done)(struct br_wash *wash, int rc);
};

TAILQ_HEAD(br_wash_list, br_wash);

/* Starts; takes wash->memfd.  memfd, bytes and on_done are set. */
void br_wash_start(struct br_broker *broker, struct br_wash *wash);

/* Gives up, without on_done: the memory keeps what it has. */
void br_wash_cancel(struct br_broker *broker, struct br_wash *wash);

/* One turn's work. */
void br_wash_turn(struct br_broker *broker);

#endif
