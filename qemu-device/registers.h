/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_REGISTERS_H
#define VGPU_QEMU_REGISTERS_H

/* BAR0: the registers of docs/specs/device.md and the pages of the doorbells. */

#include "device.h"

/* Makes the region device->registers. */
void vgpu_registers_init(VgpuDevice *device);

#endif
