/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_VM_SOCKET_H
#define HD_VM_SOCKET_H

/*
 * The socket where one machine's device connects: a file, and the listening descriptor
 * that the broker gets.  The descriptor is kept, so a broker that comes back gets the same
 * socket; the file of a broker that went on while vgpu-hostd was away is adopted.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "hostd/listener.h"
#include "hostd/machine.h"

struct hd_vm_socket {
    char path[HD_PATH_MAX + 1]; /* for people and for the broker's rows; empty: not open */
    int dir;                    /* the folder, owned */
    int listener;               /* owned; -1: the broker alone listens */
    dev_t dev;                  /* which file it is */
    ino_t ino;
};

/* Not open. */
void hd_vm_socket_init(struct hd_vm_socket *vm_socket);

/* Makes the socket.  `dir` is taken: the folder of the path, or -1 to open it.  0, or -errno with a
 * line in `why`. */
int hd_vm_socket_open(struct hd_vm_socket *vm_socket, const char *path, int dir,
                      const struct hd_listener_access *access, char *why, size_t cap);

/* Takes over a file where the broker listens already.  `dir` as above.  0 or -errno. */
int hd_vm_socket_adopt(struct hd_vm_socket *vm_socket, const char *path, int dir);

static inline bool hd_vm_socket_is_open(const struct hd_vm_socket *vm_socket)
{
    return vm_socket->path[0] != '\0';
}

/* The file is still the one that was made. */
bool hd_vm_socket_is_there(const struct hd_vm_socket *vm_socket);

/* Gives the file this owner, group and mode: -1 means this process's.  1 when that changed it, 0
 * when it had them, or -errno. */
int hd_vm_socket_set_access(const struct hd_vm_socket *vm_socket,
                            const struct hd_listener_access *access);

/* Closes it, and removes its file if that is still the one. */
void hd_vm_socket_remove(struct hd_vm_socket *vm_socket);

/* Closes it; the file stays. */
void hd_vm_socket_close(struct hd_vm_socket *vm_socket);

#endif
