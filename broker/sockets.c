/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/door.h"
#include "broker/inherited.h"
#include "common/fd.h"
#include "common/log.h"

#define SUPERVISORS_MODE 0600u
/* Who may open it may read what every machine does, and nothing else. */
#define CONTROL_MODE 0660u
#define ANY_GROUP    ((gid_t)-1)

/* ---- who connects ----------------------------------------------------------- */

static void on_guest(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_sockets *sockets = listener->owner;

    if (br_broker_passes(&sockets->broker->connect_limit, "of=guests")) {
        vgpu_log(VGPU_LOG_INFO, "[SOCKET] New connection guest=local pid=%d uid=%u", (int)pid,
                 (unsigned int)uid);
    }
    br_broker_add_guest(sockets->broker, fd);
}

static void on_supervisor(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_sockets *sockets = listener->owner;

    if (listener->path != NULL && uid != 0 && uid != sockets->uid) {
        if (br_broker_may_log(sockets->broker)) {
            vgpu_log(VGPU_LOG_WARNING, "supervisor of another account refused pid=%d uid=%u",
                     (int)pid, (unsigned int)uid);
        }
        vgpu_fd_close(&fd);
        return;
    }
    br_broker_add_supervisor(sockets->broker, fd);
}

static void on_control(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    struct br_sockets *sockets = listener->owner;

    br_control_connect(&sockets->broker->control, fd, pid, uid);
}

/* ---- life ------------------------------------------------------------------- */

/* What to do about a socket that cannot be. */
static const char *cure_of(int rc)
{
    switch (rc) {
    case -ENOENT:
        return "its folder is not there: systemd-tmpfiles --create, or set another path";
    case -EADDRINUSE:
        return "another process listens there: end it, or set another path";
    case -EEXIST:
        return "a file is there that is no socket: move it, or set another path";
    case -EACCES:
    case -EPERM:
        return "this account may not: start it as root or by systemd, or set another path";
    default:
        return "set another path";
    }
}

static void tell_failed(const char *path, int rc)
{
    vgpu_log(VGPU_LOG_ERROR, "cannot listen path=%s error=\"%s\" why=\"%s\"", path, strerror(-rc),
             cure_of(rc));
}

static int open_one(struct br_listener *listener, uv_loop_t *loop, const char *path, uint32_t mode,
                    gid_t gid)
{
    int rc = br_listener_open(listener, loop, path, mode, gid);

    if (rc < 0) {
        tell_failed(path, rc);
    } else {
        vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s", path);
    }
    return rc;
}

/* What a passed socket is bound to, as the kernel says. */
static void tell_passed(int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    char path[4 * sizeof(address.sun_path)];

    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.sun_family == AF_UNIX) {
        vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s",
                 vgpu_log_escape(path, sizeof(path), address.sun_path,
                                 strnlen(address.sun_path, sizeof(address.sun_path))));
    }
}

/* One that is passed on or, if it was not, bound. */
static int open_or_take(struct br_listener *listener, uv_loop_t *loop, int passed, const char *path,
                        uint32_t mode, gid_t gid)
{
    int rc;

    if (passed < 0) {
        return open_one(listener, loop, path, mode, gid);
    }
    tell_passed(passed);
    rc = br_listener_adopt(listener, loop, passed);
    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot use the passed socket instead of path=%s error=\"%s\"",
                 path, strerror(-rc));
    }
    return rc;
}

static int take_tmp(struct br_sockets *sockets, uv_loop_t *loop, int passed)
{
    if (passed < 0) {
        return 0;
    }
    tell_passed(passed);
    return br_listener_adopt(&sockets->guests_tmp, loop, passed);
}

static int open_door(struct br_sockets *sockets, const struct br_roster_entry *entry, uint32_t mode)
{
    struct br_vm *vm = br_broker_add_vm(sockets->broker, entry->name);
    int rc = vm == NULL ? -ENOMEM : br_door_bind(sockets->broker, vm, entry->path, mode);

    if (rc < 0) {
        tell_failed(entry->path, rc);
    }
    sockets->door_count += rc == 0;
    return rc;
}

static int open_doors(struct br_sockets *sockets, const struct br_options *options)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < options->roster.count; i++) {
        rc = open_door(sockets, &options->roster.entries[i], options->settings.vm_socket_mode);
    }
    return rc;
}

size_t br_sockets_paths(const struct br_sockets *sockets, const char **paths)
{
    const struct br_listener *own[BR_SOCKETS_OWN] = {&sockets->guests, &sockets->supervisors,
                                                     &sockets->control};
    size_t count = 0;

    for (size_t i = 0; i < BR_SOCKETS_OWN; i++) {
        if (own[i]->is_open && own[i]->path != NULL) {
            paths[count++] = own[i]->path;
        }
    }
    for (size_t i = 0; i < sockets->door_count; i++) {
        paths[count++] = sockets->roster->entries[i].path;
    }
    return count;
}

void br_sockets_remove(const struct br_sockets *sockets)
{
    const char **paths = calloc(BR_SOCKETS_OWN + sockets->door_count, sizeof(*paths));
    size_t count = paths != NULL ? br_sockets_paths(sockets, paths) : 0;

    for (size_t i = 0; i < count; i++) {
        br_listener_remove(paths[i]);
    }
    free(paths);
}

static void set_handlers(struct br_sockets *sockets)
{
    sockets->control.owner = sockets;
    sockets->control.on_connect = on_control;
    sockets->guests.owner = sockets;
    sockets->guests.on_connect = on_guest;
    sockets->guests_tmp.owner = sockets;
    sockets->guests_tmp.on_connect = on_guest;
    sockets->supervisors.owner = sockets;
    sockets->supervisors.on_connect = on_supervisor;
}

int br_sockets_open(struct br_sockets *sockets, struct br_broker *broker, uv_loop_t *loop,
                    const struct br_options *options, struct br_inherited *inherited)
{
    const struct br_settings *settings = &options->settings;
    int rc;

    sockets->broker = broker;
    sockets->uid = geteuid();
    sockets->roster = &options->roster;
    broker->vm_access = options->vm_access;
    set_handlers(sockets);
    rc = open_or_take(&sockets->supervisors, loop, br_inherited_take(inherited, "executor"),
                      settings->executor_socket, SUPERVISORS_MODE, ANY_GROUP);
    if (rc == 0) {
        rc = open_or_take(&sockets->guests, loop, br_inherited_take(inherited, "broker"),
                          settings->socket, settings->socket_mode, ANY_GROUP);
    }
    if (rc == 0) {
        rc = open_or_take(&sockets->control, loop, br_inherited_take(inherited, "control"),
                          settings->control_socket, CONTROL_MODE, options->control_gid);
    }
    if (rc == 0) {
        rc = take_tmp(sockets, loop, br_inherited_take(inherited, "tmp"));
    }
    return rc == 0 ? open_doors(sockets, options) : rc;
}

void br_sockets_close(struct br_sockets *sockets)
{
    br_listener_close(&sockets->guests);
    br_listener_close(&sockets->guests_tmp);
    br_listener_close(&sockets->supervisors);
    br_listener_close(&sockets->control);
}
