/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/vm_phase.h"

#include <stddef.h>

static const struct {
    Vgpu__Frame__KindCase kind;
    enum br_verdict verdict[BR_VM_PHASES];
} frame_rows[] = {
    /*                                      absent   greeting  up        gone */
    {VGPU__FRAME__KIND_DEVICE_HELLO, {BR_BREAK, BR_TAKE, BR_BREAK, BR_BREAK}},
    {VGPU__FRAME__KIND_CHANNEL_OPEN, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK}},
    {VGPU__FRAME__KIND_CHANNEL_CLOSE, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK}},
    {VGPU__FRAME__KIND_DEVICE_RESET, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK}},
    {VGPU__FRAME__KIND_DEVICE_GONE, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK}},
    {VGPU__FRAME__KIND_BEAT, {BR_BREAK, BR_BREAK, BR_TAKE, BR_BREAK}},
};

static const struct {
    Vgpu__Frame__KindCase kind;
    enum br_verdict verdict[BR_SEAT_PHASES];
} seat_rows[] = {
    /*                                       free     held      closing */
    {VGPU__FRAME__KIND_CHANNEL_OPEN, {BR_TAKE, BR_BREAK, BR_BREAK}},
    /* Free: the close and the answer to its open have crossed. */
    {VGPU__FRAME__KIND_CHANNEL_CLOSE, {BR_TAKE, BR_TAKE, BR_DROP}},
};

enum br_verdict br_vm_phase_frame(enum br_vm_phase phase, Vgpu__Frame__KindCase kind)
{
    for (size_t i = 0; i < sizeof(frame_rows) / sizeof(frame_rows[0]); i++) {
        if (frame_rows[i].kind == kind) {
            return frame_rows[i].verdict[phase];
        }
    }
    return BR_BREAK;
}

enum br_verdict br_seat_phase_frame(enum br_seat_phase phase, Vgpu__Frame__KindCase kind)
{
    for (size_t i = 0; i < sizeof(seat_rows) / sizeof(seat_rows[0]); i++) {
        if (seat_rows[i].kind == kind) {
            return seat_rows[i].verdict[phase];
        }
    }
    return BR_BREAK;
}

const char *br_vm_phase_name(enum br_vm_phase phase)
{
    static const char *const names[BR_VM_PHASES] = {"absent", "greeting", "up", "gone"};

    return phase < BR_VM_PHASES ? names[phase] : "?";
}
