/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_PHASE_H
#define BR_CONTROL_PHASE_H

/*
 * What a control connection admits, by its phase (docs/specs/wire.md, "Control").
 *
 *   greeting --CtlHello--> tool, or host --its end, misuse, time--> ended
 */

#include "broker/phase.h"

enum br_control_phase {
    BR_CONTROL_GREETING, /* connected, no CtlHello yet */
    BR_CONTROL_TOOL,     /* reads */
    BR_CONTROL_HOST,     /* vgpu-hostd: commands too */
    BR_CONTROL_ENDED,
    BR_CONTROL_PHASES
};

/* Verdict on a frame of a client. */
enum br_verdict br_control_phase_frame(enum br_control_phase phase, Vgpu__Frame__KindCase kind);

/* The phase's name for logs, static. */
const char *br_control_phase_name(enum br_control_phase phase);

#endif
