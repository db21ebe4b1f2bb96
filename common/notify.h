/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_NOTIFY_H
#define VGPU_COMMON_NOTIFY_H

/*
 * What the service manager is told: that the process is ready, reloads, stops, and makes
 * progress (the protocol of sd_notify(3)).  Its socket is connected once, by
 * vgpu_notify_init(), so that the rest works behind a seccomp lock: one send() each, which
 * never waits.  One thread.
 */

#include <stdint.h>

/*
 * Connects to $NOTIFY_SOCKET and reads $WATCHDOG_USEC, then removes both variables: they are for
 * this process alone.  0, also without a service manager; -errno: the socket that it names cannot
 * be used.
 */
int vgpu_notify_init(void);

/* Sends lines such as "READY=1\nSTATUS=serving".  Without a service manager nothing happens. */
void vgpu_notify(const char *state);

/* How often "WATCHDOG=1" must be sent: half of what the manager allows; 0: it does not ask. */
uint64_t vgpu_notify_watchdog_ns(void);

#endif
