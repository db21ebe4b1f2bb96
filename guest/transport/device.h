/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_DEVICE_H
#define GS_DEVICE_H

/* The device of this machine, for who wants more than a channel of it (vgpu-info). */

#include "guest/transport/bars.h"
#include "guest/transport/transport.h"

/* Whether there is a vgpu-cuda device on the PCI bus. */
bool gs_device_is_present(void);

/* Opens the device for this process, if that has not been done.  0 with *bars borrowed, valid until
 * the device is gone and a channel is asked for again; -errno.  Any thread. */
int gs_device_attach(const struct gs_bars **bars, struct gs_obstacle *obstacle);

/* The number of a channel that came by gs_transport_device. */
uint32_t gs_device_channel(const struct gs_channel *channel);

#endif
