/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/handle.h"
#include "common/fd.h"

/* More than a socket's buffer holds; a peer that lives could go on for ever. */
#define DRAIN_READS 16u

static void on_poll(uv_poll_t *poll, int status, int events);

static int watch(struct br_link *link)
{
    int events = (link->paused ? 0 : UV_READABLE) | (link->out != NULL ? UV_WRITABLE : 0);

    if (events == link->events) {
        return 0;
    }
    link->events = events;
    return events == 0 ? uv_poll_stop(link->poll) : uv_poll_start(link->poll, events, on_poll);
}

int br_link_open(struct br_link *link, struct br_link_pool *pool, int fd, size_t out_max,
                 const struct br_link_ops *ops, void *owner)
{
    int rc;

    *link =
        (struct br_link){.ops = ops, .pool = pool, .owner = owner, .fd = -1, .out_max = out_max};
    link->poll = calloc(1, sizeof(*link->poll));
    if (link->poll == NULL) {
        vgpu_fd_close(&fd);
        return -ENOMEM;
    }
    rc = uv_poll_init(pool->loop, link->poll, fd);
    if (rc < 0) {
        vgpu_fd_close(&fd);
        free(link->poll);
        link->poll = NULL;
        return rc;
    }
    link->fd = fd;
    link->poll->data = link;
    rc = watch(link);
    if (rc < 0) {
        br_link_close(link);
    }
    return rc;
}

static void hold(struct br_link *link)
{
    if (!link->held) {
        link->held = true;
        link->held_turn = link->pool->turn;
        TAILQ_INSERT_TAIL(&link->pool->held, link, held_entry);
    }
}

static void release(struct br_link *link)
{
    if (link->held) {
        link->held = false;
        TAILQ_REMOVE(&link->pool->held, link, held_entry);
    }
}

static void drop_out(struct br_link *link)
{
    free(link->out);
    link->out = NULL;
    link->out_start = 0;
    link->out_end = 0;
    vgpu_fd_close_many(link->out_fds, link->out_fd_count);
    link->out_fd_count = 0;
}

void br_link_close(struct br_link *link)
{
    if (link->poll == NULL) {
        return;
    }
    release(link);
    uv_close((uv_handle_t *)link->poll, br_handle_free);
    link->poll = NULL;
    vgpu_fd_close(&link->fd);
    vgpu_fd_close_many(link->fds, link->fd_count);
    link->fd_count = 0;
    free(link->in);
    link->in = NULL;
    link->in_len = 0;
    drop_out(link);
}

static void end(struct br_link *link, int rc)
{
    if (br_link_is_open(link)) {
        br_link_close(link);
        link->ops->on_end(link, rc);
    }
}

/* ---- sending ---------------------------------------------------------------- */

bool br_link_has_room(const struct br_link *link, size_t len)
{
    return link->out == NULL || link->out_end - link->out_start + len <= link->out_max;
}

static int keep_fds(struct br_link *link, const int *fds, unsigned int fd_count)
{
    for (unsigned int i = 0; i < fd_count; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            return -errno;
        }
        link->out_fds[link->out_fd_count++] = copy;
    }
    return 0;
}

/* Keeps what could not be written.  The buffer has its full size from the start: growing it would
 * make the bound a matter of the allocator. */
static int keep(struct br_link *link, const uint8_t *bytes, size_t len)
{
    if (link->out_end - link->out_start + len > link->out_max) {
        return -ENOBUFS;
    }
    if (link->out == NULL) {
        link->out = malloc(link->out_max);
        if (link->out == NULL) {
            return -ENOMEM;
        }
    }
    if (link->out_end + len > link->out_max) {
        memmove(link->out, link->out + link->out_start, link->out_end - link->out_start);
        link->out_end -= link->out_start;
        link->out_start = 0;
    }
    memcpy(link->out + link->out_end, bytes, len);
    link->out_end += len;
    return watch(link);
}

