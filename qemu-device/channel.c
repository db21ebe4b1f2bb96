/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include "device.h"
#include "doorbell.h"
#include "interrupt.h"
#include "link.h"

/* CUresults of this file; QEMU has no cuda.h. */
#define RESULT_SYSTEM_NOT_READY 802u
#define RESULT_LAUNCH_FAILED    719u

static uint64_t slice_offset(const VgpuChannel *channel)
{
    return channel->index * channel->device->channel_bytes;
}

bool vgpu_channel_realize(VgpuChannel *channel, VgpuDevice *device, uint32_t index, Error **errp)
{
    channel->device = device;
    channel->index = index;
    channel->interrupt_fd = -1;
    if (!vgpu_doorbell_new(&channel->doorbell, errp)) {
        return false;
    }
    channel->slice = vgpu_slice_new(device->channel_bytes, errp);
    if (!channel->slice) {
        event_notifier_cleanup(&channel->doorbell);
        return false;
    }
    vgpu_doorbell_map(channel);
    vgpu_slice_map(channel->slice, &device->window, slice_offset(channel));
    return true;
}

void vgpu_channel_unrealize(VgpuChannel *channel)
{
    if (!channel->slice) {
        return;
    }
    vgpu_interrupt_detach(channel);
    vgpu_doorbell_unmap(channel);
    event_notifier_cleanup(&channel->doorbell);
    vgpu_slice_unmap(channel->slice, &channel->device->window);
    object_unref(OBJECT(channel->slice));
    channel->slice = NULL;
}

/*
 * Another memfd and another eventfd take the place of the channel's: who still has the
 * old ones, a worker that has not ended or a broker that has not noticed, has nothing
 * of what the channel is used for next.
 */
static bool renew(VgpuChannel *channel)
{
    MemoryRegion *window = &channel->device->window;
    EventNotifier bell;
    VgpuSlice *slice;
    Error *err = NULL;

    if (!vgpu_doorbell_new(&bell, &err)) {
        vgpu_link_complain(channel->device, error_get_pretty(err));
        error_free(err);
        return false;
    }
    slice = vgpu_slice_new(channel->device->channel_bytes, &err);
    if (!slice) {
        vgpu_link_complain(channel->device, error_get_pretty(err));
        error_free(err);
        event_notifier_cleanup(&bell);
        return false;
    }
    memory_region_transaction_begin();
    vgpu_doorbell_unmap(channel);
    vgpu_slice_unmap(channel->slice, window);
    event_notifier_cleanup(&channel->doorbell);
    object_unref(OBJECT(channel->slice));
    channel->doorbell = bell;
    channel->slice = slice;
    vgpu_doorbell_map(channel);
    vgpu_slice_map(slice, window, slice_offset(channel));
    memory_region_transaction_commit();
    return true;
}

static void set_free(VgpuChannel *channel)
{
    vgpu_interrupt_detach(channel);
    channel->result = 0;
    channel->state = VGPU_CHANNEL_FREE;
}

static void set_refused(VgpuChannel *channel, int32_t result)
{
    channel->result = result > 0 ? (uint32_t)result : RESULT_SYSTEM_NOT_READY;
    channel->state = VGPU_CHANNEL_REFUSED;
}

/* A channel whose memory cannot be replaced stays LOST; another CLOSE tries again. */
static void set_free_renewed(VgpuChannel *channel)
{
    if (renew(channel)) {
        set_free(channel);
    } else {
        channel->state = VGPU_CHANNEL_LOST;
    }
}

static void open_channel(VgpuChannel *channel)
{
    if (channel->state != VGPU_CHANNEL_FREE) {
        return;
    }
    if (!vgpu_link_is_up(channel->device)) {
        set_refused(channel, RESULT_SYSTEM_NOT_READY);
        return;
    }
    channel->epoch++;
    channel->state = VGPU_CHANNEL_OPENING;
    vgpu_link_send_open(channel);
}

static void close_channel(VgpuChannel *channel)
{
    switch (channel->state) {
    case VGPU_CHANNEL_OPENING:
    case VGPU_CHANNEL_READY:
        vgpu_interrupt_detach(channel);
        channel->state = VGPU_CHANNEL_CLOSING;
        vgpu_link_send_close(channel);
        break;
    case VGPU_CHANNEL_REFUSED:
        set_free(channel);
        break;
    case VGPU_CHANNEL_LOST:
        set_free_renewed(channel);
        break;
    default:
        break;
    }
}

void vgpu_channel_control(VgpuChannel *channel, uint32_t command)
{
    if (command == VGPU_CONTROL_OPEN) {
        open_channel(channel);
    } else if (command == VGPU_CONTROL_CLOSE) {
        close_channel(channel);
    }
}

void vgpu_channel_ring(VgpuChannel *channel)
{
    event_notifier_set(&channel->doorbell);
}

/* The broker hears of it by one DeviceReset for all channels. */
void vgpu_channel_reset(VgpuChannel *channel)
{
    switch (channel->state) {
    case VGPU_CHANNEL_OPENING:
    case VGPU_CHANNEL_READY:
        vgpu_interrupt_detach(channel);
        channel->state = VGPU_CHANNEL_CLOSING;
        break;
    case VGPU_CHANNEL_REFUSED:
        set_free(channel);
        break;
    case VGPU_CHANNEL_LOST:
        set_free_renewed(channel);
        break;
    default:
        break;
    }
}

static bool is_in_use(const VgpuChannel *channel)
{
    return channel->state == VGPU_CHANNEL_OPENING || channel->state == VGPU_CHANNEL_READY ||
           channel->state == VGPU_CHANNEL_CLOSING;
}

void vgpu_channel_answer(VgpuChannel *channel, const struct vgpu_device_frame *frame, int fd)
{
    bool opening = channel->state == VGPU_CHANNEL_OPENING;

    if (frame->epoch == channel->epoch) {
        if (frame->kind == VGPU_DEVICE_FRAME_READY && opening) {
            vgpu_interrupt_attach(channel, fd);
            channel->state = VGPU_CHANNEL_READY;
            return;
        }
        if (frame->kind == VGPU_DEVICE_FRAME_REFUSED && opening) {
            set_refused(channel, frame->result);
        } else if (frame->kind == VGPU_DEVICE_FRAME_FREE && is_in_use(channel)) {
            set_free(channel);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* What was CLOSING has no holder in the guest who could close it again. */
void vgpu_channel_lose(VgpuChannel *channel)
{
    if (channel->state == VGPU_CHANNEL_CLOSING) {
        set_free_renewed(channel);
    } else if (is_in_use(channel)) {
        vgpu_slice_fail(channel->slice, RESULT_LAUNCH_FAILED);
        vgpu_interrupt_detach(channel);
        channel->state = VGPU_CHANNEL_LOST;
    }
}

void vgpu_channel_wake_lost(VgpuChannel *channel)
{
    if (channel->state == VGPU_CHANNEL_LOST) {
        vgpu_interrupt_raise(channel);
    }
}
