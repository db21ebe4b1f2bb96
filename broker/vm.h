/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_VM_H
#define BR_VM_H

/*
 * A virtual machine: a name of the configuration or of vgpu-hostd, at most one connection
 * of its device (vgpu-cuda in its QEMU; docs/specs/device.md), and a seat for each channel
 * in use.  One that is removed is freed when its last session is.
 *
 *        QEMU ──connection──► vm ──seats──► session, session, ...
 *
 * The machine is known by its socket.  What the device says of itself is for logs; what
 * it does against the rules ends the connection, and with it the machine's sessions.
 * QEMU goes on and connects again.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/beat.h"
#include "broker/link.h"
#include "broker/roster.h"
#include "broker/share.h"
#include "broker/vm_phase.h"
#include "common/log.h"
#include "proto/device.h"

struct br_broker;
struct br_door;
struct br_seat;

/* How often the holder words are looked at, while a channel is open. */
#define BR_VM_SCAN_MS 1000u

/* Rooms for texts about a machine; those of a device are for people (common/text.h). */
#define BR_VM_IDENTITY_TEXT 96
#define BR_VM_QEMU_TEXT     80

struct br_vm_stats {
    uint64_t connections; /* welcomed */
    uint64_t turned_away; /* a second connection, another account */
    uint64_t opens;
    uint64_t refused; /* opens that got no session */
    uint64_t deaths;  /* holders that ended without a close */
    uint64_t resets;
    uint64_t beats;
    uint64_t misuses;
};

/* What its device was told of so far. */
struct br_vm_told {
    uint64_t doorbells;
    uint64_t calls;
    uint64_t frames;
};

struct br_vm {
    TAILQ_ENTRY(br_vm) entry; /* in broker->vms, or in its graveyard */
    struct br_broker *broker;
    uint64_t id; /* never used again; the list is in its order */
    bool from_hostd;
    bool named;    /* by vgpu-hostd, since HostBegin */
    bool peer_due; /* vgpu-hostd is to be told who is connected */
    bool removed;
    bool closing;         /* its timer is being closed, by which it is freed */
    struct br_door *door; /* its socket, owned; NULL: none */
    char socket[BR_VM_PATH_MAX + 1];
    char identity[BR_VM_IDENTITY_TEXT]; /* of the process that is connected */
    uint32_t revision;                  /* of its device, as the last DeviceHello says */
    char qemu[BR_VM_QEMU_TEXT];
    char who[sizeof("vm=") + BR_VM_NAME_MAX]; /* "vm=NAME", for logs */
    struct br_share share;
    enum br_vm_phase phase;
    struct br_link link;
    uint64_t tenant; /* in the cache */
    pid_t pid;       /* of the peer, for logs */
    uid_t uid;
    uv_timer_t timer; /* greeting, gone: time runs out; up: the next scan */
    bool scanning;
    bool silent;       /* the last connection said nothing, which was logged */
    uint32_t channels; /* while up */
    uint64_t channel_bytes;
    struct br_seat *seats[VGPU_DEVICE_CHANNELS_MAX];
    uint32_t epochs[VGPU_DEVICE_CHANNELS_MAX]; /* of the last ChannelOpen */
    struct vgpu_ratelimit warnings;            /* one machine cannot silence another's lines */
    struct vgpu_ratelimit lines;
    struct vgpu_ratelimit connects; /* lines about connections that nothing is known of yet */
    struct br_vm_stats stats;
    uint32_t seat_count; /* with detached ones */
    struct br_vm_told told;
    bool takes_took; /* the device knows Took */
    struct br_beat beat;
};

TAILQ_HEAD(br_vm_list, br_vm);

/* For br_broker_add_vm().  NULL: no memory. */
struct br_vm *br_vm_new(struct br_broker *broker, const char *name);

/* Its name, borrowed. */
static inline const char *br_vm_name(const struct br_vm *vm)
{
    return vm->who + sizeof("vm=") - 1;
}

/* What in the machine is older than this broker: "", "device", "library" or "device, library". */
const char *br_vm_restart_needed(const struct br_vm *vm);

/* A device has connected: takes `fd`.  Closed at once while another connection lives. */
void br_vm_connect(struct br_vm *vm, int fd, pid_t pid, uid_t uid);

/* Closes `fd`, whose peer may not connect, and logs why. */
void br_vm_turn_away(struct br_vm *vm, int fd, pid_t pid, uid_t uid, const char *why);

/* br_share_set(), for the machine: from then on it is known to the registry. */
int br_vm_set_policy(struct br_vm *vm, const struct br_policy *policy, char *why, size_t cap);

/* Ends the connection and the machine's sessions; without one, nothing happens. */
void br_vm_end(struct br_vm *vm, const char *why);

/* The host has found that who is connected is not this machine: ends the connection. */
void br_vm_expel(struct br_vm *vm, const char *what);

/* The device broke the protocol: counts, logs (rate limited), ends the connection. */
void br_vm_misuse(struct br_vm *vm, const char *what);

/* Sends a frame and lends descriptors.  0, or -errno and the connection is ended: a device that
 * does not read. */
int br_vm_send(struct br_vm *vm, const Vgpu__Frame *frame, const int *fds, unsigned int fd_count);

/* Sends ChannelFree. */
void br_vm_send_free(struct br_vm *vm, uint32_t channel, uint32_t epoch);

/* Lets go of every channel: the machine was reset. */
void br_vm_let_go_all(struct br_vm *vm, const char *why);

/* Starts or stops the scan for holders that died, as channels are open or not. */
void br_vm_watch(struct br_vm *vm);

/* Time allowed in a phase that the device must leave by itself. */
void br_vm_limit_phase(struct br_vm *vm);

/* Logs one line of figures. */
void br_vm_log_stats(const struct br_vm *vm);

/* Most bytes of heap that one machine can make the broker take, its sessions apart. */
uint64_t br_vm_memory_bound(void);

/* Ends the connection, closes socket and timer; the broker stops. */
void br_vm_stop(struct br_vm *vm);

/* For br_broker_remove_vm(): ends the connection and closes the socket. */
void br_vm_remove(struct br_vm *vm, const char *why);

/* Has a removed machine freed once its last seat is. */
void br_vm_reap(struct br_vm *vm);

/* Frees a stopped machine whose loop has run empty. */
void br_vm_free(struct br_vm *vm);

#endif
