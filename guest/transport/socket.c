/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/overflow.h"
#include "proto/frame_socket.h"
#include "proto/limits.h"

#ifndef F_GET_SEALS
#define F_GET_SEALS   (1024 + 10)
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW   0x0004
#endif

static int unreachable(const char *path, int rc, bool by_default, struct gs_obstacle *obstacle)
{
    if (rc == -ENOENT && by_default) {
        return gs_obstacle_set(
            obstacle, GS_OBSTACLE_ABSENT, rc,
            "there is neither a vgpu device on the PCI bus nor a broker's socket "
            "%s: give the machine a vgpu-cuda device, or start vgpu-broker",
            path);
    }
    if (rc == -EACCES) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PERMISSION, rc,
                               "user %u may not connect to %s: see socket_mode in vgpu.conf",
                               (unsigned int)geteuid(), path);
    }
    if (rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENAMETOOLONG) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_LINK, rc,
                               "no broker at %s: %s: start vgpu-broker, or correct VGPU_SOCKET",
                               path, strerror(-rc));
    }
    return gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, rc, "no connection to %s: %s", path,
                           strerror(-rc));
}

static int connect_to(const char *path, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int sock;

    if (len >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, len);
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (sock < 0) {
        return -errno;
    }
    while (connect(sock, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno != EINTR) {
            int rc = -errno;

            vgpu_fd_close(&sock);
            return rc;
        }
    }
    *fd = sock;
    return 0;
}

/* A host that could shrink the memory could end this process with SIGBUS at any time. */
static bool memory_is_sound(int fd, uint64_t bytes)
{
    struct stat status;
    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && (seals & F_SEAL_GROW) != 0 &&
           fstat(fd, &status) == 0 && status.st_size >= 0 && (uint64_t)status.st_size == bytes;
}

static bool grant_is_sound(const Vgpu__Grant *grant)
{
    return grant->protocol == VGPU_PROTOCOL_VERSION &&
           grant->channel_bytes >= VGPU_CHANNEL_BYTES_MIN &&
           grant->channel_bytes <= VGPU_CHANNEL_BYTES_MAX && grant->channel_bytes % 4096 == 0;
}

static int take_grant(struct vgpu_frame_socket *link, const Vgpu__Grant *grant,
                      struct gs_channel *channel)
{
    VGPU_CLEANUP_FD int memory = vgpu_frame_socket_take_fd(link);
    VGPU_CLEANUP_FD int doorbell = vgpu_frame_socket_take_fd(link);
    VGPU_CLEANUP_FD int interrupt = vgpu_frame_socket_take_fd(link);
    int rc;

    if (memory < 0 || doorbell < 0 || interrupt < 0 || !grant_is_sound(grant) ||
        !memory_is_sound(memory, grant->channel_bytes)) {
        return -EPROTO;
    }
    rc = vgpu_fd_set_nonblock(interrupt, true);
    if (rc != 0) {
        return rc;
    }
    channel->transport = &gs_transport_socket;
    channel->bytes = grant->channel_bytes;
    channel->session = grant->session;
    channel->memory_offset = 0;
    channel->memory_fd = vgpu_steal_fd(&memory);
    channel->data_fd = channel->memory_fd;
    channel->doorbell_fd = vgpu_steal_fd(&doorbell);
    channel->interrupt_fd = vgpu_steal_fd(&interrupt);
    return 0;
}

static int receive_grant(struct vgpu_frame_socket *link, struct gs_channel *channel,
                         struct gs_obstacle *obstacle)
{
    Vgpu__Frame *frame;
    int rc = vgpu_frame_socket_receive(link, &frame);

    if (rc == 0 && frame->kind_case == VGPU__FRAME__KIND_REFUSE) {
        obstacle->result = frame->refuse->result;
        return gs_obstacle_set(obstacle, GS_OBSTACLE_REFUSED, -EACCES,
                               "the broker refused a channel with CUDA error %d: its log says why",
                               obstacle->result);
    }
    if (rc == 0) {
        rc = frame->kind_case == VGPU__FRAME__KIND_GRANT ? take_grant(link, frame->grant, channel)
                                                         : -EPROTO;
    }
    if (rc == -EPROTO) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_PROTOCOL, rc,
                               "the broker's grant cannot be trusted: install library and broker "
                               "of one vgpu version");
    }
    if (rc != 0) {
        return gs_obstacle_set(obstacle, GS_OBSTACLE_LINK, rc,
                               "the broker ended the connection: %s: see its log", strerror(-rc));
    }
    return 0;
}

/* From the grant on the socket says one thing only: that the host's end has come. */
static int keep_end(struct gs_channel *channel, int fd, struct gs_obstacle *obstacle)
{
    int rc = 0;

    channel->end_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (channel->end_fd < 0) {
        rc = gs_obstacle_set(obstacle, GS_OBSTACLE_SYSTEM, -errno, "no descriptor is left: %s",
                             strerror(errno));
        gs_channel_close(channel);
    }
    return rc;
}

static const char *named_path(void)
{
    const char *path = secure_getenv("VGPU_SOCKET");

    return path != NULL && *path != '\0' ? path : NULL;
}

const char *gs_socket_path(void)
{
    return named_path() != NULL ? named_path() : GS_SOCKET_PATH;
}

static int socket_open(struct gs_channel *channel, const char *where, struct gs_obstacle *obstacle)
{
    struct gs_channel opened = {.memory_fd = -1};
    struct vgpu_frame_socket link;
    int fd = -1;
    int rc;

    where = where != NULL ? where : named_path();
    rc = connect_to(where != NULL ? where : GS_SOCKET_PATH, &fd);
    if (rc != 0) {
        return unreachable(where != NULL ? where : GS_SOCKET_PATH, rc, where == NULL, obstacle);
    }
    vgpu_frame_socket_init(&link, fd);
    rc = receive_grant(&link, &opened, obstacle);
    if (rc == 0) {
        rc = keep_end(&opened, fd, obstacle);
    }
    vgpu_frame_socket_fini(&link);
    if (rc == 0) {
        *channel = opened;
    }
    return rc;
}

static void socket_close(struct gs_channel *channel)
{
    vgpu_fd_close(&channel->memory_fd);
    vgpu_fd_close(&channel->doorbell_fd);
    vgpu_fd_close(&channel->interrupt_fd);
    vgpu_fd_close(&channel->end_fd);
}

static int socket_ring(struct gs_channel *channel)
{
    const uint64_t one = 1;

    while (write(channel->doorbell_fd, &one, sizeof(one)) < 0) {
        if (errno == EAGAIN) {
            return 0; /* rung so often that it cannot be missed */
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

static int socket_wait(struct gs_channel *channel, int64_t timeout_ns)
{
    struct pollfd fds[2] = {{.fd = channel->interrupt_fd, .events = POLLIN},
                            {.fd = channel->end_fd, .events = POLLIN | POLLRDHUP}};
    struct timespec limit = {.tv_sec = timeout_ns / (int64_t)VGPU_NS_PER_S,
                             .tv_nsec = timeout_ns % (int64_t)VGPU_NS_PER_S};
    uint64_t count;
    int ready = ppoll(fds, 2, timeout_ns < 0 ? NULL : &limit, NULL);

    if (ready < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    if (fds[0].revents != 0 && read(channel->interrupt_fd, &count, sizeof(count)) > 0) {
        return 1;
    }
    return fds[1].revents != 0 ? -ECONNRESET : 0;
}

const struct gs_transport gs_transport_socket = {
    .name = "socket",
    .open = socket_open,
    .close = socket_close,
    .ring = socket_ring,
    .wait = socket_wait,
};
