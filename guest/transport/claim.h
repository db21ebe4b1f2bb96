/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_CLAIM_H
#define GS_CLAIM_H

/*
 * Taking a channel of the device for this process, against all others that map the same
 * registers (docs/specs/device.md, "Claims between processes of a guest").
 *
 *   byte n of resource0      POSIX lock: channel n belongs to the process that has it
 *   byte CLAIMING + pid      OFD lock: one claim at a time among the copies of this library
 *                            in one process, whose POSIX locks do not see each other
 *
 * One caller at a time in a copy of the library.
 */

#include <stdint.h>
#include <sys/types.h>

#include "guest/transport/bars.h"
#include "proto/channel.h"

struct gs_claim {
    pid_t process; /* that made the claim */
    uint32_t channel;
    uint32_t epoch;
    uint8_t *pages;     /* header and state of the slice, mapped */
    uint32_t *doorbell; /* its page, mapped */
};

/*
 * Takes a free channel, or one whose holder is dead, opens it, and makes this process its
 * holder.  Waits for a link that is coming (2 s), for the host to let go of dead processes'
 * channels (3 s) and for its answer (5 s).  0; -errno with the obstacle: LINK, FULL, REFUSED,
 * SYSTEM, CLAIMED, FOREIGN when the device has gone.
 */
int gs_claim_take(const struct gs_bars *bars, struct gs_claim *claim, struct gs_obstacle *obstacle);

/* Closes the channel and gives it back.  In another process than the one that took it nothing
 * happens. */
void gs_claim_give(const struct gs_bars *bars, struct gs_claim *claim);

/* Whether the host still serves the channel: false when the device, the link or this use of the
 * channel is gone.  Any thread. */
bool gs_claim_alive(const struct gs_bars *bars, const struct gs_claim *claim);

/* The process that has a channel's lock; 0: nobody, or this process. */
pid_t gs_claim_locker(const struct gs_bars *bars, uint32_t channel);

static inline struct vgpu_channel_state *gs_claim_state(const struct gs_claim *claim)
{
    return vgpu_channel_state(claim->pages);
}

#endif
