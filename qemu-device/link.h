/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VGPU_QEMU_LINK_H
#define VGPU_QEMU_LINK_H

/*
 * The connection to the broker (docs/specs/device.md, "The connection to the broker").
 *
 *   DOWN ── the chardev opens: DeviceHello ──► GREETED ── DeviceWelcome ──► UP
 *     ▲                                          │ Refuse                  │
 *     └── the chardev closes, or the broker breaks a rule ─────────────────┘
 *
 * All functions run under QEMU's global lock.  A function that sends may find the
 * connection gone, and then every channel has been lost when it returns: callers
 * change their own state before they send, not after.
 */

#include "compat.h"
#include "proto/device.h"
#include "proto/device_frame.h"
#include "proto/limits.h"

typedef struct VgpuDevice VgpuDevice;
typedef struct VgpuChannel VgpuChannel;

typedef enum { VGPU_LINK_DOWN, VGPU_LINK_GREETED, VGPU_LINK_UP } VgpuLinkState;

typedef struct VgpuLink {
    VgpuLinkState state;
    bool refused;                            /* until it is welcomed */
    uint32_t protocol;                       /* the broker's, 0 without link */
    uint8_t version[VGPU_VERSION_TEXT_SIZE]; /* the broker's, as the registers show it */
    uint32_t beats;                          /* answers since reset */
    uint32_t beat_number;                    /* of the last one asked for */
    bool beat_asked;                         /* no answer yet */
    bool beat_counts;                        /* it was asked for since the last reset */
    uint8_t buffer[VGPU_DEVICE_FRAME_PREFIX_BYTES + VGPU_DEVICE_FRAME_BYTES_MAX];
    uint32_t used;               /* bytes of a frame that is not whole yet */
    int fds[VGPU_FRAME_FDS_MAX]; /* received, not yet taken by a frame */
    uint32_t fd_count;
    char said[160]; /* the last complaint, not to be said again */
} VgpuLink;

/* Listens to the chardev; says hello at once if it is open. */
void vgpu_link_start(VgpuDevice *device);
/* Says goodbye and closes the connection: the chardev itself would live on. */
void vgpu_link_stop(VgpuDevice *device);

/* Whether the broker has welcomed the device, and the connection holds. */
bool vgpu_link_is_up(const VgpuDevice *device);
/* The register STATUS. */
uint32_t vgpu_link_status(const VgpuDevice *device);

/* Tells the broker that a channel opens, with its memory and its doorbell, or that it closes. */
void vgpu_link_send_open(VgpuChannel *channel);
void vgpu_link_send_close(VgpuChannel *channel);
/* Asks for a sign of life unless one is asked for or the link is not up. */
void vgpu_link_send_beat(VgpuDevice *device);
/* After the channels were reset: tells the broker. */
void vgpu_link_reset(VgpuDevice *device);

/* One warning in QEMU's log; the same one is not repeated until the broker has welcomed again. */
void vgpu_link_complain(VgpuDevice *device, const char *what);

#endif
