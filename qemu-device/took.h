/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_TOOK_H
#define VGPU_QEMU_TOOK_H

/*
 * What the broker has taken of this machine, as lines of QEMU's log.  No call passes through the
 * device and KVM rings the doorbells by itself, so the device knows of traffic only what the broker
 * says: once a second while the machine is active, nothing else (docs/specs/device.md).
 */

#include <stdint.h>

#include "proto/device_frame.h"

typedef struct VgpuDevice VgpuDevice;

typedef struct VgpuTook {
    int64_t logged_us; /* when lines were written last, by GLib's clock; 0: never */
    uint64_t doorbells;
    uint64_t calls;
    uint64_t frames;
} VgpuTook;

/* Logs the counts of a Took frame; what comes too soon is added to the next. */
void vgpu_took(VgpuDevice *device, const struct vgpu_device_frame *frame);

#endif
