/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_WORKER_H
#define BR_WORKER_H

/*
 * A worker process as the broker sees it: its pipe, and the session that it serves.
 * It exists from WorkerReady until its supervisor says WorkerGone.  A worker whose
 * supervisor is gone is an orphan: it ends by the parent-death signal, nobody tells of
 * it, and it counts as reaped when its pipe ends, which is after its memory is unmapped.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/link.h"
#include "broker/worker_cache.h"
#include "proto/cuda_enums.h"
#include "vgpu.pb-c.h"

struct br_broker;
struct br_gpu;
struct br_session;

struct br_worker {
    TAILQ_ENTRY(br_worker) entry; /* in gpu->workers, or in one of the broker's lists */
    struct br_broker *broker;
    struct br_gpu *gpu; /* NULL: an orphan */
    uint32_t slot;      /* of its GPU, of an orphan too */
    uint32_t id;
    uint32_t pid;
    bool no_new_privs; /* the layers that lock it, as its supervisor read them */
    uint32_t seccomp_mode;
    uint32_t landlock_abi;
    struct br_link link;
    struct br_worker_cache cache;
    struct br_session *session; /* NULL: a spare, or killed after its session let go */
    bool killed;                /* its end was asked for: what it still says is dropped */
    bool gone;                  /* WorkerGone came; settled at the end of the turn */
    bool crashed;               /* it ended, and nobody had asked for that */
};

TAILQ_HEAD(br_worker_list, br_worker);

/* Files a spare that its supervisor announced; takes `fd`.  0, or -errno and `fd` is closed. */
int br_worker_new(struct br_gpu *gpu, const Vgpu__WorkerReady *ready, int fd);

/* Gives a spare to a session: sends Attach with the channel's memfd.  0 or -errno. */
int br_worker_attach(struct br_worker *worker, struct br_session *session);

/* Asks the supervisor to kill it, once, and says no more; its pipe stays until it ends. */
void br_worker_kill(struct br_worker *worker);

/* For the end of a turn, of a worker in broker->gone_workers.  Reaped: reads what it sent last,
 * tells the session, has it freed.  Else its supervisor is gone: it becomes an orphan. */
void br_worker_settle(struct br_worker *worker);

/* Nobody waits for an orphan any more: the broker stops. */
void br_worker_abandon(struct br_worker *worker);

/* Counts a worker that ended unasked, once. */
void br_worker_crashed(struct br_worker *worker);

/* Frees a removed worker; for the broker. */
void br_worker_free(struct br_worker *worker);

/* True for the results after which a context is of no more use, as native's are. */
bool br_worker_is_sticky(int32_t result);

#endif
