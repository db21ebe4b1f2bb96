/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_BROKER_LINK_H
#define EX_SUPERVISOR_BROKER_LINK_H

/* The supervisor's side of the executor socket. */

#include "executor/supervisor/layers.h"
#include "proto/frame_socket.h"

#define EX_BROKER_PATIENCE_MS 5000

struct ex_broker_link {
    struct vgpu_frame_socket socket; /* fd -1: not connected */
};

/* Not connected. */
void ex_broker_link_init(struct ex_broker_link *link);

/* Connects to the AF_UNIX socket at `path`.  0 or -errno. */
int ex_broker_link_connect(struct ex_broker_link *link, const char *path);

/* Closes the connection and what it holds; may come again. */
void ex_broker_link_close(struct ex_broker_link *link);

/* Each sends one frame: 0; -EAGAIN: the broker has not read for EX_BROKER_PATIENCE_MS; or another
 * -errno. */
int ex_broker_link_register(struct ex_broker_link *link, Vgpu__DeviceFacts *facts,
                            uint64_t memory_quota);
int ex_broker_link_ready(struct ex_broker_link *link, uint32_t worker, pid_t pid, int pipe,
                         const struct ex_worker_layers *layers, uint32_t landlock_abi);
int ex_broker_link_gone(struct ex_broker_link *link, uint32_t worker, int status);
int ex_broker_link_failed(struct ex_broker_link *link, const char *reason);
int ex_broker_link_leaving(struct ex_broker_link *link);

#endif
