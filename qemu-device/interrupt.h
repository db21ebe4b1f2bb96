/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_INTERRUPT_H
#define VGPU_QEMU_INTERRUPT_H

/*
 * Interrupts: from the broker's pipe of a READY channel to MSI-X vector n, or to INTx
 * by IRQ_STATUS and IRQ_ENABLE.  All functions run under QEMU's global lock.
 */

#include "channel.h"

/* Whether `fd` can be an interrupt. */
bool vgpu_interrupt_is_pipe(int fd);
/* Takes `fd`, the reading end of the broker's pipe. */
void vgpu_interrupt_attach(VgpuChannel *channel, int fd);
/* Closes the pipe, if there is one. */
void vgpu_interrupt_detach(VgpuChannel *channel);

/* Sets the channel's bit of IRQ_STATUS and interrupts the guest. */
void vgpu_interrupt_raise(VgpuChannel *channel);
/* Brings INTx into line with IRQ_STATUS, IRQ_ENABLE and MSI-X. */
void vgpu_interrupt_update(VgpuDevice *device);

#endif
