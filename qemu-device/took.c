/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "took.h"

#include "device.h"

/* A broker that says it more often than once a second must not fill the log. */
#define LINES_US 500000

/* The machine's name, which must not look like anything else in a line. */
static void name_machine(const VgpuDevice *device, char *name, size_t cap)
{
    const char *from = device->vm_name ? device->vm_name : qemu_get_vm_name();

    pstrcpy(name, cap, from && from[0] ? from : "-");
    for (char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == ':') {
            *c = '_';
        }
    }
}

static void log_counts(const VgpuDevice *device, const VgpuTook *took)
{
    char name[VGPU_VM_NAME_MAX + 1];

    name_machine(device, name, sizeof(name));
    if (took->doorbells > 0) {
        info_report("[vgpu] vm_id=%s: CUDA DOORBELL RING count=%" PRIu64, name, took->doorbells);
        info_report("[vgpu] vm_id=%s: PROCESSING CUDA DOORBELL count=%" PRIu64, name,
                    took->doorbells);
    }
    if (took->calls > 0) {
        info_report("[vgpu] vm_id=%s: SENDING CUDA CALL to mediator count=%" PRIu64, name,
                    took->calls);
        info_report("[vgpu] vm_id=%s: CUDA CALL SENT to mediator count=%" PRIu64 " frames=%" PRIu64,
                    name, took->calls, took->frames);
    }
}

void vgpu_took(VgpuDevice *device, const struct vgpu_device_frame *frame)
{
    VgpuTook *took = &device->took;
    int64_t now = g_get_monotonic_time();

    took->doorbells += frame->doorbells;
    took->calls += frame->calls;
    took->frames += frame->frames;
    if (took->logged_us != 0 && now - took->logged_us < LINES_US) {
        return;
    }
    log_counts(device, took);
    *took = (VgpuTook){.logged_us = now};
}
