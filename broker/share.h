/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SHARE_H
#define BR_SHARE_H

/*
 * What the sessions of one machine have together: its policy, its buckets, its ledger of device
 * memory, its figures.  The processes of this host have one too, of the default class.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/bucket.h"
#include "broker/ledger.h"
#include "broker/observe.h"
#include "broker/policy.h"
#include "broker/pool.h"
#include "common/log.h"
#include "proto/limits.h"

struct br_broker;
struct br_session;

/* Room for a library's version. */
#define BR_LIBRARY_TEXT 40

/* Totals since the broker's start. */
struct br_share_stats {
    uint64_t processed;   /* call records */
    uint64_t round_trips; /* of those, that wait for an answer */
    uint64_t unknown;     /* of those, with an operation that no table has */
    uint64_t bytes_in;    /* call records */
    uint64_t bytes_out;   /* answers */
    uint64_t moved;       /* data that calls moved through the window (moved.h) */
    uint64_t frames;      /* in which they went to workers */
    uint64_t doorbells;
    uint64_t throttled;      /* times that a session had to wait for tokens of calls or bytes */
    uint64_t starts_delayed; /* times that one had to wait until a worker could be started for it */
    uint64_t refused;        /* sessions */
    uint64_t memory_refused;
    uint64_t misuses;      /* of its guests */
    uint64_t last_call_ms; /* by uv_now(); 0: none yet */
    uint64_t last_doorbell_ms;
};

/* Sums over its sessions, taken for the metrics. */
struct br_share_sum {
    uint64_t memory[VGPU_DEVICES_MAX];
    uint64_t to_worker; /* bytes that wait */
    uint64_t to_guest;
};

/* The same on one slot, taken for admission. */
struct br_share_on_slot {
    uint32_t sessions;
    uint64_t used;
};

struct br_share {
    TAILQ_ENTRY(br_share) entry; /* in broker->shares */
    struct br_broker *broker;
    const char *who; /* "vm=NAME", for logs; borrowed */
    struct br_policy policy;
    struct br_pool *pool; /* of policy.pool */
    bool known;           /* the registry has given it a policy */
    bool limited;         /* a bucket has a limit: the one comparison of the hot path */
    uint32_t sessions;
    struct br_bucket calls;
    struct br_bucket bytes;
    struct br_bucket starts;
    TAILQ_HEAD(, br_session) paced;     /* opens that wait for a token of starts */
    TAILQ_ENTRY(br_share) pacing_entry; /* in broker->pacing while there are any */
    struct vgpu_ratelimit pace_lines;
    struct br_pot pots[VGPU_DEVICES_MAX]; /* device memory handed out to its sessions, by slot */
    struct br_share_stats stats;
    char
        library[BR_LIBRARY_TEXT]; /* version in its guest, as the last Hello says (common/text.h) */
    struct br_share_sum sum;
    struct br_share_on_slot on_slot;
    struct br_observed observed;
};

TAILQ_HEAD(br_share_list, br_share);

/* Files a share of the default class. */
void br_share_init(struct br_share *share, struct br_broker *broker, const char *who);

/* Its machine is removed: it uses no pool of the registry any more; its sessions end. */
void br_share_retire(struct br_share *share);

/* Takes it out of the broker; it has no sessions any more. */
void br_share_fini(struct br_share *share);

/*
 * Gives it a policy, at once and for the sessions that it has: tokens count from now on, a session
 * keeps its GPU, and memory above a smaller quota is not taken away, but no more is given.  0; or
 * -ENOENT (no such pool), -EINVAL (out of bounds), -ENOSPC (the quotas are more than a card has):
 * `why` says which and by how much, and nothing has changed.
 */
int br_share_set(struct br_share *share, const struct br_policy *policy, char *why, size_t cap);

/* Whether one more session may be made: 0, -ESHUTDOWN, -EUSERS (the broker's sessions_max), -EDQUOT
 * (the machine's), -EACCES (a machine that the registry does not know, where such are refused). */
int br_share_admits(const struct br_share *share);

/* Whether it may use the GPU of a slot: in its pool. */
bool br_share_sees(const struct br_share *share, uint32_t slot);

/* Its machine's name, borrowed; "": the processes of this host. */
const char *br_share_name(const struct br_share *share);

#endif
