/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_VM_PHASE_H
#define BR_VM_PHASE_H

/*
 * What a virtual machine's connection admits, by its phase and, for the frames about one
 * channel, by the channel's (docs/specs/device.md, "The connection to the broker").
 *
 *   absent --connect--> greeting --DeviceHello--> up --DeviceGone--> gone
 *      ^---- end of the connection, misuse, Refuse, time ----------------'
 *
 *   free --ChannelOpen--> held --ChannelClose, DeviceReset, holder died--> closing --> free
 */

#include "broker/phase.h"

enum br_vm_phase {
    BR_VM_ABSENT,   /* nobody is connected */
    BR_VM_GREETING, /* connected, no DeviceHello yet */
    BR_VM_UP,
    BR_VM_GONE, /* DeviceGone came, the end has not */
    BR_VM_PHASES
};

enum br_seat_phase {
    BR_SEAT_FREE,
    BR_SEAT_HELD,    /* a guest has it */
    BR_SEAT_CLOSING, /* the guest has let go, the host has not */
    BR_SEAT_PHASES
};

/* Verdict on a frame of the device. */
enum br_verdict br_vm_phase_frame(enum br_vm_phase phase, Vgpu__Frame__KindCase kind);

/* Verdict on ChannelOpen or ChannelClose of a channel in `phase`. */
enum br_verdict br_seat_phase_frame(enum br_seat_phase phase, Vgpu__Frame__KindCase kind);

/* The phase's name for logs, static. */
const char *br_vm_phase_name(enum br_vm_phase phase);

#endif
