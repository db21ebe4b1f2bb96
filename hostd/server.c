/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/log_id.h"
#include "hostd/hostd.h"
#include "hostd/listener.h"

/* Lines that clients cause: so many at once, then one a second. */
#define CLIENT_LINES 20u

bool hd_server_may_log(struct hd_server *server)
{
    uint64_t suppressed;
    bool may = vgpu_ratelimit_pass(&server->lines, vgpu_clock_ns(), &suppressed);

    if (may && suppressed > 0) {
        vgpu_log_id(VGPU_LOG_WARNING, VGPU_LOG_ID_LINES_DROPPED,
                    "%llu lines were not logged of=clients", (unsigned long long)suppressed);
    }
    return may;
}

/* Root and supervisors, whose workers must die, find a place when tools have taken the others. */
static struct hd_client **free_place(struct hd_server *server, uid_t uid)
{
    uid_t executor = server->hostd->options.executor_uid;
    bool own = uid == 0 || (executor != (uid_t)-1 && uid == executor);

    for (size_t i = own ? 0 : HD_SERVER_RESERVED; i < VGPU_CTL_CLIENTS_MAX; i++) {
        if (server->clients[i] == NULL) {
            return &server->clients[i];
        }
    }
    return NULL;
}

/* Takes the connection, or closes it. */
static void take(struct hd_server *server, int fd)
{
    struct hd_client **place;
    struct ucred cred = {.pid = 0, .uid = (uid_t)-1};
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
        vgpu_fd_close(&fd);
        return;
    }
    place = free_place(server, cred.uid);
    if (place == NULL) {
        if (hd_server_may_log(server)) {
            vgpu_log(VGPU_LOG_WARNING,
                     "client turned away uid=%u pid=%d reason=\"too many are connected\"", cred.uid,
                     cred.pid);
        }
        vgpu_fd_close(&fd);
    } else {
        *place = hd_client_new(server->hostd, ++server->next_client, fd, cred.uid, cred.pid);
    }
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct hd_server *server = userdata;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)source;
    (void)revents;
    if (client >= 0) {
        take(server, client);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        vgpu_log(VGPU_LOG_ERROR, "cannot accept error=\"%s\"", strerror(errno));
    }
    return 0;
}

int hd_server_open(struct hd_server *server, struct hd_hostd *hostd)
{
    const struct hd_options *options = &hostd->options;
    const struct hd_listener_access access = {
        .mode = options->settings.socket_mode, .uid = (uid_t)-1, .gid = options->socket_gid};
    char why[HD_WHY_MAX];
    int rc;

    server->hostd = hostd;
    server->lines = (struct vgpu_ratelimit)VGPU_RATELIMIT_INIT(CLIENT_LINES, VGPU_NS_PER_S);
    server->fd = hd_listener_open(options->settings.socket, &access, why, sizeof(why));
    if (server->fd < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot listen: %s", why);
        return server->fd;
    }
    rc = sd_event_add_io(hostd->event, &server->source, server->fd, EPOLLIN, on_connect, server);
    vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s", options->settings.socket);
    return rc < 0 ? rc : 0;
}

void hd_server_answer(struct hd_server *server, uint64_t client, uint32_t id, int error,
                      const char *text)
{
    for (size_t i = 0; i < VGPU_CTL_CLIENTS_MAX; i++) {
        if (server->clients[i] != NULL && hd_client_number(server->clients[i]) == client) {
            hd_client_answer(server->clients[i], id, error, text);
        }
    }
}

void hd_server_drop(struct hd_server *server, struct hd_client *client)
{
    for (size_t i = 0; i < VGPU_CTL_CLIENTS_MAX; i++) {
        if (server->clients[i] == client) {
            server->clients[i] = NULL;
        }
    }
    hd_client_free(client);
}

void hd_server_close(struct hd_server *server)
{
    for (size_t i = 0; i < VGPU_CTL_CLIENTS_MAX; i++) {
        if (server->clients[i] != NULL) {
            hd_server_drop(server, server->clients[i]);
        }
    }
    server->source = sd_event_source_disable_unref(server->source);
    if (server->fd >= 0) {
        vgpu_fd_close(&server->fd);
        (void)unlink(server->hostd->options.settings.socket);
    }
}
