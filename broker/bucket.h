/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_BUCKET_H
#define BR_BUCKET_H

/*
 * A token bucket: `rate` tokens come every second, at most `burst` are kept.  Who takes
 * may take more than there is, once, and then waits until the debt is paid; so in any time t
 * at most burst + rate * t + one such piece is taken.  Whole numbers only: what is less than a
 * token is kept and comes later, nothing drifts.  Time is that of vgpu_clock_ns().
 */

#include <stdbool.h>
#include <stdint.h>

/* Largest rate, burst and piece. */
#define BR_BUCKET_MAX (UINT64_C(1) << 48)

/* Starts zeroed: no limit. */
struct br_bucket {
    uint64_t rate; /* tokens a second; 0: no limit */
    uint64_t burst;
    int64_t tokens;    /* negative: a debt */
    uint64_t fraction; /* of a token, in 1e-9 */
    uint64_t last_ns;
};

/* Sets the limit.  `burst` 0: what comes in a second.  Both are cut at BR_BUCKET_MAX.  A bucket
 * that had no limit is full, another keeps what it has, at most the burst. */
void br_bucket_set(struct br_bucket *bucket, uint64_t rate, uint64_t burst, uint64_t now_ns);

/* Adds what has come since the last look; true when something may be taken. */
bool br_bucket_look(struct br_bucket *bucket, uint64_t now_ns);

/* Takes tokens, also more than there are. */
void br_bucket_take(struct br_bucket *bucket, uint64_t tokens);

/* Nanoseconds from the last look until something may be taken; 0: now. */
uint64_t br_bucket_wait_ns(const struct br_bucket *bucket);

#endif
