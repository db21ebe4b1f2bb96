/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_DRAIN_H
#define EX_SUPERVISOR_DRAIN_H

/*
 * The time between the wish to stop and the end.  The broker is told (Leaving), gives no new
 * session to this GPU and lets the spares go; workers that serve one go on to its end, as long as
 * the broker's drain_ms allows.
 */

#include <stdbool.h>
#include <stdint.h>

struct ex_supervisor;

/* Starts zeroed. */
struct ex_drain {
    uint32_t limit_ms; /* the broker's word at registration; 0: nobody is waited for */
    uint64_t until_ns;
    bool begun;
};

/* A signal asks for the end: the first one drains, where there is anything to wait for; any other
 * stops at once. */
void ex_drain_ask(struct ex_supervisor *s);

/* Called in each turn of the loop: stops when the last worker has gone or the time is over. */
void ex_drain_turn(struct ex_supervisor *s);

/* When the loop must look; UINT64_MAX: never. */
uint64_t ex_drain_deadline(const struct ex_supervisor *s);

#endif
