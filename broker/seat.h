/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SEAT_H
#define BR_SEAT_H

/*
 * One use of one channel of a virtual machine, from ChannelOpen to ChannelFree: the
 * holder of the session that serves it.
 *
 *   ChannelOpen ─► seat + session ─► ChannelReady
 *                    │ ChannelClose, DeviceReset, the holder word (seat lets go)
 *                    ▼
 *                  session dead, worker reaped ─► memory washed ─► ChannelFree, seat freed
 *
 * A seat whose connection has ended is detached: its session ends the same way, but the
 * memory is left as it is, because the machine's guests may still look at it, and nobody
 * is told.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/channel.h"
#include "broker/holder.h"
#include "broker/vm_phase.h"
#include "broker/wash.h"

struct br_vm;

struct br_seat {
    struct br_holder holder;
    struct br_vm *vm;    /* NULL: detached */
    struct br_vm *owner; /* also then: it lives as long as its seats */
    uint32_t channel;
    uint32_t epoch;
    bool washing;
    struct br_wash wash;
};

/* Makes a seat and its session on an adopted channel, which it takes, and has ChannelReady sent.
 * 0; then vm->seats has it.  -errno: no session was made. */
int br_seat_new(struct br_vm *vm, uint32_t channel, uint32_t epoch, struct br_channel *memory);

/* The guest has let go; a second time changes nothing. */
void br_seat_let_go(struct br_seat *seat, const char *why);

/* The connection is over: lets go, and is the machine's no more. */
void br_seat_detach(struct br_seat *seat, const char *why);

/* The phase of what may be NULL: a channel without a seat is free. */
enum br_seat_phase br_seat_phase(const struct br_seat *seat);

/* The guest's kernel has marked the holder word: who had the channel has ended. */
bool br_seat_holder_died(const struct br_seat *seat);

#endif
