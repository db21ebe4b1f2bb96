/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/supervisor/backoff.h"

bool ex_backoff_over(const struct ex_backoff *backoff, uint64_t now_ns)
{
    return now_ns >= backoff->until_ns;
}

void ex_backoff_failed(struct ex_backoff *backoff, uint64_t now_ns)
{
    uint64_t pause = backoff->pause_ns == 0 ? EX_BACKOFF_MIN_NS : backoff->pause_ns * 2;

    backoff->pause_ns = pause < EX_BACKOFF_MAX_NS ? pause : EX_BACKOFF_MAX_NS;
    backoff->until_ns = now_ns + backoff->pause_ns;
}

void ex_backoff_reset(struct ex_backoff *backoff)
{
    backoff->pause_ns = 0;
    backoff->until_ns = 0;
}
