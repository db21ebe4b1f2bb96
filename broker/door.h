/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_DOOR_H
#define BR_DOOR_H

/* A machine's socket, where its device connects.  Owned by the machine (vm->door). */

#include <stdint.h>

struct br_broker;
struct br_door;
struct br_vm;

/* Binds `path` and gives the machine a door there, with the broker's vm_access.  0 or -errno: as
 * br_listener_open(). */
int br_door_bind(struct br_broker *broker, struct br_vm *vm, const char *path, uint32_t mode);

/* Makes a door of a socket that vgpu-hostd has bound: takes `fd`, a listening AF_UNIX stream, and
 * gives *door, for br_door_hang() or br_door_close().  0; -ENOTSOCK when it is not that; or another
 * -errno.  On failure `fd` is closed. */
int br_door_adopt(struct br_broker *broker, int fd, struct br_door **door);

/* Gives it to a machine, whose former door is closed. */
void br_door_hang(struct br_door *door, struct br_vm *vm);

/* Closes it and frees it when the loop is through with it.  Its file stays. */
void br_door_close(struct br_door *door);

#endif