int br_link_send(struct br_link *link, const uint8_t *bytes, size_t len, const int *fds,
                 unsigned int fd_count)
{
    ssize_t sent = 0;
    int rc;

    if (!br_link_is_open(link) || link->deaf) {
        return link->deaf ? 0 : -EPIPE;
    }
    if (fd_count > 0 && link->out != NULL) {
        return -EBUSY;
    }
    if (link->out == NULL) {
        sent = vgpu_fd_send(link->fd, bytes, len, fds, fd_count);
        if (sent == (ssize_t)len) {
            return 0;
        }
        if (sent == -EPIPE || sent == -ECONNRESET) {
            link->deaf = true;
            return 0;
        }
        if (sent < 0 && sent != -EAGAIN) {
            return (int)sent;
        }
    }
    if (sent < 0) {
        sent = 0;
        rc = keep_fds(link, fds, fd_count);
        if (rc < 0) {
            return rc;
        }
    }
    return keep(link, bytes + sent, len - (size_t)sent);
}

static void flush(struct br_link *link)
{
    ssize_t sent = vgpu_fd_send(link->fd, link->out + link->out_start,
                                link->out_end - link->out_start, link->out_fds, link->out_fd_count);

    if (sent == -EAGAIN) {
        return;
    }
    if (sent < 0) {
        /* What the peer sent before it left is still to be read. */
        link->deaf = true;
        drop_out(link);
        (void)watch(link);
        return;
    }
    vgpu_fd_close_many(link->out_fds, link->out_fd_count);
    link->out_fd_count = 0;
    link->out_start += (size_t)sent;
    if (link->out_start < link->out_end) {
        return;
    }
    drop_out(link);
    if (watch(link) < 0) {
        end(link, -EIO);
        return;
    }
    if (link->ops->on_drained != NULL) {
        link->ops->on_drained(link);
    }
}

/* ---- receiving -------------------------------------------------------------- */

static uint32_t prefix_of(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Delivers whole frames at `bytes`, at most `most`; *used counts what is done with.  0, or -errno.
 */
static int deliver(struct br_link *link, const uint8_t *bytes, size_t len, size_t most,
                   size_t *used)
{
    *used = 0;
    for (size_t i = 0; !link->paused && len - *used >= VGPU_FRAME_PREFIX_BYTES; i++) {
        const uint8_t *frame = bytes + *used + VGPU_FRAME_PREFIX_BYTES;
        uint32_t size = prefix_of(bytes + *used);
        int rc;

        if (size == 0 || size > VGPU_FRAME_BYTES_MAX) {
            return -EPROTO;
        }
        if (len - *used - VGPU_FRAME_PREFIX_BYTES < size) {
            break;
        }
        if (i == most) {
            hold(link);
            break;
        }
        *used += VGPU_FRAME_PREFIX_BYTES + size;
        rc = link->ops->on_frame(link, frame, size);
        if (rc < 0 || !br_link_is_open(link)) {
            return rc;
        }
    }
    return 0;
}

/* Keeps the undelivered rest of the receive buffer, in memory of just its size. */
static int stash(struct br_link *link, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return 0;
    }
    link->in = malloc(len);
    if (link->in == NULL) {
        return -ENOMEM;
    }
    memcpy(link->in, bytes, len);
    link->in_len = len;
    return 0;
}

/* Moves what was kept to the start of the shared buffer; returns its length. */
static size_t unstash(struct br_link *link)
{
    size_t len = link->in_len;

    assert(len <= BR_LINK_RX_BYTES);
    if (len > 0) {
        memcpy(link->pool->rx, link->in, len);
        free(link->in);
        link->in = NULL;
        link->in_len = 0;
    }
    return len;
}

/* Delivers `len` bytes of the shared buffer, at most `most` frames, and keeps the rest. */
static void process(struct br_link *link, size_t len, size_t most)
{
    struct br_link_pool *pool = link->pool;
    size_t used;
    int rc;

    assert(!pool->busy);
    pool->busy = true;
    rc = deliver(link, pool->rx, len, most, &used);
    if (rc == 0 && br_link_is_open(link)) {
        rc = stash(link, pool->rx + used, len - used);
        if (rc == 0 && link->ops->exact_fds && used == len && link->fd_count > 0) {
            rc = -EPROTO;
        }
    }
    pool->busy = false;
    if (rc < 0) {
        end(link, rc);
    }
}

static size_t room(const struct br_link *link, size_t kept)
{
    size_t room = BR_LINK_RX_BYTES - kept;

    return link->ops->rx_max > 0 && link->ops->rx_max < room ? link->ops->rx_max : room;
}

