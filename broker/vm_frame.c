/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/vm_frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/adopt.h"
#include "broker/broker.h"
#include "broker/seat.h"
#include "common/fd.h"
#include "common/log_id.h"
#include "common/text.h"
#include "proto/cuda_enums.h"

#define MAJOR(revision) ((revision) >> 16)
#define MINOR(revision) ((revision)&0xffffu)
/* The first minor revision of the device that knows Took. */
#define REVISION_TOOK 1u
/* The first that answers a Beat of the broker's. */
#define REVISION_BEAT 2u

/* ---- DeviceHello ------------------------------------------------------------ */

static void refuse_device(struct br_vm *vm, const Vgpu__DeviceHello *hello, const char *reason)
{
    Vgpu__Refuse refuse = VGPU__REFUSE__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[VGPU_TEXT_BYTES_MAX];

    if (br_broker_passes(&vm->warnings, vm->who)) {
        vgpu_log(VGPU_LOG_WARNING,
                 "device refused %s pid=%d reason=\"%s\" revision=%#x protocol=%u ours=%#x/%u",
                 vm->who, (int)vm->pid, reason, hello->revision, hello->protocol,
                 VGPU_DEVICE_REVISION, VGPU_PROTOCOL_VERSION);
    }
    (void)snprintf(text, sizeof(text), "%s", reason);
    refuse.result = CUDA_ERROR_SYSTEM_DRIVER_MISMATCH;
    refuse.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    if (br_vm_send(vm, &frame, NULL, 0) == 0) {
        br_vm_end(vm, "refused");
    }
}

static bool sizes_are_good(const Vgpu__DeviceHello *hello)
{
    uint64_t bytes = hello->channel_bytes;

    return hello->channels >= 1 && hello->channels <= VGPU_DEVICE_CHANNELS_MAX &&
           bytes >= VGPU_CHANNEL_BYTES_MIN && bytes <= VGPU_CHANNEL_BYTES_MAX &&
           (bytes & (bytes - 1)) == 0;
}

static void log_hello(struct br_vm *vm, const Vgpu__DeviceHello *hello)
{
    char name[80];
    char qemu[80];

    if (!br_broker_passes(&vm->lines, vm->who)) {
        return;
    }
    vgpu_log_id(VGPU_LOG_INFO, VGPU_LOG_ID_DEVICE_CONNECTED,
                "[CONNECTION] New connection: device connected %s identity=socket pid=%d uid=%u "
                "channels=%u channel_mib=%llu "
                "generation=%u resets=%u says_vm=%s says_qemu=%s",
                vm->who, (int)vm->pid, (unsigned int)vm->uid, hello->channels,
                (unsigned long long)(hello->channel_bytes >> 20), hello->generation, hello->resets,
                vgpu_log_escape(name, sizeof(name), hello->vm, strlen(hello->vm)),
                vgpu_log_escape(qemu, sizeof(qemu), hello->qemu, strlen(hello->qemu)));
}

static void welcome(struct br_vm *vm)
{
    Vgpu__DeviceWelcome message = VGPU__DEVICE_WELCOME__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char version[] = VGPU_VERSION;

    message.protocol = VGPU_PROTOCOL_VERSION;
    message.version = version;
    frame.kind_case = VGPU__FRAME__KIND_DEVICE_WELCOME;
    frame.device_welcome = &message;
    (void)br_vm_send(vm, &frame, NULL, 0);
}

static void on_hello(struct br_vm *vm, const Vgpu__DeviceHello *hello)
{
    if (MAJOR(hello->revision) != MAJOR(VGPU_DEVICE_REVISION)) {
        refuse_device(vm, hello, "another revision of the device");
        return;
    }
    if (hello->protocol != VGPU_PROTOCOL_VERSION) {
        refuse_device(vm, hello, "another protocol version");
        return;
    }
    if (!sizes_are_good(hello) || strlen(hello->vm) > VGPU_TEXT_BYTES_MAX ||
        strlen(hello->qemu) > VGPU_TEXT_BYTES_MAX) {
        br_vm_misuse(vm, "device_hello's fields");
        return;
    }
    (void)uv_timer_stop(&vm->timer);
    vm->phase = BR_VM_UP;
    vm->silent = false;
    vm->revision = hello->revision;
    vgpu_text_copy(vm->qemu, sizeof(vm->qemu), hello->qemu);
    vm->channels = hello->channels;
    vm->channel_bytes = hello->channel_bytes;
    memset(vm->epochs, 0, sizeof(vm->epochs));
    vm->takes_took = MINOR(hello->revision) >= REVISION_TOOK;
    vm->beat = (struct br_beat){.answers = MINOR(hello->revision) >= REVISION_BEAT};
    vm->stats.connections++;
    br_activity_meet(vm);
    log_hello(vm, hello);
    welcome(vm);
    br_broker_note(vm->broker); /* its first Beat */
}

/* ---- channels --------------------------------------------------------------- */

/* Holds a frame about a channel against the channel's phase.  False: it is done with. */
static bool admit(struct br_vm *vm, Vgpu__Frame__KindCase kind, uint32_t channel)
{
    enum br_verdict verdict = BR_BREAK;

    if (channel < vm->channels) {
        verdict = br_seat_phase_frame(br_seat_phase(vm->seats[channel]), kind);
    }
    if (verdict == BR_BREAK) {
        br_vm_misuse(vm, kind == VGPU__FRAME__KIND_CHANNEL_OPEN
                             ? "channel_open of a channel that is not free"
                             : "channel_close of a channel that it does not have");
    }
    return verdict == BR_TAKE;
}

