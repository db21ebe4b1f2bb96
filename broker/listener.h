/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_LISTENER_H
#define BR_LISTENER_H

/* A listening AF_UNIX socket in the file system. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

struct br_listener {
    uv_poll_t poll;
    bool is_open;
    int fd;
    int reserve;      /* given up to accept and drop a connection when descriptors are short */
    const char *path; /* NULL: another's (br_listener_adopt()) */
    /* Takes the connected socket (close-on-exec, non-blocking). */
    void (*on_connect)(struct br_listener *listener, int fd, pid_t pid, uid_t uid);
    /* Closed, and no more used by the loop.  NULL: not wanted. */
    void (*on_closed)(struct br_listener *listener);
    void *owner;
};

/*
 * Binds `path` (borrowed) with permission bits `mode` and group `gid` ((gid_t)-1: as it is
 * made) and listens.  The file of a broker that is gone is replaced; -EADDRINUSE when one
 * still listens there, -EEXIST when the path is no socket.  0 or -errno; then the listener
 * is closed.
 */
int br_listener_open(struct br_listener *listener, uv_loop_t *loop, const char *path, uint32_t mode,
                     gid_t gid);

/* Takes a socket that listens already and that somebody else made; its file, owner and mode are
 * theirs.  Takes `fd`, also on failure: 0 or -errno. */
int br_listener_adopt(struct br_listener *listener, uv_loop_t *loop, int fd);

/* Binds a socket to a path and listens; a dead broker's file is replaced.  `gid` (gid_t)-1: as it
 * is made.  0; -EADDRINUSE: somebody listens there; or another -errno. */
int br_listener_bind(int fd, const char *path, uint32_t mode, gid_t gid);

/* Hands out what waits to be accepted, then closes.  Its file stays: br_listener_remove(). */
void br_listener_close(struct br_listener *listener);

/* Removes the socket's file. */
void br_listener_remove(const char *path);

#endif
