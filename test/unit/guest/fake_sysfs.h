/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_FAKE_SYSFS_H
#define VGPU_TEST_FAKE_SYSFS_H

/* The files of the fake device. */

#include "test/unit/guest/fake_device.h"

/* Makes what depends on the device's settings; the rest was made by fake_device_new(). */
void fake_sysfs_fill(struct fake_device *device);

void fake_sysfs_remove(struct fake_device *device);

/* Shows the link in the registers. */
void fake_sysfs_link(struct fake_device *device, bool link);

/* Raises INTx: masks it and wakes the readers of the FIFO, unless it is masked. */
bool fake_sysfs_raise(struct fake_device *device);

/* Makes a slice read zeros. */
void fake_sysfs_punch(int fd, uint32_t channel);

#endif
