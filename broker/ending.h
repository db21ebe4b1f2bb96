/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ENDING_H
#define BR_ENDING_H

/*
 * The time between the wish to stop and the end: sessions with a worker go on to their own end, as
 * long as broker.drain_ms allows; nobody new gets one.  A kernel that runs longer is killed with
 * its worker.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct br_broker;

struct br_ending {
    uv_timer_t timer;
    struct br_broker *broker;
    uint64_t until_ns;
    bool begun;
    /* The last session has ended, or the time is over. */
    void (*over)(struct br_ending *ending);
    void *owner;
};

/* Prepares; `over` and `owner` are set by the caller.  0 or -errno. */
int br_ending_init(struct br_ending *ending, uv_loop_t *loop, struct br_broker *broker);

/* Drains every GPU and waits; false, and nothing is done, when there is nothing to wait for. */
bool br_ending_begin(struct br_ending *ending, uint32_t limit_ms);

/* Closes its handle, so that the loop can end; once. */
void br_ending_close(struct br_ending *ending);

#endif
