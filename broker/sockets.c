/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/fd.h"
#include "common/log.h"

#define SUPERVISORS_MODE 0600u
#define ANY_GROUP        ((gid_t)-1)

/* A machine's socket. */
struct br_door {
    struct br_listener listener;
    struct br_vm *vm;
    const struct br_vm_access *access;
};

/* ---- who connects ----------------------------------------------------------- */

static void on_guest(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_sockets *sockets = listener->owner;

    vgpu_log(VGPU_LOG_DEBUG, "guest connected pid=%d uid=%u", (int)pid, (unsigned int)uid);
    br_broker_add_guest(sockets->broker, fd);
}

static void on_supervisor(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_sockets *sockets = listener->owner;

    if (uid != 0 && uid != sockets->uid) {
        vgpu_log(VGPU_LOG_WARNING, "supervisor of another account refused pid=%d uid=%u", (int)pid,
                 (unsigned int)uid);
        vgpu_fd_close(&fd);
        return;
    }
    br_broker_add_supervisor(sockets->broker, fd);
}

static void on_machine(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_door *door = listener->owner;

    if (!door->access->any_user && uid != 0 && uid != door->access->uid) {
        br_vm_turn_away(door->vm, fd, pid, uid, "another account than broker.vm_user");
        return;
    }
    br_vm_connect(door->vm, fd, pid, uid);
}

/* ---- life ------------------------------------------------------------------- */

static int open_one(struct br_listener *listener, uv_loop_t *loop, const char *path, uint32_t mode,
                    gid_t gid)
{
    int rc = br_listener_open(listener, loop, path, mode, gid);

    if (rc < 0) {
        vgpu_log(VGPU_LOG_ERROR, "cannot listen path=%s error=\"%s\"", path, strerror(-rc));
    }
    return rc;
}

static int open_door(struct br_sockets *sockets, uv_loop_t *loop,
                     const struct br_roster_entry *entry, uint32_t mode)
{
    struct br_door *door = &sockets->doors[sockets->door_count];
    int rc;

    door->vm = br_broker_add_vm(sockets->broker, entry->name);
    if (door->vm == NULL) {
        return -ENOMEM;
    }
    door->access = &sockets->vm_access;
    door->listener.owner = door;
    door->listener.on_connect = on_machine;
    rc = open_one(&door->listener, loop, entry->path, mode, sockets->vm_access.gid);
    sockets->door_count += rc == 0;
    return rc;
}

static int open_doors(struct br_sockets *sockets, uv_loop_t *loop, const struct br_options *options)
{
    const struct br_roster *roster = &options->roster;
    int rc = 0;

    if (roster->count == 0) {
        return 0;
    }
    sockets->doors = calloc(roster->count, sizeof(*sockets->doors));
    if (sockets->doors == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < roster->count; i++) {
        rc = open_door(sockets, loop, &roster->entries[i], options->settings.vm_socket_mode);
    }
    return rc;
}

void br_sockets_remove(const struct br_sockets *sockets)
{
    if (sockets->guests.is_open) {
        br_listener_remove(sockets->guests.path);
    }
    if (sockets->supervisors.is_open) {
        br_listener_remove(sockets->supervisors.path);
    }
    for (size_t i = 0; i < sockets->door_count; i++) {
        br_listener_remove(sockets->doors[i].listener.path);
    }
}

int br_sockets_open(struct br_sockets *sockets, struct br_broker *broker, uv_loop_t *loop,
                    const struct br_options *options)
{
    const struct br_settings *settings = &options->settings;
    int rc;

    sockets->broker = broker;
    sockets->uid = geteuid();
    sockets->vm_access = options->vm_access;
    sockets->guests.owner = sockets;
    sockets->guests.on_connect = on_guest;
    sockets->supervisors.owner = sockets;
    sockets->supervisors.on_connect = on_supervisor;
    rc = open_one(&sockets->supervisors, loop, settings->executor_socket, SUPERVISORS_MODE,
                  ANY_GROUP);
    if (rc == 0) {
        rc = open_one(&sockets->guests, loop, settings->socket, settings->socket_mode, ANY_GROUP);
    }
    return rc == 0 ? open_doors(sockets, loop, options) : rc;
}

size_t br_sockets_count(const struct br_options *options)
{
    return 2 + options->roster.count;
}

void br_sockets_paths(const struct br_options *options, const char **paths)
{
    *paths++ = options->settings.socket;
    *paths++ = options->settings.executor_socket;
    for (size_t i = 0; i < options->roster.count; i++) {
        *paths++ = options->roster.entries[i].path;
    }
}

void br_sockets_close(struct br_sockets *sockets)
{
    br_listener_close(&sockets->guests);
    br_listener_close(&sockets->supervisors);
    for (size_t i = 0; i < sockets->door_count; i++) {
        br_listener_close(&sockets->doors[i].listener);
    }
}

void br_sockets_fini(struct br_sockets *sockets)
{
    free(sockets->doors);
    sockets->doors = NULL;
    sockets->door_count = 0;
}
