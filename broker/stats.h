/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_STATS_H
#define BR_STATS_H

/* What passed through: of one session, or of all that have ended. */

#include <stdint.h>

#include "proto/record.h"

enum br_class {
    BR_CLASS_ONE_WAY,
    BR_CLASS_ROUND_TRIP,
    BR_CLASS_UNKNOWN, /* the worker answers 801 */
    BR_CLASSES
};

struct br_stats {
    uint64_t sessions; /* in a total: ended ones */
    uint64_t records[BR_CLASSES];
    uint64_t submit_bytes;
    uint64_t submit_frames;
    uint64_t answers;
    uint64_t complete_bytes;
    uint64_t complete_frames;
    uint64_t control_frames; /* both ways, in the rings */
    uint64_t doorbells;
    uint64_t quiets; /* times the doorbell was left alone because rings brought nothing */
    uint64_t interrupts;
    uint64_t worker_full; /* times the ring was left because the worker did not drain */
    uint64_t throttled;   /* times the ring was left because the machine was out of tokens */
    uint64_t guest_full;  /* times the worker was left because the guest did not read */
    uint64_t misuses;
    uint64_t cache_hits;   /* questions to the cache that were answered with something */
    uint64_t cache_misses; /* and with nothing */
    uint64_t cache_filed;
    uint64_t cache_wrong; /* found, and not what its key promised */
    uint64_t cache_bytes; /* that hits handed out */
};

/* Counts one call record by its class, which it returns. */
enum br_class br_stats_record(struct br_stats *stats, const struct vgpu_record *record);

/* Adds `one` to `total`. */
void br_stats_add(struct br_stats *total, const struct br_stats *one);

/* Logs one line: `what`, then every figure as key=value. */
void br_stats_log(const char *what, const struct br_stats *stats);

#endif
