/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_SERVER_H
#define HD_SERVER_H

/*
 * vgpu-hostd's own socket: tools connect, say CtlHello, ask and change.  A supervisor's
 * connection has one frame, KillWorker.  Clients are bounded, and one that says nothing at first,
 * does not read, or breaks a rule of the protocol, loses its connection.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/log.h"
#include "hostd/client.h"
#include "proto/limits.h"

/* Places that only root and supervisors get. */
#define HD_SERVER_RESERVED 8u

struct hd_hostd;

struct hd_server {
    struct hd_hostd *hostd;
    int fd;
    sd_event_source *source;
    struct hd_client *clients[VGPU_CTL_CLIENTS_MAX];
    uint64_t next_client;
    struct vgpu_ratelimit lines; /* that clients cause */
};

/* Binds the socket of the settings, with its group and mode, and listens.  A file that a dead
 * process left is replaced.  0 or -errno, with a line in the log. */
int hd_server_open(struct hd_server *server, struct hd_hostd *hostd);

/* CtlEnd to this client, if it is still there; it may then go on asking. */
void hd_server_answer(struct hd_server *server, uint64_t client, uint32_t id, int error,
                      const char *text);

/* Whether a line that a client caused may be logged now; says how many were not. */
bool hd_server_may_log(struct hd_server *server);

/* The client's connection is over: frees it. */
void hd_server_drop(struct hd_server *server, struct hd_client *client);

/* Closes everything and removes the socket's file. */
void hd_server_close(struct hd_server *server);

#endif
