/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_FRAME_SOCKET_H
#define VGPU_FRAME_SOCKET_H

/*
 * Frames with descriptors over an AF_UNIX stream socket, for parties that are plain
 * threads (guest, supervisor, worker).  A frame that carries descriptors goes out in
 * one sendmsg with them; received descriptors queue in order, the handler of a frame
 * takes the ones its kind carries.  More than VGPU_FRAME_FDS_MAX queued, a truncated
 * control message or any error closes them all.
 *
 * One thread at a time may receive and one may send.
 */

#include <sys/socket.h>

#include "proto/frame.h"

struct vgpu_frame_socket {
    int fd;
    struct ucred sender; /* of what was filled last, where SO_PASSCRED is on; else pid 0 */
    struct vgpu_frame_reader reader;
    int fds[VGPU_FRAME_FDS_MAX];
    unsigned int fd_count;
    uint8_t *out; /* packing buffer, made at the first send */
};

/* Takes `fd`. */
void vgpu_frame_socket_init(struct vgpu_frame_socket *socket, int fd);

/* Closes the socket and every descriptor still queued. */
void vgpu_frame_socket_fini(struct vgpu_frame_socket *socket);

/* Sends one frame and lends it `fd_count` descriptors.  Blocks until all is written.  0, -EPIPE
 * (peer gone; no SIGPIPE), -EMSGSIZE, -ENOMEM or another -errno. */
int vgpu_frame_socket_send(struct vgpu_frame_socket *socket, const Vgpu__Frame *frame,
                           const int *fds, unsigned int fd_count);

/* One recvmsg into the reader.  `flags` as recvmsg (MSG_DONTWAIT).  Bytes read, 0 at end of file,
 * -EAGAIN, -EPROTO (too many or truncated descriptors) or another -errno. */
ssize_t vgpu_frame_socket_fill(struct vgpu_frame_socket *socket, int flags);

/* As vgpu_frame_reader_next on what was filled. */
int vgpu_frame_socket_next(struct vgpu_frame_socket *socket, Vgpu__Frame **frame);

/* Blocks for the next frame.  0, -ECONNRESET at end of file, -EPROTO, -ENOMEM. */
int vgpu_frame_socket_receive(struct vgpu_frame_socket *socket, Vgpu__Frame **frame);

/* Takes the oldest queued descriptor (owned, close-on-exec), or -1. */
int vgpu_frame_socket_take_fd(struct vgpu_frame_socket *socket);

#endif
