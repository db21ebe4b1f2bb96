/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_BEAT_H
#define BR_BEAT_H

/*
 * How long a machine's device takes to answer: the broker sends a Beat, and measures until it comes
 * back.  In that time lie both sockets and the main loop of the machine's QEMU, so one that hangs
 * is seen.  Asked a second after the device came, once a second while its machine is active, and
 * once a minute.  Devices before revision 1.2 do not answer and are not asked.
 */

#include <stdbool.h>
#include <stdint.h>

struct br_vm;

/* Of one connection; starts zeroed. */
struct br_beat {
    bool answers; /* the device does */
    uint32_t number;
    uint64_t asked_ns; /* 0: no question is under way */
    uint64_t took_ns;  /* the last answer; 0: none yet */
};

/* Asks, unless a question is under way. */
void br_beat_ask(struct br_vm *vm);

/* The device has sent a Beat of the broker's.  One that was not asked for is ignored. */
void br_beat_answer(struct br_vm *vm, uint32_t number);

/* Nanoseconds that the last answer took; where the next is later than that already, how late it is.
 * -1: nothing is known. */
int64_t br_beat_ns(const struct br_vm *vm);

#endif
