/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_PHASE_H
#define BR_PHASE_H

/*
 * What a session admits, by phase (docs/design.md, "Sessions and channels").
 *
 *   granted --Hello--> greeted --Open--> opening --Attached--> open --Close--> closing
 *                         ^                 |                                     |
 *                         |<----Refuse------'                                     |
 *                         '------------------- WorkerGone, Closed ---------------'
 *   any phase --misuse, end of the worker or of the guest--> dead
 */

#include "vgpu.pb-c.h"

enum br_phase {
    BR_GRANTED, /* the channel is out, no Hello yet */
    BR_GREETED, /* no worker */
    BR_OPENING, /* waits for a worker, or for its Attached */
    BR_OPEN,
    BR_CLOSING, /* waits for WorkerGone */
    BR_DEAD,
    BR_PHASES
};

enum br_verdict {
    BR_BREAK, /* the peer is broken: log, end the session */
    BR_TAKE,
    BR_WAIT, /* leave it where it is */
    BR_DROP,
};

/* Stands for a call record where a frame's kind is asked for. */
#define BR_CALL VGPU__FRAME__KIND__NOT_SET

/* Verdict on a frame or call record (BR_CALL) from the guest's submission ring. */
enum br_verdict br_phase_guest(enum br_phase phase, Vgpu__Frame__KindCase kind);

/* Verdict on a frame from the session's worker. */
enum br_verdict br_phase_worker(enum br_phase phase, Vgpu__Frame__KindCase kind);

/* The phase's name for logs, static. */
const char *br_phase_name(enum br_phase phase);

#endif
