/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GS_NAP_H
#define GS_NAP_H

/* Looking again and again at something that announces itself nowhere: short sleeps at first,
 * longer ones later. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/clock.h"

struct gs_nap {
    uint64_t since_ns;
    uint64_t limit_ns;
};

static inline struct gs_nap gs_nap_start(uint64_t limit_ns)
{
    return (struct gs_nap){.since_ns = vgpu_clock_ns(), .limit_ns = limit_ns};
}

/* Sleeps `ns`, or less after a signal. */
static inline void gs_nap_for(uint64_t ns)
{
    struct timespec time = {.tv_sec = (time_t)(ns / VGPU_NS_PER_S),
                            .tv_nsec = (long)(ns % VGPU_NS_PER_S)};

    (void)nanosleep(&time, NULL);
}

/* Sleeps an eighth of the time that has passed, 20 us to 5 ms; false without sleep at the limit. */
static inline bool gs_nap(const struct gs_nap *nap)
{
    uint64_t passed = vgpu_clock_ns() - nap->since_ns;
    uint64_t ns = passed / 8;

    if (passed >= nap->limit_ns) {
        return false;
    }
    ns = ns < 20 * VGPU_NS_PER_US ? 20 * VGPU_NS_PER_US : ns;
    gs_nap_for(ns > 5 * VGPU_NS_PER_MS ? 5 * VGPU_NS_PER_MS : ns);
    return true;
}

#endif
