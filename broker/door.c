/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/door.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "broker/broker.h"
#include "broker/listener.h"
#include "common/fd.h"

struct br_door {
    struct br_listener listener;
    struct br_broker *broker;
    struct br_vm *vm;
};

static void on_machine(struct br_listener *listener, int fd, pid_t pid, uid_t uid)
{
    const struct br_door *door = listener->owner;
    const struct br_vm_access *access = &door->broker->vm_access;

    if (door->vm == NULL) {
        vgpu_fd_close(&fd); /* the command that brought it was refused */
        return;
    }
    if (!access->any_user && uid != 0 && uid != access->uid) {
        br_vm_turn_away(door->vm, fd, pid, uid, "another account than broker.vm_user");
        return;
    }
    br_vm_connect(door->vm, fd, pid, uid);
}

static void on_closed(struct br_listener *listener)
{
    free(listener->owner);
}

static struct br_door *make(struct br_broker *broker)
{
    struct br_door *door = calloc(1, sizeof(*door));

    if (door != NULL) {
        door->broker = broker;
        door->listener.owner = door;
        door->listener.on_connect = on_machine;
        door->listener.on_closed = on_closed;
    }
    return door;
}

void br_door_hang(struct br_door *door, struct br_vm *vm)
{
    if (vm->door != NULL) {
        br_door_close(vm->door);
    }
    door->vm = vm;
    vm->door = door;
}

int br_door_bind(struct br_broker *broker, struct br_vm *vm, const char *path, uint32_t mode)
{
    struct br_door *door = make(broker);
    int rc;

    if (door == NULL) {
        return -ENOMEM;
    }
    rc = br_listener_open(&door->listener, broker->loop, path, mode, broker->vm_access.gid);
    if (rc < 0) {
        free(door);
        return rc;
    }
    (void)snprintf(vm->socket, sizeof(vm->socket), "%s", path);
    br_door_hang(door, vm);
    vgpu_log(VGPU_LOG_INFO, "Listening on socket: %s", path);
    return 0;
}

static bool socket_has(int fd, int option, int wanted)
{
    int value;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
}

int br_door_adopt(struct br_broker *broker, int fd, struct br_door **door)
{
    bool listens = socket_has(fd, SO_DOMAIN, AF_UNIX) && socket_has(fd, SO_TYPE, SOCK_STREAM) &&
                   socket_has(fd, SO_ACCEPTCONN, 1);
    int rc;

    *door = listens ? make(broker) : NULL;
    if (*door == NULL) {
        vgpu_fd_close(&fd);
        return listens ? -ENOMEM : -ENOTSOCK;
    }
    rc = br_listener_adopt(&(*door)->listener, broker->loop, fd);
    if (rc < 0) {
        free(*door);
        *door = NULL;
    }
    return rc;
}

void br_door_close(struct br_door *door)
{
    br_listener_close(&door->listener);
}
