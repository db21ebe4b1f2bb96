/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SESSION_H
#define BR_SESSION_H

/*
 * A session: one guest process on one device.  Owns the channel; borrows a worker while
 * it has one, and its holder (holder.h) for as long as it lives.  Freed when the holder
 * has let go and the worker is reaped, at the end of the loop's turn.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "broker/bell.h"
#include "broker/channel.h"
#include "broker/holder.h"
#include "broker/ledger.h"
#include "broker/observe.h"
#include "broker/phase.h"
#include "broker/share.h"
#include "broker/stats.h"
#include "common/linger.h"
#include "proto/cuda_enums.h"
#include "proto/record.h"

struct br_broker;
struct br_gpu;
struct br_worker;

struct br_session {
    TAILQ_ENTRY(br_session) entry;        /* in broker->sessions, or in its graveyard */
    TAILQ_ENTRY(br_session) hot_entry;    /* in broker->hot while is_hot */
    TAILQ_ENTRY(br_session) wait_entry;   /* while it waits_for a GPU, or is_paced */
    TAILQ_ENTRY(br_session) quiet_entry;  /* in broker->quiet while bell.quiet */
    TAILQ_ENTRY(br_session) gate_entry;   /* in broker->gated while is_gated */
    TAILQ_ENTRY(br_session) ledger_entry; /* in its pot while ledger.is_open */
    struct br_broker *broker;
    uint64_t id;
    enum br_phase phase;
    bool is_hot;
    bool is_gated;
    bool is_paced;    /* in its share's list of opens that wait */
    bool hello_waits; /* said Hello, no GPU is registered yet */
    uint32_t notes;   /* log lines that its control frames caused */
    bool released;    /* in the graveyard */
    struct br_holder *holder;
    struct br_channel channel;
    struct br_bell bell;
    uv_timer_t *timer;
    uint64_t active_ns;        /* last record from the guest */
    struct vgpu_linger linger; /* for its next one, after the worker's word */
    uint64_t born_ms;          /* as uv_now() counts */
    uint64_t call_ms;          /* last call record; 0: none */
    uint64_t turn;             /* of the loop in which the ring was looked at last */

    uint8_t *pending; /* records that the completion ring did not take */
    size_t pending_start;
    size_t pending_end;

    struct vgpu_record request; /* of the control frame that is being answered */
    uint32_t process;           /* the guest's, as Hello says */
    char program[64];           /* for people (common/text.h), as the next */
    char library[BR_LIBRARY_TEXT];
    uint32_t candidate;
    uint32_t ordinal;                /* named in Open */
    uint8_t slots[VGPU_DEVICES_MAX]; /* ordinal -> the broker's GPU slot */
    uint32_t slot_count;
    uint32_t wanted;          /* slot of the GPU named in Open */
    struct br_gpu *waits_for; /* in its queue of waiting opens */
    struct br_worker *worker;
    uint64_t memory_used; /* device memory that the worker holds for it, as that says */
    struct br_ledger ledger;
    int32_t refusal; /* while closing: Refuse with this instead of Closed */
    struct br_stats stats;
    struct br_sample sample;
};

TAILQ_HEAD(br_session_list, br_session);

/* Makes a session for a holder and has the channel granted.  Takes `channel`, which is clear
 * afterwards; borrows `holder` until its release().  -errno: nothing was granted, the holder is the
 * caller's again. */
int br_session_new(struct br_broker *broker, struct br_holder *holder, struct br_channel *channel);

/* The slot of the GPU that its worker is on; -1: it has none. */
int br_session_slot(const struct br_session *session);

/* Device memory that it holds, as its worker says, at most the card's: sums do not overflow. */
uint64_t br_session_memory(const struct br_session *session);

/* A control frame from the ring (admitted by the phase table).  -EPROTO: broken peer. */
int br_session_on_frame(struct br_session *session, const Vgpu__Frame *frame);

/* GPUs have registered: answers a Hello that waited for that. */
void br_session_welcome_waiting(struct br_session *session);

/* Its machine may start a worker for it, which it waited for. */
void br_session_may_open(struct br_session *session);

/* A worker is there for a session that waits in its GPU's queue. */
void br_session_give_worker(struct br_session *session, struct br_worker *worker);

/* No worker will come for a session that waits in its GPU's queue. */
void br_session_refuse_open(struct br_session *session, int32_t cu, const char *reason);

/* The worker's answer to Attach. */
void br_session_on_attached(struct br_session *session, int32_t cu);

/* The worker has been reaped (or its supervisor is gone): session->worker is NULL now. */
void br_session_on_worker_gone(struct br_session *session);

/* Ends the session with a sticky result: error word, interrupt, worker killed.  The holder keeps
 * the channel until it lets go. */
void br_session_end(struct br_session *session, int32_t cu, const char *why);

/* Ends it as br_session_end() with 719 and dismisses the holder: the broker is through with it. */
void br_session_close(struct br_session *session, const char *why);

/* The holder has let go: the guest is gone.  Ends the session with 719 if it still lives; a second
 * time changes nothing. */
void br_session_let_go(struct br_session *session, const char *why);

/* The guest broke the protocol: counts, logs (rate limited), closes. */
void br_session_misuse(struct br_session *session, const char *what);

/* Frees a released session; for the broker. */
void br_session_free(struct br_session *session);

#endif
