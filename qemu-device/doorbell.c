/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doorbell.h"

#include "device.h"

bool vgpu_doorbell_new(EventNotifier *bell, Error **errp)
{
    int rc = event_notifier_init(bell, 0);

    if (rc < 0) {
        error_setg_errno(errp, -rc, "vgpu-cuda: cannot make a doorbell");
    }
    return rc >= 0;
}

void vgpu_doorbell_map(VgpuChannel *channel)
{
    if (channel->device->ioeventfd) {
        memory_region_add_eventfd(&channel->device->registers, VGPU_DEVICE_DOORBELL(channel->index),
                                  4, false, 0, &channel->doorbell);
    }
}

void vgpu_doorbell_unmap(VgpuChannel *channel)
{
    if (channel->device->ioeventfd) {
        memory_region_del_eventfd(&channel->device->registers, VGPU_DEVICE_DOORBELL(channel->index),
                                  4, false, 0, &channel->doorbell);
    }
}
