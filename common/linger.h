/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_LINGER_H
#define VGPU_COMMON_LINGER_H

/*
 * How long a loop that has told its peer something keeps looking for the peer's next word before
 * it sleeps.  A peer that speaks soon after it was told is lingered for, for twice the time that it
 * last took; one that does not is lingered for half as long each time.  So an idle or a slow peer
 * costs nothing, and a fast one does not wait for a sleeper to wake.
 *
 * Times are vgpu_clock_ns()'s.  Not for two threads at once.
 */

#include <stdbool.h>
#include <stdint.h>

struct vgpu_linger {
    uint64_t told_ns; /* when the peer was told; 0: it has spoken since */
    uint64_t stay_ns;
};

/* What a stay of less is worth is not much more than the clock's reading. */
#define VGPU_LINGER_LEAST_NS UINT64_C(2000)

/* The peer was told something, at `now_ns`. */
static inline void vgpu_linger_told(struct vgpu_linger *linger, uint64_t now_ns)
{
    linger->told_ns = now_ns;
}

/* The peer has spoken.  `most_ns` is the longest stay; 0: never. */
static inline void vgpu_linger_met(struct vgpu_linger *linger, uint64_t now_ns, uint64_t most_ns)
{
    uint64_t took_ns = now_ns - linger->told_ns;

    if (linger->told_ns == 0) {
        return;
    }
    linger->told_ns = 0;
    if (took_ns > most_ns) {
        linger->stay_ns = linger->stay_ns / 2 < VGPU_LINGER_LEAST_NS ? 0 : linger->stay_ns / 2;
    } else if (2 * took_ns > linger->stay_ns) {
        linger->stay_ns = 2 * took_ns;
    } else {
        linger->stay_ns -= (linger->stay_ns - 2 * took_ns) / 8;
    }
    if (linger->stay_ns > most_ns) {
        linger->stay_ns = most_ns;
    }
}

/* Whether to look once more. */
static inline bool vgpu_linger_stays(const struct vgpu_linger *linger, uint64_t now_ns)
{
    return linger->told_ns != 0 && now_ns - linger->told_ns < linger->stay_ns;
}

#endif
