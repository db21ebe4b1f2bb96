/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_WATCHDOG_H
#define BR_WATCHDOG_H

/*
 * Tells the service manager that the broker makes progress, and only then: each interval in which
 * the loop has gone through a whole turn, in which every hot session had its share.
 */

#include <stdint.h>
#include <uv.h>

struct br_broker;

struct br_watchdog {
    uv_timer_t timer;
    const struct br_broker *broker;
    uint64_t turn; /* the broker's at the last word */
};

/* Starts it if the manager asks for it (vgpu_notify_init() came before).  0 or -errno. */
int br_watchdog_start(struct br_watchdog *watchdog, uv_loop_t *loop,
                      const struct br_broker *broker);

/* Stops it, so that the loop can end; once. */
void br_watchdog_stop(struct br_watchdog *watchdog);

#endif
