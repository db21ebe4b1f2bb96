/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_GPU_H
#define BR_GPU_H

/*
 * A supervisor on the executor socket, and the GPU that it registered: facts,
 * workers, and the opens that wait for one.  A GPU keeps its slot (its ordinal for
 * new guests) when its supervisor goes and comes back.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "broker/link.h"
#include "broker/session.h"
#include "broker/worker.h"
#include "vgpu.pb-c.h"

struct br_broker;

struct br_gpu {
    TAILQ_ENTRY(br_gpu) entry; /* in broker->gpus, or in its graveyard */
    struct br_broker *broker;
    struct br_link link;
    uv_timer_t *timer; /* runs out where no Register comes; NULL afterwards */
    bool registered;
    bool proven;  /* a worker of it has passed its self-test */
    bool leaving; /* its supervisor stops when the sessions that it has are over */
    bool ended;
    uint32_t slot;
    uint32_t pid;             /* of the supervisor, as it says */
    Vgpu__DeviceFacts *facts; /* owned copy */
    uint64_t memory_quota;    /* device memory of a session in bytes; 0: the card's */
    struct br_worker_list workers;
    uint32_t worker_count;
    struct br_session_list waiting; /* opens, first come first served */
    uint32_t waiting_count;
};

TAILQ_HEAD(br_gpu_list, br_gpu);

/* A supervisor connected; takes `fd`.  0, or -errno and `fd` is closed. */
int br_gpu_new(struct br_broker *broker, int fd);

/* The supervisor is gone or broken: its workers are orphans, their sessions end. */
void br_gpu_end(struct br_gpu *gpu, const char *why);

/* A session wants a worker: gives it a spare, or queues it and asks the supervisor. */
void br_gpu_open(struct br_gpu *gpu, struct br_session *session);

/* The session does not wait any more. */
void br_gpu_forget(struct br_session *session);

/* No worker will come for those that wait for one of this GPU. */
void br_gpu_refuse_waiting(struct br_gpu *gpu, int32_t cu, const char *reason);

/* Sends a control frame to the supervisor; ends the GPU when it cannot be sent. */
void br_gpu_send(struct br_gpu *gpu, const Vgpu__Frame *frame);

/* Frees an ended GPU; for the broker. */
void br_gpu_free(struct br_gpu *gpu);

#endif
