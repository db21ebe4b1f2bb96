/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_ACTIVITY_H
#define BR_ACTIVITY_H

/*
 * What operators watch: the heartbeat, the counts of calls in the log, and Took frames to the
 * devices.
 *
 *   a call or a doorbell ──► once a second: Took to each device that was active, now and then the
 *                            counts in the log ──► a second without any: the timer stops
 *   always               ──► once a minute: [HEARTBEAT], and a Beat to each device (beat.h)
 *
 * So a broker without traffic wakes up once a minute, however many machines are connected.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct br_broker;
struct br_vm;

#define BR_ACTIVITY_TICK_MS 1000u
#define BR_ACTIVITY_BEAT_MS 60000u
/* Counts are logged after the first second of activity, at its end, and this often in between. */
#define BR_ACTIVITY_COUNTS_MS 10000u

struct br_activity {
    uv_timer_t tick;
    uv_timer_t beat;
    bool running;      /* the tick */
    uint64_t seen;     /* calls and doorbells at the last tick */
    uint64_t counted;  /* calls at the last line about them */
    uint64_t lines_ns; /* when that was */
    uint64_t start_ns;
};

/* Before anything else of the broker's; the timers keep no loop alive. */
void br_activity_init(struct br_broker *broker);

/* The broker is ready: a heartbeat at once, then one a minute. */
void br_activity_beat(struct br_broker *broker);

/* Starts the tick; for br_broker_note(). */
void br_activity_wake(struct br_broker *broker);

/* A device was welcomed: what its machine did before is not told. */
void br_activity_meet(struct br_vm *vm);

/* Closes the timers. */
void br_activity_close(struct br_broker *broker);

#endif
