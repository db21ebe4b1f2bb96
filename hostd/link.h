/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_LINK_H
#define HD_LINK_H

/*
 * One connection that carries frames, driven by the event loop: a tool's, a supervisor's
 * or the broker's.  It never blocks; what a peer does not read is kept up to a bound, and
 * at the bound the connection ends.
 *
 * A connection ends in one place only: on_end() is called from the loop, never from
 * within hd_link_send().
 */

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#include "proto/frame_socket.h"

/* Bytes that wait for a peer to read: all rows of one answer, twice. */
#define HD_LINK_QUEUE_MAX 1048576u

struct hd_packet;

struct hd_link {
    struct vgpu_frame_socket socket;
    sd_event_source *io;
    sd_event_source *again; /* frames that are here already are looked at */
    struct hd_packet *first;
    struct hd_packet *last;
    size_t queued;
    bool paused;
    bool broken; /* the next turn ends it */
    bool over;   /* on_end() was called */
    /* Takes one frame, borrowed for the call; descriptors by vgpu_frame_socket_take_fd(). Negative:
     * the peer is broken, the connection ends. */
    int (*on_frame)(struct hd_link *link, const Vgpu__Frame *frame);
    /* The connection is over: 0 by the peer, or -errno.  The owner calls hd_link_fini(). */
    void (*on_end)(struct hd_link *link, int rc);
};

/* Takes `fd`, which does not block.  on_frame and on_end are set.  0 or -errno, and fd is closed.
 */
int hd_link_init(struct hd_link *link, sd_event *event, int fd);

/* Sends a frame, or keeps it until the peer reads; `fd` (or -1) is borrowed.  What cannot be kept
 * ends the connection. */
void hd_link_send(struct hd_link *link, const Vgpu__Frame *frame, int fd);

/* While it is paused no frame is taken. */
void hd_link_pause(struct hd_link *link, bool on);

/* Closes everything; the struct may be used again. */
void hd_link_fini(struct hd_link *link);

#endif
