/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/fd.h"

#define OUT_BYTES (VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX)

static void close_queued(struct vgpu_frame_socket *socket)
{
    vgpu_fd_close_many(socket->fds, socket->fd_count);
    socket->fd_count = 0;
}

void vgpu_frame_socket_init(struct vgpu_frame_socket *socket, int fd)
{
    *socket = (struct vgpu_frame_socket){.fd = fd};
    vgpu_frame_reader_init(&socket->reader);
}

void vgpu_frame_socket_fini(struct vgpu_frame_socket *socket)
{
    close_queued(socket);
    vgpu_fd_close(&socket->fd);
    vgpu_frame_reader_fini(&socket->reader);
    free(socket->out);
    socket->out = NULL;
}

/* Waits until the socket is ready; errors show at the call that follows. */
static void wait_for(int fd, short events)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    (void)poll(&pollfd, 1, -1);
}

int vgpu_frame_socket_send(struct vgpu_frame_socket *socket, const Vgpu__Frame *frame,
                           const int *fds, unsigned int fd_count)
{
    size_t done = 0;
    ssize_t len;

    if (socket->out == NULL) {
        socket->out = malloc(OUT_BYTES);
        if (socket->out == NULL) {
            return -ENOMEM;
        }
    }
    len = vgpu_frame_pack(frame, socket->out, OUT_BYTES);
    if (len < 0) {
        return (int)len;
    }
    while (done < (size_t)len) {
        /* Descriptors go with the first byte. */
        ssize_t sent = vgpu_fd_send(socket->fd, socket->out + done, (size_t)len - done, fds,
                                    done == 0 ? fd_count : 0);

        if (sent == -EAGAIN) {
            wait_for(socket->fd, POLLOUT);
        } else if (sent < 0) {
            return (int)sent;
        } else {
            done += (size_t)sent;
        }
    }
    return 0;
}

/* Moves the descriptors of one control message to the queue; closes those without room. */
static int queue_fds(struct vgpu_frame_socket *socket, const struct cmsghdr *cmsg)
{
    size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
        if (socket->fd_count < VGPU_FRAME_FDS_MAX) {
            socket->fds[socket->fd_count++] = fd;
        } else {
            vgpu_fd_close(&fd);
            rc = -EPROTO;
        }
    }
    return rc;
}

static int take_control(struct vgpu_frame_socket *socket, struct msghdr *msg)
{
    int rc = (msg->msg_flags & MSG_CTRUNC) != 0 ? -EPROTO : 0;

    memset(&socket->sender, 0, sizeof(socket->sender));
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET) {
            continue;
        }
        if (cmsg->cmsg_type == SCM_CREDENTIALS) {
            memcpy(&socket->sender, CMSG_DATA(cmsg), sizeof(socket->sender));
        } else if (cmsg->cmsg_type == SCM_RIGHTS && queue_fds(socket, cmsg) != 0) {
            rc = -EPROTO;
        }
    }
    return rc;
}

ssize_t vgpu_frame_socket_fill(struct vgpu_frame_socket *socket, int flags)
{
    union {
        struct cmsghdr align;
        /* Room for one more than is allowed, so that too many is seen as such. */
        char bytes[CMSG_SPACE(sizeof(struct ucred)) +
                   CMSG_SPACE((VGPU_FRAME_FDS_MAX + 1) * sizeof(int))];
    } control;
    struct iovec iov;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    uint8_t *at;
    size_t room;
    ssize_t count;
    int rc = vgpu_frame_reader_space(&socket->reader, &at, &room);

    if (rc != 0) {
        return rc;
    }
    iov = (struct iovec){at, room};
    do {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        count = recvmsg(socket->fd, &msg, flags | MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        rc = -errno;
    } else {
        rc = take_control(socket, &msg);
    }
    if (rc != 0) {
        if (rc != -EAGAIN) {
            close_queued(socket);
        }
        return rc;
    }
    vgpu_frame_reader_fed(&socket->reader, (size_t)count);
    return count;
}

int vgpu_frame_socket_next(struct vgpu_frame_socket *socket, Vgpu__Frame **frame)
{
    int rc = vgpu_frame_reader_next(&socket->reader, frame);

    if (rc < 0) {
        close_queued(socket);
    }
    return rc;
}

int vgpu_frame_socket_receive(struct vgpu_frame_socket *socket, Vgpu__Frame **frame)
{
    for (;;) {
        int rc = vgpu_frame_socket_next(socket, frame);
        ssize_t count;

        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        count = vgpu_frame_socket_fill(socket, 0);
        if (count == 0) {
            return -ECONNRESET;
        }
        if (count == -EAGAIN) {
            wait_for(socket->fd, POLLIN);
        } else if (count < 0) {
            return (int)count;
        }
    }
}

int vgpu_frame_socket_take_fd(struct vgpu_frame_socket *socket)
{
    int fd;

    if (socket->fd_count == 0) {
        return -1;
    }
    fd = socket->fds[0];
    socket->fd_count--;
    memmove(socket->fds, socket->fds + 1, socket->fd_count * sizeof(socket->fds[0]));
    return fd;
}
