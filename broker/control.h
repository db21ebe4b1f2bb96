/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_CONTROL_H
#define BR_CONTROL_H

/*
 * The control socket's clients: tools that read, and vgpu-hostd, which also commands
 * (docs/specs/wire.md, "Control").
 *
 *   vgpuctl, ... ──► client ──CtlAsk──► rows of the broker's state (control_rows.h)
 *   vgpu-hostd ────► client ──VmSet…──► machines, pools (control_host.h)
 *                           ◄──VmPeer── a device came or left
 *
 * An answer goes out in pieces, one in a turn of the loop for all clients, and only when the
 * client has read the piece before: no client costs more than its buffers, nobody waits
 * for one.  What is told of devices waits in the machines until vgpu-hostd has read what it was
 * told before: a device that comes and goes all the time fills no buffer.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "broker/control_client.h"
#include "common/log.h"
#include "proto/limits.h"

/* Of the places, kept for root's and the broker's own account: tools that hang do not keep
 * vgpu-hostd out. */
#define BR_CONTROL_RESERVED 4u
/* One piece of an answer. */
#define BR_CONTROL_PIECE 16384u

struct br_broker;
struct br_vm;

struct br_control {
    struct br_broker *broker;
    struct br_control_list clients;
    struct br_control_list busy; /* with an answer under way and room to send */
    uint32_t count;
    uint32_t tracers;               /* clients with a trace: the one comparison of the hot path */
    uid_t uid;                      /* the broker's own */
    struct br_control_client *host; /* vgpu-hostd; NULL: none */
    uint32_t stall_ms;              /* BR_CONTROL_STALL_MS; tests shorten it */
    struct vgpu_ratelimit lines;
    bool peers_due; /* some machine's peer_due is set */
    uint8_t piece[BR_CONTROL_PIECE];
};

/* With br_broker_new(); `broker` is borrowed. */
void br_control_init(struct br_control *control, struct br_broker *broker);

/* A client has connected: takes `fd`.  Closed at once when there is no place. */
void br_control_connect(struct br_control *control, int fd, pid_t pid, uid_t uid);

/* Sends one piece to the client that has waited longest, and what vgpu-hostd is to be told; once a
 * turn of the loop. */
void br_control_turn(struct br_control *control);

/* Something can be sent: the loop must not sleep. */
static inline bool br_control_is_busy(const struct br_control *control)
{
    return !TAILQ_EMPTY(&control->busy) ||
           (control->peers_due && control->host != NULL && control->host->link.out == NULL);
}

/* Has vgpu-hostd, if it is there, told who is connected as this machine. */
void br_control_tell_peer(struct br_control *control, struct br_vm *vm);

/* Ends every client; the broker stops. */
void br_control_stop(struct br_control *control);

/* Whether a line that a client caused may be logged. */
bool br_control_may_log(struct br_control *control);

/* Most bytes of heap that clients can make the broker take. */
uint64_t br_control_memory_bound(void);

#endif
