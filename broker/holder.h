/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_HOLDER_H
#define BR_HOLDER_H

/*
 * Who has a session's channel on the guest's side: a process with a socket of its own
 * (guest.h), or a virtual machine (seat.h).
 *
 *   holder made ──br_session_new()──► holds ──br_session_let_go(), dismiss──► holds no more
 *                                                                                │
 *                    release, at the end of a turn: ◄── session dead, worker reaped ┘
 *
 * A holder embeds this struct and is freed by its release().
 */

#include <stdbool.h>

#include "common/log.h"

struct br_channel;
struct br_holder;
struct br_session;
struct br_share;

/* Room for what a holder is called in log lines. */
#define BR_HOLDER_WHO_MAX 112

struct br_holder_ops {
    /* Hands out the channel of holder->session, which is ready for its guest.  0 or -errno. */
    int (*grant)(struct br_holder *holder);
    /* The broker ends it with the guest: lets go where the broker alone can (holds is false then).
     */
    void (*dismiss)(struct br_holder *holder);
    /* The session is over and about to be freed: takes what it needs of the channel (a descriptor
     * taken is -1 afterwards), frees the holder then or later. */
    void (*release)(struct br_holder *holder, struct br_channel *channel);
};

struct br_holder {
    const struct br_holder_ops *ops;
    struct br_share *share;          /* of its machine, or of this host */
    struct br_session *session;      /* from br_session_new() to release() */
    uint64_t tenant;                 /* whose cached code its sessions may use (cache.h) */
    bool holds;                      /* the guest may still use the channel */
    struct vgpu_ratelimit *warnings; /* of lines about misuse; borrowed */
    struct vgpu_ratelimit *lines;    /* of lines about the session's life; NULL: all are written */
    char who[BR_HOLDER_WHO_MAX];     /* "vm=alpha channel=3", for logs */
};

#endif
