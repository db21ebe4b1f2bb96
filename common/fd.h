/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_FD_H
#define VGPU_COMMON_FD_H

/* File descriptors: flags, closing, and passing them over AF_UNIX sockets. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Most descriptors in one message, both ways (QEMU's own limit). */
#define VGPU_FD_MAX 16

/* Closes *fd unless negative and sets it to -1.  Keeps errno. */
void vgpu_fd_close(int *fd);

/* Closes `count` descriptors (negative ones are passed over) and sets each to -1. */
void vgpu_fd_close_many(int *fds, size_t count);

/* Sets or clears FD_CLOEXEC.  0 or -errno. */
int vgpu_fd_set_cloexec(int fd, bool on);

/* Sets or clears O_NONBLOCK.  0 or -errno. */
int vgpu_fd_set_nonblock(int fd, bool on);

/*
 * Sends len bytes (1 or more) and nfds descriptors (0 to VGPU_FD_MAX) with one
 * sendmsg().  Borrows the descriptors: the caller still closes its own.
 * Returns the bytes sent, on a stream possibly fewer than len: the descriptors
 * went with the first of them, so send the rest without descriptors.
 * -errno: nothing was sent (-EAGAIN on a full non-blocking socket, -EPIPE
 * without a signal when the peer is gone, -EINVAL on bad bounds).  Any thread.
 */
ssize_t vgpu_fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t nfds);

/*
 * Receives up to cap bytes and up to fds_cap (0 to VGPU_FD_MAX) descriptors with one
 * recvmsg().  Received descriptors are close-on-exec, stored in fds in the
 * sender's order, their number in *nfds; the caller owns them.
 * Returns the bytes read, 0 at the end of the stream, -errno on failure;
 * -EPROTO if more came than fits (bytes of a datagram, or descriptors).  On 0
 * and on failure every descriptor that came was closed and *nfds is 0.
 */
ssize_t vgpu_fd_recv(int sock, void *bytes, size_t cap, int *fds, size_t fds_cap, size_t *nfds);

/*
 * Closes every descriptor except those in keep (`count` of them, at most
 * VGPU_FD_MAX, any order, negative ones ignored).  0 or -errno.
 * For a process with one thread, before it starts its own work.
 */
int vgpu_fd_close_all_except(const int *keep, size_t count);

/* Reads the number of a descriptor from an option: *fd, 0 to 1048576, or -EINVAL. */
int vgpu_fd_parse(const char *text, int *fd);

#endif
