/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_BROKER_H
#define BR_BROKER_H

/*
 * The broker's core: sessions, virtual machines, GPUs, buffers and the turn of the
 * loop.  Connected sockets are handed to it, so it needs no name in the file system.
 * One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "broker/activity.h"
#include "broker/adopt.h"
#include "broker/batch.h"
#include "broker/cache.h"
#include "broker/control.h"
#include "broker/drain.h"
#include "broker/gpu.h"
#include "broker/link.h"
#include "broker/options.h"
#include "broker/pool.h"
#include "broker/session.h"
#include "broker/share.h"
#include "broker/stats.h"
#include "broker/vm.h"
#include "broker/wash.h"
#include "broker/worker.h"
#include "common/log.h"
#include "proto/frame.h"

/* A guest that opened a device and got no worker in this time is refused: a driver starts in well
 * under a second, a GPU that resets in some. */
#define BR_OPEN_TIMEOUT_MS 60000u

/* Remembers which GPU an ordinal is across a supervisor's restart. */
struct br_slot {
    uint8_t uuid[16];
    struct br_gpu *gpu; /* NULL while its supervisor is gone */
    bool drained;       /* gets no new sessions */
    uint64_t processed; /* call records */
    uint64_t workers_started;
    uint64_t workers_crashed; /* ended without having been told to */
    char name[96]; /* this and the next: of the supervisor that came last (common/text.h) */
    char bus[40];
    char driver[40];
    char supervisor[40]; /* version */
    char sandbox[40];    /* of the worker that came last */
    char trouble[160];   /* why the supervisor could make no worker; empty once one is ready */
    uint64_t memory_total;
    uint32_t cuda_version;
    uint32_t rival;    /* process of a second supervisor that was refused; 0: none */
    uint64_t rival_ms; /* when, as uv_now() counts */
};

struct br_broker {
    uv_loop_t *loop;
    uint64_t channel_bytes;
    uint32_t sessions_max;
    uint32_t drain_ms; /* so long a supervisor waits for sessions when it stops */
    size_t session_buffer;
    uint64_t spin_ns;
    uint32_t hello_timeout_ms;
    uint32_t spares;
    bool starting; /* spawned executors have not registered a GPU yet */
    bool stopping;

    struct br_session_list sessions;
    struct br_session_list hot;
    struct br_session_list quiet; /* doorbells that are left alone, until quiet_timer */
    uv_timer_t quiet_timer;
    struct br_session_list gated; /* wait for tokens, until gate_timer */
    uv_timer_t gate_timer;
    struct br_share_list pacing; /* have opens that wait for a worker's token, until pace_timer */
    uv_timer_t pace_timer;
    struct br_pools pools;
    struct br_pool *default_pool;
    struct br_policy default_policy; /* of who has no other */
    bool refuse_unknown;             /* machines that the registry does not know */
    struct br_share_list shares;
    struct br_share local;  /* of the processes of this host */
    uint64_t context_bytes; /* of a card that a worker takes before it allocates */
    struct br_drains drains;
    struct br_vm_list vms;
    struct br_vm_list dead_vms; /* removed; freed after their last session */
    struct br_vm_access vm_access;
    struct br_control control;
    const char *sandbox; /* what locks this process: "none", "seccomp" */
    uint64_t start_ms;   /* as uv_now() counts */
    struct br_eventfd_mark eventfd_mark;
    struct br_wash_list washes;
    struct br_gpu_list gpus;
    struct br_slot slots[VGPU_DEVICES_MAX];
    uint32_t slot_count;
    uint32_t vm_count;
    uint32_t session_count;
    uint64_t session_last;

    struct br_session_list dead_sessions; /* freed at the end of the turn */
    struct br_gpu_list dead_gpus;
    struct br_worker_list dead_workers;
    struct br_worker_list gone_workers; /* settled at the end of the turn */
    struct br_worker_list orphans;      /* their supervisor is gone, their pipe has not ended */

    uv_idle_t spin; /* runs while a session is hot or a memory is washed */
    bool spinning;
    uv_prepare_t before;
    uv_check_t after;
    uint64_t turn;

    struct br_cache cache;

    struct br_activity activity;

    struct vgpu_ratelimit misuse_limit;
    struct vgpu_ratelimit connect_limit; /* of lines about guests of this host that connect */
    struct br_stats total;               /* of ended sessions */

    struct br_link_pool pool;
    struct vgpu_arena arena;
    struct br_batch batch;
    uint8_t tx[VGPU_FRAME_PREFIX_BYTES + VGPU_FRAME_BYTES_MAX]; /* packing for sockets */
    uint8_t answer[VGPU_RECORD_BYTES_MAX];                      /* packing for rings */
};

/* Returns an owned broker on `loop` (borrowed), or NULL (no memory or descriptor).  Ignores SIGPIPE
 * from then on (in the whole process). */
struct br_broker *br_broker_new(uv_loop_t *loop, const struct br_settings *settings);

/* Busy polling as the settings say; "auto" asks the kernel for the number of CPUs. */
uint64_t br_broker_spin_ns(const struct br_settings *settings);

/* Ends every session with 719, closes every socket and the broker's own handles; once.  Run the
 * loop afterwards until it is empty. */
void br_broker_stop(struct br_broker *broker);

/* Frees a stopped broker whose loop has run empty.  NULL is accepted. */
void br_broker_free(struct br_broker *broker);

/* Adds a virtual machine that may connect (br_vm_connect()); copies its name (at most
 * BR_VM_NAME_MAX bytes).  Borrowed by the caller; NULL: no memory. */
struct br_vm *br_broker_add_vm(struct br_broker *broker, const char *name);

/* The machine of this name, or NULL. */
struct br_vm *br_broker_find_vm(const struct br_broker *broker, const char *name);

/* Ends its connection and sessions and closes its socket; freed when the loop is through with it.
 */
void br_broker_remove_vm(struct br_broker *broker, struct br_vm *vm, const char *why);

/* The number of machines, and of those with a device that has said hello. */
void br_broker_count_vms(const struct br_broker *broker, uint32_t *all, uint32_t *connected);

/* What a guest is told when br_share_admits() or making its session failed with `rc`: the
 * CUresult, and *reason in static words. */
int32_t br_broker_refusal(int rc, const char **reason);

/* A guest connected: takes `fd`, grants a channel or refuses. */
void br_broker_add_guest(struct br_broker *broker, int fd);

/* A supervisor connected: takes `fd`.  Closed at once when twice as many are connected as there can
 * be GPUs. */
void br_broker_add_supervisor(struct br_broker *broker, int fd);

/* Says whether spawned executors are on their way; ending it answers guests that waited. */
void br_broker_set_starting(struct br_broker *broker, bool starting);

/* Something was taken from a guest. */
static inline void br_broker_note(struct br_broker *broker)
{
    if (!broker->activity.running) {
        br_activity_wake(broker);
    }
}

/* Logs totals, every session's and every machine's figures. */
void br_broker_log_stats(const struct br_broker *broker);

/* What passed through since the start: of ended and living sessions. */
void br_broker_total(const struct br_broker *broker, struct br_stats *total);

/* Most bytes of heap that peers can make the broker take, by its settings; supervisors, spares and
 * the text of the metrics (metrics_text.h) apart. */
uint64_t br_broker_memory_bound(const struct br_broker *broker);

/* Whether a line that `who` caused may be logged now; says how many were not. */
bool br_broker_passes(struct vgpu_ratelimit *limit, const char *who);

/* The same by the limit of those who have none of their own. */
bool br_broker_may_log(struct br_broker *broker);

#endif
