/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/vm_phase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Field numbers of vgpu.Frame, of messages that exist and of some that do not. */
#define KINDS 64

/* The table of docs/specs/device.md, a second time: what a device may say when it is up. */
static const Vgpu__Frame__KindCase up[] = {
    VGPU__FRAME__KIND_CHANNEL_OPEN, VGPU__FRAME__KIND_CHANNEL_CLOSE, VGPU__FRAME__KIND_DEVICE_RESET,
    VGPU__FRAME__KIND_DEVICE_GONE,  VGPU__FRAME__KIND_BEAT,
};

static bool is_up(Vgpu__Frame__KindCase kind)
{
    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
        if (up[i] == kind) {
            return true;
        }
    }
    return false;
}

static void test_every_frame_in_every_phase(void **state)
{
    (void)state;
    for (unsigned int number = 0; number < KINDS; number++) {
        Vgpu__Frame__KindCase kind = (Vgpu__Frame__KindCase)number;

        assert_int_equal(br_vm_phase_frame(BR_VM_ABSENT, kind), BR_BREAK);
        assert_int_equal(br_vm_phase_frame(BR_VM_GREETING, kind),
                         kind == VGPU__FRAME__KIND_DEVICE_HELLO ? BR_TAKE : BR_BREAK);
        assert_int_equal(br_vm_phase_frame(BR_VM_UP, kind), is_up(kind) ? BR_TAKE : BR_BREAK);
        assert_int_equal(br_vm_phase_frame(BR_VM_GONE, kind), BR_BREAK);
    }
}

static void test_every_frame_in_every_channel_phase(void **state)
{
    (void)state;
    for (unsigned int number = 0; number < KINDS; number++) {
        Vgpu__Frame__KindCase kind = (Vgpu__Frame__KindCase)number;
        bool opens = kind == VGPU__FRAME__KIND_CHANNEL_OPEN;
        bool closes = kind == VGPU__FRAME__KIND_CHANNEL_CLOSE;

        assert_int_equal(br_seat_phase_frame(BR_SEAT_FREE, kind),
                         opens || closes ? BR_TAKE : BR_BREAK);
        assert_int_equal(br_seat_phase_frame(BR_SEAT_HELD, kind), closes ? BR_TAKE : BR_BREAK);
        assert_int_equal(br_seat_phase_frame(BR_SEAT_CLOSING, kind), closes ? BR_DROP : BR_BREAK);
    }
}

static void test_phases_have_names(void **state)
{
    (void)state;
    assert_string_equal(br_vm_phase_name(BR_VM_ABSENT), "absent");
    assert_string_equal(br_vm_phase_name(BR_VM_GONE), "gone");
    assert_string_equal(br_vm_phase_name(BR_VM_PHASES), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_frame_in_every_phase),
        cmocka_unit_test(test_every_frame_in_every_channel_phase),
        cmocka_unit_test(test_phases_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
