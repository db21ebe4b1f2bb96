/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_CHILD_H
#define EX_SUPERVISOR_CHILD_H

/*
 * A process that runs the driver for a supervisor: a worker or a probe.  It is known by its pidfd,
 * which no other process can come to stand for, and heard through its pipe.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/frame_socket.h"

struct ex_child {
    pid_t pid;                       /* for logs and /proc; 0: not known yet */
    int pidfd;                       /* -1: not known yet */
    struct vgpu_frame_socket socket; /* our end of its pipe; fd -1 when that was handed on */
    uint64_t nonce;                  /* of WorkerStart, where the source sends it */
    uint32_t filters;                /* seccomp filters that it had before it could load its own */
    bool probe;
    bool hearsay; /* named by the broker: only vgpu-hostd, which looks what it is, may kill it */
    char why[VGPU_TEXT_BYTES_MAX]; /* what the source found wrong; "" if nothing */
};

/* Raises this process's limit of descriptors as far as it may: a child takes two. */
void ex_child_make_room(void);

/* All unknown; takes the pipe. */
void ex_child_init(struct ex_child *child, int pipe);

/* Closes what it holds; the process is not touched. */
void ex_child_fini(struct ex_child *child);

/* Opens the pidfd of process `pid`.  0 or -errno. */
int ex_child_identify(struct ex_child *child, pid_t pid);

/* Waits up to timeout_ms (-1: for good) for the end of the process.  True when it has ended, or is
 * not known. */
bool ex_child_ended(const struct ex_child *child, int timeout_ms);

#endif
