/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_BROKER_H
#define HD_BROKER_H

/*
 * The broker, at its control socket.  It comes and goes:
 *
 *   down ─connect─► greeting ─CtlWelcome─► asking ─rows─► telling ─HostCommit's answer─► up
 *     ▲──────────────── its end, or no answer in time; tried again ────────────────────┘
 *
 * While asking, the rows say which sockets the broker has already; while telling, it hears of
 * every pool, machine and GPU, and what is not named is removed.  Then changes one at a time.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "hostd/link.h"
#include "hostd/table.h"
#include "hostd/vm_socket.h"

/* Commands without an answer: all machines, pools and GPUs, and some more. */
#define HD_PENDING_MAX 1024

enum hd_broker_state {
    HD_BROKER_DOWN,
    HD_BROKER_GREETING,
    HD_BROKER_ASKING,
    HD_BROKER_TELLING,
    HD_BROKER_UP,
};

enum hd_pending_kind {
    HD_PENDING_VMS, /* the questions */
    HD_PENDING_POOLS,
    HD_PENDING_GPUS,
    HD_PENDING_VM,    /* a machine that was told of */
    HD_PENDING_OTHER, /* pool, GPU, HostBegin */
    HD_PENDING_GONE,  /* VmRemove of a place that went */
    HD_PENDING_COMMIT,
    HD_PENDING_CHANGE, /* of the change under way */
};

struct hd_pending {
    uint32_t id;
    enum hd_pending_kind kind;
    char name[HD_NAME_MAX + 1];
};

/* A machine that the broker has from an earlier vgpu-hostd. */
struct hd_reported {
    struct hd_machine row; /* socket is where it listens */
};

struct hd_hostd;

struct hd_broker {
    struct hd_hostd *hostd;
    struct hd_link link;
    enum hd_broker_state state;
    sd_event_source *timer; /* next try, or the time by which an answer must be here */
    uint64_t pause_us;      /* before the next try */
    bool said_down;
    struct hd_pending pending[HD_PENDING_MAX];
    size_t first;
    size_t pending_count;
    uint32_t next_id;
    struct hd_reported *reported; /* owned, VGPU_VMS_MAX */
    size_t reported_count;
};

/* Starts trying.  0 or -errno. */
int hd_broker_start(struct hd_broker *broker, struct hd_hostd *hostd);

static inline bool hd_broker_is_up(const struct hd_broker *broker)
{
    return broker->state == HD_BROKER_UP;
}

/* Neither up nor down: changes wait a moment. */
static inline bool hd_broker_is_coming(const struct hd_broker *broker)
{
    return broker->state > HD_BROKER_DOWN && broker->state < HD_BROKER_UP;
}

/* Commands; in every state but down.  `change`: the answer goes to hd_changes_told().
 * `hand_over`: with the listening descriptor.  hd_broker_set_vm() returns the command's id. */
uint32_t hd_broker_set_vm(struct hd_broker *broker, const struct hd_machine *row,
                          const struct hd_vm_socket *vm_socket, bool hand_over, bool change);
void hd_broker_remove_vm(struct hd_broker *broker, const char *name, bool change);
void hd_broker_set_pool(struct hd_broker *broker, const struct hd_pool *pool, bool change);
void hd_broker_drain(struct hd_broker *broker, const struct hd_gpu *gpu, bool change);
void hd_broker_ask(struct hd_broker *broker, uint32_t what, enum hd_pending_kind kind);
void hd_broker_begin(struct hd_broker *broker);
void hd_broker_commit(struct hd_broker *broker);
void hd_broker_identity(struct hd_broker *broker, const char *name, uint32_t pid, uint32_t verdict,
                        const char *text);

/* Notes that an answer is due; returns the id for its command.  Used by the commands. */
uint32_t hd_broker_expect(struct hd_broker *broker, enum hd_pending_kind kind, const char *name);

/* Forgets the connection and makes a new one, over which the broker hears of everything. */
void hd_broker_again(struct hd_broker *broker);

/* Closes the connection for good. */
void hd_broker_stop(struct hd_broker *broker);

#endif
