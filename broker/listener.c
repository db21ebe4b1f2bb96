/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"

/* Connections taken in one turn of the loop, so that accepting does not hold up sessions. */
#define ACCEPTS_A_TURN 16
#define BACKLOG        128

static int make_address(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address->sun_path, path, strlen(path));
    return 0;
}

/* The path is taken: 0 when a dead broker's socket was removed, else why it cannot be used. */
static int clear_stale(const struct sockaddr_un *address)
{
    struct stat info;
    int probe;
    int rc;

    if (lstat(address->sun_path, &info) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return -EEXIST;
    }
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) {
        return -errno;
    }
    rc = connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;
    vgpu_fd_close(&probe);
    if (rc != -ECONNREFUSED) {
        return -EADDRINUSE;
    }
    return unlink(address->sun_path) == 0 ? 0 : -errno;
}

int br_listener_bind(int fd, const char *path, uint32_t mode, gid_t gid)
{
    struct sockaddr_un address;
    int rc = make_address(path, &address);

    if (rc == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        rc = errno == EADDRINUSE ? clear_stale(&address) : -errno;
        if (rc == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
            rc = -errno;
        }
    }
    /* Nobody can connect before listen(), so group and mode count from the first connection on. */
    if (rc == 0 && gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) != 0) {
        rc = -errno;
    }
    if (rc == 0 && (chmod(path, (mode_t)mode) != 0 || listen(fd, BACKLOG) != 0)) {
        rc = -errno;
    }
    return rc;
}

/* Without a free descriptor the connection would stay in the queue and wake us for ever. */
static void drop_one(struct br_listener *listener)
{
    int fd;

    vgpu_fd_close(&listener->reserve);
    fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    vgpu_fd_close(&fd);
    listener->reserve = eventfd(0, EFD_CLOEXEC);
}

/* Accepts one connection.  False when there is none. */
static bool accept_one(struct br_listener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct ucred cred = {.pid = 0, .uid = (uid_t)-1};
    socklen_t len = sizeof(cred);

    if (fd < 0) {
        int error = errno;

        if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
            drop_one(listener);
        }
        return error == ECONNABORTED || error == EINTR;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
        vgpu_fd_close(&fd);
        return true;
    }
    listener->on_connect(listener, fd, cred.pid, cred.uid);
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct br_listener *listener = poll->data;

    (void)events;
    if (status < 0) {
        return;
    }
    for (int i = 0; i < ACCEPTS_A_TURN && accept_one(listener); i++) {
    }
}

/* Watches listener->fd; `rc` < 0: it could not be made, and the rest is undone. */
static int watch(struct br_listener *listener, uv_loop_t *loop, int rc)
{
    listener->is_open = false;
    listener->reserve = eventfd(0, EFD_CLOEXEC);
    if (rc == 0) {
        rc = uv_poll_init(loop, &listener->poll, listener->fd);
    }
    if (rc < 0) {
        vgpu_fd_close(&listener->fd);
        vgpu_fd_close(&listener->reserve);
        return rc;
    }
    listener->is_open = true;
    listener->poll.data = listener;
    return uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

int br_listener_open(struct br_listener *listener, uv_loop_t *loop, const char *path, uint32_t mode,
                     gid_t gid)
{
    listener->path = path;
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return watch(listener, loop,
                 listener->fd < 0 ? -errno : br_listener_bind(listener->fd, path, mode, gid));
}

int br_listener_adopt(struct br_listener *listener, uv_loop_t *loop, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    bool set = flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
               fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;

    listener->path = NULL;
    listener->fd = fd;
    return watch(listener, loop, set ? 0 : -errno);
}

static void on_closed(uv_handle_t *poll)
{
    struct br_listener *listener = poll->data;

    if (listener->on_closed != NULL) {
        listener->on_closed(listener);
    }
}

void br_listener_close(struct br_listener *listener)
{
    if (!listener->is_open) {
        return;
    }
    listener->is_open = false;
    for (int i = 0; i < BACKLOG && accept_one(listener); i++) {
    }
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    vgpu_fd_close(&listener->fd);
    vgpu_fd_close(&listener->reserve);
}

void br_listener_remove(const char *path)
{
    (void)unlink(path);
}
