/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_BROKER_FAKE_VM_H
#define TEST_BROKER_FAKE_VM_H

/* The device of a virtual machine by hand, and guests in the memory that it hands over. */

#include "fake.h"

#define FAKE_CHANNEL_BYTES VGPU_CHANNEL_BYTES_MIN
#define FAKE_CHANNELS      4u

/* A machine's connection without a word said. */
void fake_device_connect(struct br_vm *vm, struct fake_peer *device);

/* Connects and says DeviceHello; the broker has welcomed it. */
void fake_device_open(struct fake *fake, struct br_vm *vm, struct fake_peer *device);

/* Frames of a device. */
void fake_device_hello(struct fake_peer *device, const Vgpu__DeviceHello *hello);
void fake_device_ask(struct fake_peer *device, uint32_t channel, uint32_t epoch, const int *fds,
                     unsigned int fd_count); /* ChannelOpen */
void fake_device_close_channel(struct fake_peer *device, uint32_t channel, uint32_t epoch);
void fake_device_reset(struct fake_peer *device, uint32_t resets);
void fake_device_gone(struct fake_peer *device);
void fake_device_beat(struct fake_peer *device, uint32_t number);

/* A good hello. */
void fake_hello_init(Vgpu__DeviceHello *hello);

/* Memory as a device makes it; owned. */
int fake_memory(void);

/* A channel that the broker has granted: the guest has it mapped.  Its memory and bells are the
 * guest's (fake_guest_close() frees them). */
void fake_vm_guest_open(struct fake *fake, struct fake_peer *device, uint32_t channel,
                        uint32_t epoch, struct fake_guest *guest);

/* The next frame must be a ChannelFree of this use. */
void fake_expect_free(struct fake_peer *device, uint32_t channel, uint32_t epoch);

#endif
