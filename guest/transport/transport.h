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
 *   device   in a virtual machine a PCI device has the memory in one BAR and doorbells and
 *            registers in another, which this process maps through sysfs (device.c)
 *
 * Chosen is the socket when $VGPU_SOCKET names one; else the device when there is one on the
 * PCI bus; else the socket at its default place.  A kernel module's /dev/vgpu0 would come
 * between the first and the second: its channels are isolated from each other, those of
 * the device are not.
 *
 * Nothing above this header knows which one it is: memory is mapped at an offset, bells are rung
 * and interrupts awaited by function.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest/transport/obstacle.h"

struct gs_channel;
struct gs_device_channel;

struct gs_transport {
    const char *name;
    /* See gs_channel_open. */
    int (*open)(struct gs_channel *channel, const char *where, struct gs_obstacle *obstacle);
    void (*close)(struct gs_channel *channel);
    int (*ring)(struct gs_channel *channel);
    int (*wait)(struct gs_channel *channel, int64_t timeout_ns);
};

/* Parts of a channel in this process: rings and window, and what the program has registered, each
 * piece in up to three parts. */
#define GS_MAPS_MAX (4u + 3u * 1024u)

/* A part; NULL: none. */
struct gs_mapping {
    void *memory;
    uint64_t bytes;
    bool foreign; /* where the program may unmap it, and map what it likes */
};

struct gs_channel {
    const struct gs_transport *transport; /* NULL: closed */
    int memory_fd;                        /* to map, shared: header, rings, fences */
    int data_fd;                          /* what is behind them; may be the same descriptor */
    uint64_t memory_offset;               /* where the channel starts in both */
    uint64_t bytes;
    uint64_t session; /* the host's name for it, for logs */
    int doorbell_fd;
    int interrupt_fd;
    int end_fd; /* readable or hung up when the host has ended the channel */
    /* The host's processes have CPUs of their own: this system's number of them says nothing. */
    bool apart;
    /* There are no interrupts: the host need not be told that a thread sleeps, and the thread must
     * look by itself after each short gs_channel_wait(). */
    bool polls;
    /* A word in the channel's memory that reads `holder_id` as long as that memory is there; NULL:
     * it cannot go away. */
    _Atomic uint32_t *holder;
    uint32_t holder_id;
    struct gs_device_channel *device; /* device.c's own */
    pthread_mutex_t maps_lock;
    struct gs_mapping *maps; /* owned, grows to GS_MAPS_MAX */
    unsigned int maps_room;
    atomic_bool retired;
};

extern const struct gs_transport gs_transport_socket;
extern const struct gs_transport gs_transport_device;

/* The default place of the broker's socket; $VGPU_SOCKET overrides it. */
#define GS_SOCKET_PATH "/run/vgpu/broker.sock"

/* The socket that gs_channel_open(.., NULL, ..) would take: $VGPU_SOCKET or GS_SOCKET_PATH. */
const char *gs_socket_path(void);

/* The way that gs_channel_open(.., NULL, ..) would take now.  Any thread. */
const struct gs_transport *gs_transport_choose(void);

/*
 * Opens a channel: by the socket at `where`, or with NULL by gs_transport_choose().  Blocks until
 * the host grants or refuses.  0; -EACCES with REFUSED and the host's CUresult; another -errno;
 * each with the obstacle.  The channel is untouched on failure and owned by the caller otherwise.
 */
int gs_channel_open(struct gs_channel *channel, const char *where, struct gs_obstacle *obstacle);

/* Gives everything of an open channel back; mappings stay.  Closed channels are accepted.  Also for
 * the child of a fork: the parent's channel is not touched. */
void gs_channel_close(struct gs_channel *channel);

/* Wakes the host's side.  0 or -errno.  Any thread, async-signal-safe. */
int gs_channel_ring(struct gs_channel *channel);

/* Sleeps until the interrupt (taken back then): 1; until `timeout_ns` (-1: for ever): 0;
 * -ECONNRESET when the host has ended the channel.  One thread at a time. */
int gs_channel_wait(struct gs_channel *channel, int64_t timeout_ns);

/* Whether the channel's memory is still behind its mappings; a cheap look, for who writes without
 * ever waiting.  Any thread. */
static inline bool gs_channel_is_there(const struct gs_channel *channel)
{
    return channel->holder == NULL ||
           atomic_load_explicit(channel->holder, memory_order_relaxed) == channel->holder_id;
}

/*
 * Maps `bytes` of the channel's memory from `offset` on, shared, readable and writable, not
 * inherited by children.  `at` is NULL or the address, over whatever is mapped there.  NULL on
 * failure, and then nothing is accessible at `at`; also when GS_MAPS_MAX parts are mapped, or the
 * channel is retired.  Any thread.  gs_channel_unmap() accepts NULL.
 */
void *gs_channel_map(struct gs_channel *channel, void *at, uint64_t offset, uint64_t bytes);
void gs_channel_unmap(struct gs_channel *channel, void *memory);

/* The same anywhere, and a child of fork has it too: what asks for this gives the child a copy. */
void *gs_channel_map_inherited(struct gs_channel *channel, uint64_t offset, uint64_t bytes);

/* Between the two no other thread maps, unmaps or retires parts.  Any thread. */
void gs_channel_freeze(struct gs_channel *channel);
void gs_channel_thaw(struct gs_channel *channel);

/* Says, frozen, that a mapped part has been moved to `to`, into the program's own memory; NULL:
 * that something else was mapped in its place. */
void gs_channel_rename(struct gs_channel *channel, const void *memory, void *to);

/*
 * Puts ordinary memory, all zeros, in the place of a channel's memory that is not there any more:
 * a processor may not be able to carry out what the program does to nothing.  What the program has
 * mapped where a part was moved to is left alone.  Once; any thread, while others use the memory.
 */
void gs_channel_retire(struct gs_channel *channel);

#endif
