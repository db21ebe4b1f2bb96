/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_BACKOFF_H
#define EX_SUPERVISOR_BACKOFF_H

/* Growing pauses between attempts: 0.2 s, twice as long each time, at most 30 s.  All zero at
 * first. */

#include <stdbool.h>
#include <stdint.h>

#define EX_BACKOFF_MIN_NS 200000000ull
#define EX_BACKOFF_MAX_NS 30000000000ull

struct ex_backoff {
    uint64_t pause_ns; /* the last one; 0 after success */
    uint64_t until_ns;
};

/* True when the next attempt may be made now. */
bool ex_backoff_over(const struct ex_backoff *backoff, uint64_t now_ns);

/* An attempt failed now. */
void ex_backoff_failed(struct ex_backoff *backoff, uint64_t now_ns);

/* An attempt succeeded. */
void ex_backoff_reset(struct ex_backoff *backoff);

#endif