static void refuse_channel(struct br_vm *vm, const Vgpu__ChannelOpen *open, int rc)
{
    Vgpu__ChannelRefused message = VGPU__CHANNEL_REFUSED__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char text[VGPU_TEXT_BYTES_MAX];
    const char *reason;

    message.result = br_broker_refusal(rc, &reason);
    (void)snprintf(text, sizeof(text), "%s", reason);
    message.channel = open->channel;
    message.epoch = open->epoch;
    message.reason = text;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_REFUSED;
    frame.channel_refused = &message;
    vm->stats.refused++;
    vm->share.stats.refused++;
    if (br_broker_passes(&vm->warnings, vm->who)) {
        vgpu_log(VGPU_LOG_WARNING,
                 "channel refused %s channel=%u reason=\"%s\" sessions=%u error=%d", vm->who,
                 open->channel, reason, vm->broker->session_count, -rc);
    }
    (void)br_vm_send(vm, &frame, NULL, 0);
}

static void on_open(struct br_vm *vm, const Vgpu__ChannelOpen *open)
{
    struct br_channel channel;
    const char *wrong;
    int memfd;
    int doorbell;
    int rc;

    if (!admit(vm, VGPU__FRAME__KIND_CHANNEL_OPEN, open->channel)) {
        return;
    }
    memfd = br_link_take_fd(&vm->link);
    doorbell = br_link_take_fd(&vm->link);
    rc = br_adopt(&channel, &vm->broker->eventfd_mark, memfd, doorbell, vm->channel_bytes, &wrong);
    if (rc == -EPROTO) {
        br_vm_misuse(vm, wrong);
        return;
    }
    vm->stats.opens++;
    vm->epochs[open->channel] = open->epoch;
    if (rc == 0) {
        rc = br_seat_new(vm, open->channel, open->epoch, &channel);
    }
    if (rc < 0) {
        refuse_channel(vm, open, rc);
    }
    br_vm_watch(vm);
}

static void on_close(struct br_vm *vm, const Vgpu__ChannelClose *close)
{
    struct br_seat *seat;

    if (!admit(vm, VGPU__FRAME__KIND_CHANNEL_CLOSE, close->channel)) {
        return;
    }
    seat = vm->seats[close->channel];
    if (close->epoch != vm->epochs[close->channel]) {
        return;
    }
    if (seat == NULL) {
        br_vm_send_free(vm, close->channel, close->epoch);
        return;
    }
    br_seat_let_go(seat, "the guest closed its channel");
    br_vm_watch(vm);
}

/* ---- the rest --------------------------------------------------------------- */

static void on_reset(struct br_vm *vm, const Vgpu__DeviceReset *reset)
{
    vm->stats.resets++;
    if (br_broker_passes(&vm->lines, vm->who)) {
        vgpu_log(VGPU_LOG_INFO, "device reset %s resets=%u", vm->who, reset->resets);
    }
    br_vm_let_go_all(vm, "the machine was reset");
}

/* Nobody is left who could use the channels, or be told of them. */
static void on_gone(struct br_vm *vm)
{
    for (uint32_t i = 0; i < VGPU_DEVICE_CHANNELS_MAX; i++) {
        if (vm->seats[i] != NULL) {
            br_seat_detach(vm->seats[i], "the device is gone");
        }
    }
    vm->phase = BR_VM_GONE;
    br_vm_limit_phase(vm);
}

static void on_beat(struct br_vm *vm, uint32_t number)
{
    Vgpu__Beat beat = VGPU__BEAT__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    if ((number & VGPU_BEAT_OF_BROKER) != 0 && vm->beat.answers) {
        br_beat_answer(vm, number);
        return;
    }
    beat.number = number;
    frame.kind_case = VGPU__FRAME__KIND_BEAT;
    frame.beat = &beat;
    vm->stats.beats++;
    (void)br_vm_send(vm, &frame, NULL, 0);
}

/* A frame that the phase admits. */
static void dispatch(struct br_vm *vm, const Vgpu__Frame *frame)
{
    if (frame->kind_case == VGPU__FRAME__KIND_DEVICE_HELLO) {
        on_hello(vm, frame->device_hello);
    } else if (frame->kind_case == VGPU__FRAME__KIND_CHANNEL_OPEN) {
        on_open(vm, frame->channel_open);
    } else if (frame->kind_case == VGPU__FRAME__KIND_CHANNEL_CLOSE) {
        on_close(vm, frame->channel_close);
    } else if (frame->kind_case == VGPU__FRAME__KIND_DEVICE_RESET) {
        on_reset(vm, frame->device_reset);
    } else if (frame->kind_case == VGPU__FRAME__KIND_DEVICE_GONE) {
        on_gone(vm);
    } else if (frame->kind_case == VGPU__FRAME__KIND_BEAT) {
        on_beat(vm, frame->beat->number);
    }
}

void br_vm_frame(struct br_vm *vm, const uint8_t *bytes, size_t len)
{
    Vgpu__Frame *frame;

    if (vgpu_frame_unpack(&vm->broker->arena, bytes, len, &frame) < 0) {
        br_vm_misuse(vm, "undecodable frame");
    } else if (br_vm_phase_frame(vm->phase, frame->kind_case) != BR_TAKE) {
        br_vm_misuse(vm, vgpu_frame_name(frame->kind_case));
    } else {
        dispatch(vm, frame);
    }
}
