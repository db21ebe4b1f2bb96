/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_TRANSPORT_H
#define GS_TRANSPORT_H

/*
 * The way to a channel.  A channel is one memory (proto/channel.h) with a doorbell
 * to the host, an interrupt from it, and a sign of the host's end.  What provides
 * them is a transport:
 *
 *   socket   a process on the host or in a container connects to the broker and is
 *            sent memfd, doorbell and interrupt (socket.c)
 *   device   in a virtual machine a PCI device has the memory in a BAR and the rest in
 *            registers; its transport will be a second struct gs_transport
 *
 * Nothing above this header knows which one it is: memory is mapped from a
 * descriptor at an offset, bells are rung and interrupts awaited by function.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct gs_channel;

struct gs_transport {
    const char *name;
    /* See gs_channel_open. */
    int (*open)(struct gs_channel *channel, const char *where, int32_t *refused);
    void (*close)(struct gs_channel *channel);
    int (*ring)(struct gs_channel *channel);
    int (*wait)(struct gs_channel *channel, int64_t timeout_ns);
};

struct gs_channel {
    const struct gs_transport *transport; /* NULL: closed */
    int memory_fd;                        /* to map, shared */
    uint64_t memory_offset;               /* where the channel starts in it */
    uint64_t bytes;
    uint64_t session; /* the host's name for it, for logs */
    int doorbell_fd;
    int interrupt_fd;
    int end_fd; /* readable or hung up when the host has ended the channel */
};

extern const struct gs_transport gs_transport_socket;

/* The default place of the broker's socket; $VGPU_SOCKET overrides it. */
#define GS_SOCKET_PATH "/run/vgpu/broker.sock"

/*
 * Opens a channel at `where` (NULL: $VGPU_SOCKET or GS_SOCKET_PATH).  Blocks until the host
 * grants or refuses.  0; -EACCES with the host's CUresult in *refused; -EPROTO when the grant
 * cannot be trusted (version, size, seals of the memory); another -errno when the host cannot be
 * reached.  The channel is untouched on failure and owned by the caller otherwise.
 */
int gs_channel_open(struct gs_channel *channel, const char *where, int32_t *refused);

/* Gives everything of an open channel back; mappings stay.  Closed channels are accepted.  Also for
 * the child of a fork: the parent's channel is not touched. */
void gs_channel_close(struct gs_channel *channel);

/* Wakes the host's side.  0 or -errno.  Any thread, async-signal-safe. */
int gs_channel_ring(struct gs_channel *channel);

/* Sleeps until the interrupt (taken back then): 1; until `timeout_ns` (-1: for ever): 0;
 * -ECONNRESET when the host has ended the channel.  One thread at a time. */
int gs_channel_wait(struct gs_channel *channel, int64_t timeout_ns);

/*
 * Maps `bytes` of the channel's memory from `offset` on, shared, readable and writable, not
 * inherited by children.  `at` is NULL or the address, over whatever is mapped there.  NULL on
 * failure.  Released with munmap().
 */
void *gs_channel_map(const struct gs_channel *channel, void *at, uint64_t offset, uint64_t bytes);

#endif