/* One recvmsg and what it brings.  False when nothing was there. */
static bool receive(struct br_link *link, size_t most)
{
    struct br_link_pool *pool = link->pool;
    size_t len = unstash(link);
    size_t got_fds = 0;
    ssize_t got;

    /* A whole frame is never kept while reading, so that there is room for a byte at least. */
    got = vgpu_fd_recv(link->fd, pool->rx + len, room(link, len), link->fds + link->fd_count,
                       VGPU_FRAME_FDS_MAX - link->fd_count, &got_fds);
    if (got == -EAGAIN) {
        if (stash(link, pool->rx, len) < 0) {
            end(link, -ENOMEM);
        }
        return false;
    }
    if (got <= 0) {
        end(link, got == -ECONNRESET ? 0 : (int)got);
        return true;
    }
    link->fd_count += (unsigned int)got_fds;
    process(link, len + (size_t)got, most);
    return true;
}

/* Delivers what is there, with at most `reads` looks at the socket (0: all). */
static void catch_up(struct br_link *link, unsigned int reads)
{
    bool more = br_link_is_open(link);

    link->paused = false;
    release(link);
    if (more) {
        process(link, unstash(link), SIZE_MAX);
    }
    for (unsigned int i = 0; more && br_link_is_open(link) && (reads == 0 || i < reads); i++) {
        /* A handler may have paused it: then whole frames are left, not only the start of one. */
        link->paused = false;
        if (link->in_len >= VGPU_FRAME_PREFIX_BYTES) {
            process(link, unstash(link), SIZE_MAX);
        }
        more = !br_link_is_open(link) || receive(link, SIZE_MAX);
    }
}

void br_link_settle(struct br_link *link)
{
    catch_up(link, 0);
    end(link, 0);
}

void br_link_drain(struct br_link *link)
{
    catch_up(link, DRAIN_READS);
    link->paused = false;
    if (br_link_is_open(link) && watch(link) < 0) {
        end(link, -EIO);
    }
}

void br_link_shut(struct br_link *link)
{
    if (!br_link_is_open(link)) {
        return;
    }
    drop_out(link);
    link->deaf = true;
    link->paused = false;
    if (link->in_len > 0) {
        hold(link); /* what is kept may fill the buffer: it goes first */
    }
    (void)shutdown(link->fd, SHUT_WR);
    if (watch(link) < 0) {
        end(link, -EIO);
    }
}

void br_link_pause(struct br_link *link)
{
    link->paused = true;
    if (br_link_is_open(link) && watch(link) < 0) {
        end(link, -EIO);
    }
}

void br_link_resume(struct br_link *link)
{
    if (!link->paused || !br_link_is_open(link)) {
        return;
    }
    link->paused = false;
    if (watch(link) < 0) {
        end(link, -EIO);
        return;
    }
    if (!link->held) {
        process(link, unstash(link), BR_LINK_FRAMES_MAX);
    }
}

void br_link_pool_init(struct br_link_pool *pool, uv_loop_t *loop)
{
    pool->loop = loop;
    TAILQ_INIT(&pool->held);
}

/* What a paused one has is delivered when it is resumed. */
void br_link_pool_turn(struct br_link_pool *pool)
{
    struct br_link *link;

    while ((link = TAILQ_FIRST(&pool->held)) != NULL && link->held_turn != pool->turn) {
        release(link);
        if (!link->paused) {
            process(link, unstash(link), BR_LINK_FRAMES_MAX);
        }
    }
    pool->turn++;
}

int br_link_take_fd(struct br_link *link)
{
    int fd;

    if (link->fd_count == 0) {
        return -1;
    }
    fd = link->fds[0];
    link->fd_count--;
    memmove(link->fds, link->fds + 1, link->fd_count * sizeof(link->fds[0]));
    return fd;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct br_link *link = poll->data;

    if (status < 0) {
        /* EPOLLERR: the peer left with bytes of ours unread; libuv has stopped the handle. */
        br_link_settle(link);
        return;
    }
    if ((events & UV_WRITABLE) != 0 && link->out != NULL) {
        flush(link);
    }
    if ((events & UV_READABLE) != 0 && !link->paused && !link->held && br_link_is_open(link)) {
        (void)receive(link, BR_LINK_FRAMES_MAX);
    }
}
