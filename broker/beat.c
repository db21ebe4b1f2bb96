/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/beat.h"

#include "broker/broker.h"
#include "common/clock.h"

void br_beat_ask(struct br_vm *vm)
{
    struct br_beat *beat = &vm->beat;
    Vgpu__Beat message = VGPU__BEAT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if (vm->phase != BR_VM_UP || !beat->answers || beat->asked_ns != 0) {
        return;
    }
    beat->number = (beat->number + 1) | VGPU_BEAT_OF_BROKER;
    beat->asked_ns = vgpu_clock_ns();
    message.number = beat->number;
    frame.kind_case = VGPU__FRAME__KIND_BEAT;
    frame.beat = &message;
    (void)br_vm_send(vm, &frame, NULL, 0);
}

void br_beat_answer(struct br_vm *vm, uint32_t number)
{
    struct br_beat *beat = &vm->beat;

    if (beat->asked_ns != 0 && number == beat->number) {
        beat->took_ns = vgpu_clock_ns() - beat->asked_ns;
        beat->asked_ns = 0;
    }
}

int64_t br_beat_ns(const struct br_vm *vm)
{
    const struct br_beat *beat = &vm->beat;
    uint64_t late = beat->asked_ns != 0 ? vgpu_clock_ns() - beat->asked_ns : 0;

    if (vm->phase != BR_VM_UP || (beat->took_ns == 0 && late == 0)) {
        return -1;
    }
    return (int64_t)(late > beat->took_ns ? late : beat->took_ns);
}
