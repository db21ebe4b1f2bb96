/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_OBSERVE_H
#define BR_OBSERVE_H

/*
 * What answers tell of a machine: how long they took and which errors they had.  The broker
 * decodes no argument; an answer's CUresult is the first word of its body.
 *
 * Of each session one call at a time is timed: from when the broker has taken its record to when
 * it has read the answer.  While one is under way no other is begun, so a busy session is sampled
 * and the clock is read twice an answer at most.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/record.h"

struct br_session;

/* Upper bounds in nanoseconds; what is above the last is counted apart. */
#define BR_LATENCY_BUCKETS 12
extern const uint64_t br_latency_bounds[BR_LATENCY_BUCKETS];

/* Codes that are counted by themselves, for each machine: the first that came. */
#define BR_ERROR_CODES 8

struct br_observed {
    uint64_t latency[BR_LATENCY_BUCKETS + 1]; /* the last: above all bounds */
    uint64_t latency_ns;                      /* sum */
    struct {
        int32_t code;
        uint64_t count; /* 0: free */
    } errors[BR_ERROR_CODES];
    uint64_t other_errors;
};

/* The call that is being timed. */
struct br_sample {
    bool waits;
    uint16_t lane;
    uint32_t sequence;
    uint64_t since_ns;
};

/* For br_observe_call(). */
void br_observe_begin(struct br_sample *sample, const struct vgpu_record *record);

/* A call record was taken. */
static inline void br_observe_call(struct br_sample *sample, const struct vgpu_record *record)
{
    if (!sample->waits && (record->flags & VGPU_RECORD_ANSWER) != 0) {
        br_observe_begin(sample, record);
    }
}

/* Whole answer records (checked) have come from a worker. */
void br_observe_answers(struct br_observed *observed, struct br_sample *sample,
                        const uint8_t *records, size_t len);

#endif
