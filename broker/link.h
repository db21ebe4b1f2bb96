/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_LINK_H
#define BR_LINK_H

/*
 * Frames with descriptors over a connected AF_UNIX stream, on the loop.  Own
 * recvmsg and sendmsg over uv_poll_t, because libuv's pipes cannot carry memfds.
 *
 * A peer's frames are taken BR_LINK_FRAMES_MAX in a turn of the loop at most; a link that has
 * more is held until the next, so that nobody holds up the others with many small frames.
 *
 * Idle, a link owns no buffer: whole frames are taken from the broker's receive
 * buffer, only the start of an incomplete one is kept.  Sending writes at once;
 * what the socket does not take waits in a bounded buffer.
 *
 * Callbacks run on the loop's thread, from the loop or from br_link_resume().
 * They may close the link; its memory must stay until the turn is over.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "proto/limits.h"

/* Receives one frame of any size and the start of the next. */
#define BR_LINK_RX_BYTES (VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX)

/* Frames that one link delivers in a turn. */
#define BR_LINK_FRAMES_MAX 64u

struct br_link;
TAILQ_HEAD(br_link_list, br_link);

/* Shared by the links of a broker: they take turns. */
struct br_link_pool {
    uv_loop_t *loop;
    struct br_link_list held; /* have frames for the next turn */
    uint64_t turn;
    bool busy;
    uint8_t rx[BR_LINK_RX_BYTES];
};

struct br_link_ops {
    /* One frame without its prefix, borrowed until return.  0, or -errno: the link ends. */
    int (*on_frame)(struct br_link *link, const uint8_t *frame, size_t len);
    /* All that waited has been written.  NULL: not wanted. */
    void (*on_drained)(struct br_link *link);
    /* The peer is gone (rc 0), broke the framing (-EPROTO) or the socket failed.  Called once,
     * when the link is already closed.  All that the peer sent before was delivered. */
    void (*on_end)(struct br_link *link, int rc);
    /* Most bytes read at a time, so that a peer with many small frames holds up nobody; 0: as many
     * as the receive buffer takes. */
    size_t rx_max;
    /* Descriptors that no frame took break the framing.  They cannot be told from those of the
     * next frame before all that came is delivered, so that is when it is looked at. */
    bool exact_fds;
};

struct br_link {
    const struct br_link_ops *ops;
    struct br_link_pool *pool;
    void *owner;
    uv_poll_t *poll;
    int fd; /* -1: closed */
    int events;
    bool paused;
    bool held;          /* in pool->held: not read before the next turn */
    uint64_t held_turn; /* in which that began */
    TAILQ_ENTRY(br_link) held_entry;
    bool deaf;   /* the peer reads no more: what is sent is dropped, the end will be read */
    uint8_t *in; /* bytes received and not yet delivered */
    size_t in_len;
    int fds[VGPU_FRAME_FDS_MAX]; /* received and not yet taken */
    unsigned int fd_count;
    uint8_t *out; /* bytes not yet written, from out_start on */
    size_t out_start;
    size_t out_end;
    size_t out_max;
    int out_fds[VGPU_FRAME_FDS_MAX]; /* go out with the next byte */
    unsigned int out_fd_count;
};

/* Starts zeroed; borrows the loop. */
void br_link_pool_init(struct br_link_pool *pool, uv_loop_t *loop);

/* Goes on with the links that were held; once a turn of the loop. */
void br_link_pool_turn(struct br_link_pool *pool);

/* Some link is held: the loop must not sleep. */
static inline bool br_link_pool_is_busy(const struct br_link_pool *pool)
{
    return !TAILQ_EMPTY(&pool->held);
}

/* Starts reading from `fd`, which it takes (closed on failure too).  At most `out_max` bytes wait
 * to be written.  0 or -errno. */
int br_link_open(struct br_link *link, struct br_link_pool *pool, int fd, size_t out_max,
                 const struct br_link_ops *ops, void *owner);

/* Closes socket, queued descriptors and buffers; no callback after it.  Closed links are accepted.
 */
void br_link_close(struct br_link *link);

static inline bool br_link_is_open(const struct br_link *link)
{
    return link->fd >= 0;
}

/* True when `len` bytes can be sent or wait now. */
bool br_link_has_room(const struct br_link *link, size_t len);

/*
 * Sends bytes of whole frames, and lends `fd_count` descriptors that go with the first
 * of them.  0, also when the peer is gone: on_end will tell.  -ENOBUFS when the peer does
 * not read and the buffer is full, -EPIPE on a closed link, -EBUSY for descriptors while
 * bytes wait, or another -errno.  Nothing is closed: the caller decides.
 */
int br_link_send(struct br_link *link, const uint8_t *bytes, size_t len, const int *fds,
                 unsigned int fd_count);

/* Stops delivering and reading, from the next frame on; may be called from on_frame. */
void br_link_pause(struct br_link *link);

/* Goes on: delivers what was kept, then reads again.  Not from on_frame. */
void br_link_resume(struct br_link *link);

/* Delivers all that the peer has sent, paused or not, then ends the link: for a peer that is known
 * to be gone.  Not from on_frame. */
void br_link_settle(struct br_link *link);

/* Delivers what has come so far, paused or not, as far as a socket holds it.  Not from on_frame. */
void br_link_drain(struct br_link *link);

/* Says no more: what waits is dropped, the peer reads the end.  Receives on, paused or not, so that
 * the peer's end is seen. */
void br_link_shut(struct br_link *link);

/* Takes the oldest received descriptor (owned, close-on-exec), or -1. */
int br_link_take_fd(struct br_link *link);

#endif
