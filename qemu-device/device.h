/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_DEVICE_H
#define VGPU_QEMU_DEVICE_H

/* The PCI device vgpu-cuda (docs/specs/device.md).  Everything runs under QEMU's global lock. */

#include "compat.h"
#include "channel.h"
#include "link.h"
#include "took.h"
#include "proto/device.h"

#define TYPE_VGPU_DEVICE "vgpu-cuda"
#define VGPU_DEVICE(obj) OBJECT_CHECK(VgpuDevice, (obj), TYPE_VGPU_DEVICE)

/* Longest vm-name: it shares a frame with the rest of the hello. */
#define VGPU_VM_NAME_MAX 128

struct VgpuDevice {
    PCIDevice parent_obj;

    /* properties */
    VgpuChr chr;
    uint32_t channels;
    uint64_t channel_bytes;
    char *vm_name;
    bool ioeventfd;
    uint16_t vendor_id;
    uint16_t device_id;

    MemoryRegion registers; /* BAR0 */
    MemoryRegion window;    /* BAR1: the slices */
    int null_fd;            /* /dev/null, where interrupts' bytes go */
    VgpuLink link;
    VgpuTook took;
    VgpuChannel channel[VGPU_DEVICE_CHANNELS_MAX];

    uint32_t generation;
    uint32_t resets;
    uint32_t scratch;
    uint32_t irq_status;
    uint32_t irq_enable;
};

/* Makes the types known to QOM. */
void vgpu_register_types(void);

#endif
