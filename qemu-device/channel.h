/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_CHANNEL_H
#define VGPU_QEMU_CHANNEL_H

/*
 * A channel of the device: its state machine (docs/specs/device.md, "Channels").
 *
 *          OPEN            Ready            CLOSE, reset          Free
 *   FREE ────────► OPENING ──────► READY ─────────────► CLOSING ───────► FREE
 *     │               │ Refused       │
 *     │ no link       ▼               │ the link ends, also from OPENING
 *     └──────────► REFUSED            └────► LOST ── CLOSE, reset: new memory ──► FREE
 *
 * All functions run under QEMU's global lock.
 */

#include "compat.h"
#include "proto/device.h"
#include "proto/device_frame.h"
#include "slice.h"

typedef struct VgpuDevice VgpuDevice;

typedef struct VgpuChannel {
    VgpuDevice *device;
    uint32_t index;
    uint32_t state; /* enum vgpu_channel_phase */
    uint32_t result;
    uint32_t epoch;
    VgpuSlice *slice;
    EventNotifier doorbell;
    int interrupt_fd; /* the broker's pipe while READY, else -1 */
} VgpuChannel;

/* Makes the channel's memory and doorbell and shows them in the BARs. */
bool vgpu_channel_realize(VgpuChannel *channel, VgpuDevice *device, uint32_t index, Error **errp);
/* Takes all of it down; does nothing for a channel that was not realized. */
void vgpu_channel_unrealize(VgpuChannel *channel);

/* A write of CONTROL. */
void vgpu_channel_control(VgpuChannel *channel, uint32_t command);
/* A write of the doorbell that no ioeventfd took. */
void vgpu_channel_ring(VgpuChannel *channel);
/* A device reset.  */
void vgpu_channel_reset(VgpuChannel *channel);

/* An answer of the broker that names this channel.  Takes `fd` (the interrupt of ChannelReady),
 * -1 for none. */
void vgpu_channel_answer(VgpuChannel *channel, const struct vgpu_device_frame *frame, int fd);
/* The link has ended.  Call it for every channel, then vgpu_channel_wake_lost(). */
void vgpu_channel_lose(VgpuChannel *channel);
/* Interrupts the guest if the channel is LOST: whoever waits for it shall look. */
void vgpu_channel_wake_lost(VgpuChannel *channel);

#endif
