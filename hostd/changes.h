/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_CHANGES_H
#define HD_CHANGES_H

/*
 * Changes that tools ask for, one after another: checked, written into a transaction,
 * told to the broker, and then kept or taken back, whichever the broker says.
 */

#include <stdint.h>
#include <sys/types.h>

#include "hostd/change.h"

struct hd_hostd;
struct hd_request;

/* Starts zeroed. */
struct hd_changes {
    struct hd_request *first; /* the one under way, then those that wait */
    struct hd_request *last;
    bool under_way; /* the first waits for the broker */
    bool told;      /* the broker has heard of it */
    struct hd_change change;
};

/* Takes a frame of a client (VmChange, PoolChange or GpuChange), borrowed for the call.  The answer
 * goes to hd_server_answer(), perhaps before this returns.  `uid` is the client's, for the log. */
void hd_changes_ask(struct hd_hostd *hostd, uint64_t client, uid_t uid, const Vgpu__Frame *frame);

/* The broker has answered the change under way: 0, or a positive errno and why. */
void hd_changes_told(struct hd_hostd *hostd, int error, const char *text);

/* The broker came or went: goes on with what waits. */
void hd_changes_go_on(struct hd_hostd *hostd);

/* Drops what waits, unanswered. */
void hd_changes_fini(struct hd_changes *changes);

#endif
