/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_DOORBELL_H
#define VGPU_QEMU_DOORBELL_H

/*
 * The doorbell of a channel: a non-blocking eventfd that the broker gets, rung by a
 * 4-byte write to the start of the channel's page of BAR0.  With "ioeventfd" the
 * accelerator rings it without QEMU's main code.
 */

#include "channel.h"

/* Makes an eventfd.  False with `errp` set. */
bool vgpu_doorbell_new(EventNotifier *bell, Error **errp);

/* Binds the channel's bell to its page, and loosens it again. */
void vgpu_doorbell_map(VgpuChannel *channel);
void vgpu_doorbell_unmap(VgpuChannel *channel);

#endif
