/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/fd.h"

#define FRAME_ROOM (VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX)
/* Frames taken in one turn of the loop, so that one client does not hold up the others. */
#define FRAMES_A_TURN 32

/* A packed frame, or what is left of it. */
struct hd_packet {
    struct hd_packet *next;
    int fd; /* goes with the first byte; -1: none */
    size_t len;
    size_t sent;
    uint8_t bytes[];
};

static void drop_first(struct hd_link *link)
{
    struct hd_packet *packet = link->first;

    link->first = packet->next;
    if (link->first == NULL) {
        link->last = NULL;
    }
    link->queued -= packet->len;
    vgpu_fd_close(&packet->fd);
    free(packet);
}

/* Writes what the socket takes.  0 or -errno. */
static int flush(struct hd_link *link)
{
    while (link->first != NULL) {
        struct hd_packet *packet = link->first;
        ssize_t count =
            vgpu_fd_send(link->socket.fd, packet->bytes + packet->sent, packet->len - packet->sent,
                         &packet->fd, packet->sent == 0 && packet->fd >= 0 ? 1 : 0);

        if (count < 0) {
            return count == -EAGAIN ? 0 : (int)count;
        }
        packet->sent += (size_t)count;
        if (packet->sent == packet->len) {
            drop_first(link);
        }
    }
    return 0;
}

static void watch(struct hd_link *link)
{
    uint32_t events = 0;

    if (!link->paused) {
        events |= EPOLLIN;
    }
    if (link->first != NULL) {
        events |= EPOLLOUT;
    }
    (void)sd_event_source_set_io_events(link->io, events);
}

static void end(struct hd_link *link, int rc)
{
    if (!link->over) {
        link->over = true;
        link->on_end(link, rc);
    }
}

/* Hands out the frames that are here.  1 when there may be more, 0, or why it is over. */
static int take_frames(struct hd_link *link)
{
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        Vgpu__Frame *frame;
        int rc = link->paused ? 0 : vgpu_frame_socket_next(&link->socket, &frame);

        if (rc <= 0) {
            return rc;
        }
        rc = link->on_frame(link, frame);
        if (rc < 0) {
            return rc;
        }
    }
    return 1;
}

/* Frames first, then the end of the peer: what it said before it left counts. */
static void turn(struct hd_link *link, bool readable)
{
    ssize_t count = -EAGAIN;
    int rc = 0;

    if (link->broken) {
        end(link, -ENOBUFS);
        return;
    }
    if (readable && !link->paused) {
        count = vgpu_frame_socket_fill(&link->socket, MSG_DONTWAIT);
    }
    if (count < 0 && count != -EAGAIN) {
        rc = (int)count;
    }
    if (rc == 0) {
        rc = take_frames(link);
    }
    if (rc == 1) {
        (void)sd_event_source_set_enabled(link->again, SD_EVENT_ONESHOT);
        rc = 0;
    }
    if (rc == 0) {
        rc = flush(link);
    }
    if (rc < 0 || count == 0) {
        end(link, rc);
    } else {
        watch(link);
    }
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct hd_link *link = userdata;

    (void)source;
    (void)fd;
    if (link->paused && (revents & (EPOLLHUP | EPOLLERR)) != 0) {
        end(link, -ECONNRESET);
        return 0;
    }
    turn(link, (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0);
    return 0;
}

static int on_again(sd_event_source *source, void *userdata)
{
    (void)source;
    turn(userdata, false);
    return 0;
}

int hd_link_init(struct hd_link *link, sd_event *event, int fd)
{
    int rc;

    link->first = NULL;
    link->last = NULL;
    link->queued = 0;
    link->paused = false;
    link->broken = false;
    link->over = false;
    vgpu_frame_socket_init(&link->socket, fd);
    rc = sd_event_add_io(event, &link->io, fd, EPOLLIN, on_io, link);
    if (rc >= 0) {
        rc = sd_event_add_defer(event, &link->again, on_again, link);
    }
    if (rc >= 0) {
        rc = sd_event_source_set_enabled(link->again, SD_EVENT_OFF);
    }
    if (rc < 0) {
        hd_link_fini(link);
    }
    return rc < 0 ? rc : 0;
}

/* on_end() must come from the loop. */
static void break_off(struct hd_link *link)
{
    link->broken = true;
    (void)sd_event_source_set_enabled(link->again, SD_EVENT_ONESHOT);
}

static struct hd_packet *pack(const Vgpu__Frame *frame, int fd)
{
    static uint8_t room[FRAME_ROOM];
    ssize_t len = vgpu_frame_pack(frame, room, sizeof(room));
    struct hd_packet *packet = len < 0 ? NULL : malloc(sizeof(*packet) + (size_t)len);

    if (packet == NULL) {
        return NULL;
    }
    *packet = (struct hd_packet){.fd = -1, .len = (size_t)len};
    memcpy(packet->bytes, room, (size_t)len);
    if (fd >= 0) {
        packet->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (packet->fd < 0) {
            free(packet);
            return NULL;
        }
    }
    return packet;
}

void hd_link_send(struct hd_link *link, const Vgpu__Frame *frame, int fd)
{
    struct hd_packet *packet;

    if (link->over || link->broken) {
        return;
    }
    packet = pack(frame, fd);
    if (packet == NULL || link->queued + packet->len > HD_LINK_QUEUE_MAX) {
        if (packet != NULL) {
            vgpu_fd_close(&packet->fd);
            free(packet);
        }
        break_off(link);
        return;
    }
    if (link->last != NULL) {
        link->last->next = packet;
    } else {
        link->first = packet;
    }
    link->last = packet;
    link->queued += packet->len;
    if (flush(link) < 0) {
        break_off(link);
    } else {
        watch(link);
    }
}

void hd_link_pause(struct hd_link *link, bool on)
{
    if (link->over || link->paused == on) {
        return;
    }
    link->paused = on;
    watch(link);
    if (!on) {
        (void)sd_event_source_set_enabled(link->again, SD_EVENT_ONESHOT);
    }
}

void hd_link_fini(struct hd_link *link)
{
    while (link->first != NULL) {
        drop_first(link);
    }
    link->io = sd_event_source_disable_unref(link->io);
    link->again = sd_event_source_disable_unref(link->again);
    vgpu_frame_socket_fini(&link->socket);
}
