/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/control_phase.h"

#include <stddef.h>

static const struct {
    Vgpu__Frame__KindCase kind;
    enum br_verdict verdict[BR_CONTROL_PHASES];
} rows[] = {
    /*                                  greeting  tool      host      ended */
    {VGPU__FRAME__KIND_CTL_HELLO, {BR_TAKE, BR_BREAK, BR_BREAK, BR_DROP}},
    {VGPU__FRAME__KIND_CTL_ASK, {BR_BREAK, BR_TAKE, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_HOST_BEGIN, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_HOST_COMMIT, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_VM_SET, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_VM_REMOVE, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_POOL_SET, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_GPU_DRAIN, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
    {VGPU__FRAME__KIND_VM_IDENTITY, {BR_BREAK, BR_BREAK, BR_TAKE, BR_DROP}},
};

enum br_verdict br_control_phase_frame(enum br_control_phase phase, Vgpu__Frame__KindCase kind)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].kind == kind) {
            return rows[i].verdict[phase];
        }
    }
    return phase == BR_CONTROL_ENDED ? BR_DROP : BR_BREAK;
}

const char *br_control_phase_name(enum br_control_phase phase)
{
    static const char *const names[BR_CONTROL_PHASES] = {"greeting", "tool", "host", "ended"};

    return phase < BR_CONTROL_PHASES ? names[phase] : "?";
}
