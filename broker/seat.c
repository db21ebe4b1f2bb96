/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/seat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "common/fd.h"

static struct br_seat *seat_of(struct br_holder *holder)
{
    return (struct br_seat *)((char *)holder - offsetof(struct br_seat, holder));
}

static struct br_seat *seat_of_wash(struct br_wash *wash)
{
    return (struct br_seat *)((char *)wash - offsetof(struct br_seat, wash));
}

/* ---- as a holder ------------------------------------------------------------ */

static int grant(struct br_holder *holder)
{
    const struct br_seat *seat = seat_of(holder);
    struct br_channel *channel = &holder->session->channel;
    Vgpu__ChannelReady ready = VGPU__CHANNEL_READY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    int rc;

    ready.channel = seat->channel;
    ready.epoch = seat->epoch;
    ready.session = holder->session->id;
    frame.kind_case = VGPU__FRAME__KIND_CHANNEL_READY;
    frame.channel_ready = &ready;
    rc = br_vm_send(seat->vm, &frame, &channel->interrupt_guest, 1);
    vgpu_fd_close(&channel->interrupt_guest);
    return rc;
}

/* A guest in a machine lets go by itself: the broker cannot take its memory away. */
static void dismiss(struct br_holder *holder)
{
    (void)holder;
}

static void discard(struct br_seat *seat)
{
    seat->owner->seat_count--;
    free(seat);
}

static void finish(struct br_seat *seat)
{
    struct br_vm *vm = seat->vm;

    if (vm != NULL) {
        vm->seats[seat->channel] = NULL;
        br_vm_send_free(vm, seat->channel, seat->epoch);
        br_vm_watch(vm);
    }
    discard(seat);
}

static void on_washed(struct br_wash *wash, int rc)
{
    struct br_seat *seat = seat_of_wash(wash);

    seat->washing = false;
    if (rc < 0) {
        /* Never told that it is free: the device takes other memory after the connection's end. */
        vgpu_log(VGPU_LOG_ERROR, "memory cannot be emptied %s error=%d", seat->holder.who, -rc);
        br_vm_end(seat->vm, "its memory cannot be emptied");
        return;
    }
    finish(seat);
}

static void release(struct br_holder *holder, struct br_channel *channel)
{
    struct br_seat *seat = seat_of(holder);

    if (seat->vm == NULL) {
        discard(seat);
        return;
    }
    seat->wash.memfd = channel->memfd;
    seat->wash.bytes = channel->bytes;
    seat->wash.on_done = on_washed;
    seat->washing = true;
    channel->memfd = -1;
    br_wash_start(seat->vm->broker, &seat->wash);
}

static const struct br_holder_ops ops = {.grant = grant, .dismiss = dismiss, .release = release};

/* ---- life ------------------------------------------------------------------- */

static struct br_seat *make(struct br_vm *vm, uint32_t channel, uint32_t epoch)
{
    struct br_seat *seat = calloc(1, sizeof(*seat));

    if (seat == NULL) {
        return NULL;
    }
    seat->vm = vm;
    seat->owner = vm;
    vm->seat_count++;
    seat->channel = channel;
    seat->epoch = epoch;
    seat->holder.ops = &ops;
    seat->holder.share = &vm->share;
    seat->holder.warnings = &vm->warnings;
    seat->holder.lines = &vm->lines;
    seat->holder.tenant = vm->tenant;
    (void)snprintf(seat->holder.who, sizeof(seat->holder.who), "%s channel=%u epoch=%u", vm->who,
                   channel, epoch);
    return seat;
}

int br_seat_new(struct br_vm *vm, uint32_t channel, uint32_t epoch, struct br_channel *memory)
{
    int rc = br_share_admits(&vm->share);
    struct br_seat *seat = rc == 0 ? make(vm, channel, epoch) : NULL;

    if (seat == NULL) {
        br_channel_fini(memory);
        return rc < 0 ? rc : -ENOMEM;
    }
    rc = br_session_new(vm->broker, &seat->holder, memory);
    if (rc < 0) {
        discard(seat);
        return rc;
    }
    vm->seats[channel] = seat;
    return 0;
}

void br_seat_let_go(struct br_seat *seat, const char *why)
{
    if (seat->holder.holds) {
        br_session_let_go(seat->holder.session, why);
    }
}

void br_seat_detach(struct br_seat *seat, const char *why)
{
    struct br_vm *vm = seat->vm;

    vm->seats[seat->channel] = NULL;
    seat->vm = NULL;
    if (seat->washing) {
        br_wash_cancel(vm->broker, &seat->wash);
    }
    if (seat->holder.session == NULL) {
        discard(seat);
        return;
    }
    br_seat_let_go(seat, why);
}

enum br_seat_phase br_seat_phase(const struct br_seat *seat)
{
    if (seat == NULL) {
        return BR_SEAT_FREE;
    }
    return seat->holder.holds ? BR_SEAT_HELD : BR_SEAT_CLOSING;
}

bool br_seat_holder_died(const struct br_seat *seat)
{
    const struct vgpu_channel_state *state;

    if (!seat->holder.holds) {
        return false;
    }
    state = vgpu_channel_state(seat->holder.session->channel.base);
    return (atomic_load(&state->holder.tid) & VGPU_HOLDER_DIED) != 0;
}
