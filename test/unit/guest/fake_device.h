/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_FAKE_DEVICE_H
#define VGPU_TEST_FAKE_DEVICE_H

/*
 * The device vgpu-cuda (docs/specs/device.md) as files in a folder that $VGPU_SYSFS
 * names: BARs are ordinary files, and a thread or a process looks at the registers all the
 * time, does what the device would do and shows what it would show.
 *
 *   ROOT/devices/0000:00:05.0/   vendor device enable resource resource0 resource1 ...
 *   ROOT/dev/uio0                a FIFO in place of the node of uio_pci_generic
 *
 * Bit 31 of IRQ_STATUS and BEAT is this device's own: a register that has it was not written to.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/channel.h"
#include "proto/device.h"

#define FAKE_DEVICE_CHANNELS 4
#define FAKE_DEVICE_ADDRESS  "0000:00:05.0"

struct fake_broker;

/* In memory that is shared with children. */
struct fake_device {
    /* Set before the start. */
    uint32_t channels;
    bool with_uio;
    bool without_combining;     /* no resource1_wc */
    struct fake_broker *broker; /* serves the channels; NULL: nobody does */

    /* Set at any time. */
    _Atomic bool link;
    _Atomic bool turned_away; /* the broker has refused the device */
    _Atomic int32_t refuse;   /* RESULT of each OPEN, when not 0 */
    _Atomic bool silent;      /* OPEN is not answered */
    _Atomic bool keeps;       /* what is CLOSING stays so */
    _Atomic bool watches;     /* frees channels whose holder has died */
    _Atomic bool stop;

    /* What was seen. */
    _Atomic uint32_t opens;
    _Atomic uint32_t closes; /* of channels in use */
    _Atomic uint32_t rings;
    _Atomic uint32_t raised; /* INTx */
    _Atomic uint32_t turns;

    char root[64];
    char folder[128];
    uint8_t *registers;
    uint8_t *slices;
    uint8_t *config;
    int memory_fd; /* of the slices */
    int node_fd;   /* of the FIFO */
    bool linked;
    uint32_t beats;
    uint32_t irq_status;
    uint32_t irq_fresh;                /* not shown yet */
    int serving[FAKE_DEVICE_CHANNELS]; /* the broker's channel, -1: none */
    unsigned long thread;
    pid_t process;
};

/* Makes the files and sets $VGPU_SYSFS; unsets $VGPU_SOCKET.  The link is up. */
struct fake_device *fake_device_new(void);

/* Runs it in a thread, or in a child process for tests that fork. */
void fake_device_start(struct fake_device *device);
void fake_device_start_process(struct fake_device *device);

/* Takes the link up or down, and waits until the registers show it. */
void fake_device_link(struct fake_device *device, bool up);

/* Stops it; the registers stay as they are. */
void fake_device_halt(struct fake_device *device);

/* Stops it and removes its files. */
void fake_device_free(struct fake_device *device);

/* Removes the files of a device that this process made and did not free. */
void fake_device_sweep(void);

/* What an unplugged device leaves: every byte that guests look at reads `byte`. */
void fake_device_unplug(struct fake_device *device, int byte);

_Atomic uint32_t *fake_device_register(struct fake_device *device, uint32_t offset);
uint32_t fake_device_state(struct fake_device *device, uint32_t channel);
struct vgpu_channel_state *fake_device_channel(struct fake_device *device, uint32_t channel);

/* Waits until the channel is in this state; the test's time limit bounds it. */
void fake_device_await(struct fake_device *device, uint32_t channel, uint32_t state);

/* The channel's interrupt. */
void fake_device_interrupt(struct fake_device *device, uint32_t channel);

/* Replaces the content of one of the device's text files. */
void fake_device_write(struct fake_device *device, const char *file, const char *text);

#endif
