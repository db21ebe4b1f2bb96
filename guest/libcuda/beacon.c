/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/beacon.h"

#include "common/clock.h"
#include "guest/libcuda/session.h"

/* So many that were given back are looked at before a fresh one is used. */
#define LOOKS 4u

#define PATIENCE_MIN_NS VGPU_NS_PER_MS
#define PATIENCE_PART   8u

void gs_beacons_init(struct gs_beacons *beacons)
{
    (void)pthread_mutex_init(&beacons->lock, NULL);
    beacons->fresh = VGPU_BEACONS_MAX;
    beacons->first = 0;
    beacons->count = 0;
}

bool gs_beacon_shows(struct gs_session *s, uint32_t slot, uint64_t value)
{
    return gs_link_fence_passed(&s->link, slot, value);
}

static void put_back(struct gs_beacons *beacons, const struct gs_beacon *beacon)
{
    beacons->given[(beacons->first + beacons->count) % VGPU_BEACONS_MAX] = *beacon;
    beacons->count++;
}

/* One that was given back and has shown its last value, among the first `looks`. */
static bool take_given(struct gs_session *s, uint32_t looks, struct gs_beacon *beacon)
{
    struct gs_beacons *beacons = &s->beacons;

    for (uint32_t i = beacons->count < looks ? beacons->count : looks; i > 0; i--) {
        *beacon = beacons->given[beacons->first];
        beacons->first = (beacons->first + 1) % VGPU_BEACONS_MAX;
        beacons->count--;
        if (gs_beacon_shows(s, beacon->slot, beacon->last)) {
            return true;
        }
        put_back(beacons, beacon);
    }
    return false;
}

/* What an earlier worker of the channel left in the word counts as shown. */
static bool take_fresh(struct gs_session *s, struct gs_beacon *beacon)
{
    if (s->beacons.fresh == 0) {
        return false;
    }
    beacon->slot = VGPU_LANES_MAX + VGPU_BEACONS_MAX - s->beacons.fresh--;
    beacon->last = atomic_load(vgpu_channel_fence(s->link.control, beacon->slot));
    return true;
}

bool gs_beacon_take(struct gs_session *s, struct gs_beacon *beacon)
{
    struct gs_beacon found = {.slot = 0};
    bool any;

    if (beacon->slot != 0) {
        return true;
    }
    (void)pthread_mutex_lock(&s->beacons.lock);
    any = take_given(s, LOOKS, &found) || take_fresh(s, &found) ||
          take_given(s, VGPU_BEACONS_MAX, &found);
    (void)pthread_mutex_unlock(&s->beacons.lock);
    if (any) {
        *beacon = found;
    }
    return any;
}

void gs_beacon_give(struct gs_session *s, struct gs_beacon *beacon)
{
    if (beacon->slot != 0) {
        (void)pthread_mutex_lock(&s->beacons.lock);
        put_back(&s->beacons, beacon);
        (void)pthread_mutex_unlock(&s->beacons.lock);
        beacon->slot = 0;
    }
}

/* A processor's ticks cost a quarter of what the clock does.  So few are between 20 and 100 µs. */
#define TICKS_SOON 100000u

/* Whether the clock was read just now. */
static bool is_soon(struct gs_patience *patience)
{
#if defined(__x86_64__)
    uint64_t now = __builtin_ia32_rdtsc();

    if (patience->since_ns != 0 && now - patience->ticks < TICKS_SOON) {
        return true;
    }
    patience->ticks = now;
#else
    (void)patience;
#endif
    return false;
}

bool gs_patience_is_over(struct gs_patience *patience)
{
    uint64_t now;
    uint64_t part;

    if (is_soon(patience)) {
        return false;
    }
    now = vgpu_clock_ns();
    if (patience->since_ns == 0) {
        patience->since_ns = now;
        patience->until_ns = now + PATIENCE_MIN_NS;
        return false;
    }
    if (now < patience->until_ns) {
        return false;
    }
    part = (now - patience->since_ns) / PATIENCE_PART;
    patience->until_ns = now + (part > PATIENCE_MIN_NS ? part : PATIENCE_MIN_NS);
    return true;
}
