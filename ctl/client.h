/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_CLIENT_H
#define CT_CLIENT_H

/*
 * A conversation on a control socket (docs/specs/wire.md, "Control"):
 *
 *     ct_client_open(&client, CT_SERVER_BROKER, path, &error);
 *     ct_client_ask(&client, VGPU_CTL_VMS, "", &error);
 *     while ((rc = ct_client_next(&client, &frame, &error)) > 0) { ... a row ... }
 *     ct_client_close(&client);
 *
 * Every failure fills the error with cause and cure.  One thread.
 */

#include <stdint.h>

#include "ctl/ctl.h"
#include "proto/control.h"
#include "proto/frame_socket.h"

enum ct_server { CT_SERVER_BROKER, CT_SERVER_HOSTD };

/* How long a peer may be silent while it owes something. */
#define CT_PATIENCE_MS 5000

struct ct_client {
    struct vgpu_frame_socket socket;
    enum ct_server server;
    const char *path; /* borrowed */
    char version[64]; /* of the peer, as it says */
    uint32_t pid;
    uint32_t id;      /* of the question under way */
    uint32_t refusal; /* errno of the last answer, as the peer said it; 0: none */
    int patience_ms;  /* -1: no end */
};

/* Connects and exchanges hellos.  0, or -errno with `error` set; then nothing is open. */
int ct_client_open(struct ct_client *client, enum ct_server server, const char *path,
                   struct ct_error *error);

/* Closes it; once for each successful open. */
void ct_client_close(struct ct_client *client);

/* Sends a question.  `vm`: a machine's name, or "" for all.  0 or -errno. */
int ct_client_ask(struct ct_client *client, enum vgpu_ctl_what what, const char *vm,
                  struct ct_error *error);

/* The next frame of the answer: 1 and a row, valid until the next call; 0 at a good end; -errno.
 * A refusal of the peer is -EREMOTEIO with its own text; -EINTR after a signal, when
 * the client has no end of patience. */
int ct_client_next(struct ct_client *client, Vgpu__Frame **frame, struct ct_error *error);

/* Sends a change, whose id must be ct_client_new_id(), and waits for its end.  0 or -errno. */
uint32_t ct_client_new_id(struct ct_client *client);
int ct_client_change(struct ct_client *client, const Vgpu__Frame *frame, struct ct_error *error);

#endif
