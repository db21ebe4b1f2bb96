/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/pause.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "common/clock.h"

#define SPIN_NS      (50 * VGPU_NS_PER_US)
#define SPIN_CPUS    4
#define SLEEP_MIN_NS (20 * VGPU_NS_PER_US)
#define SLEEP_MAX_NS (1 * VGPU_NS_PER_MS)
/* A wait is noticed late by at most this part of its length. */
#define SLEEP_PART 64

void ex_pause_init(struct ex_pause *pause)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    pause->spin_ns = 0;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= SPIN_CPUS) {
        pause->spin_ns = SPIN_NS;
    }
    pause->last_ns = vgpu_clock_ns();
    pause->linger = (struct vgpu_linger){0, 0};
}

static uint64_t sleep_time(uint64_t waited_ns)
{
    uint64_t part = waited_ns / SLEEP_PART;

    if (part < SLEEP_MIN_NS) {
        return SLEEP_MIN_NS;
    }
    return part < SLEEP_MAX_NS ? part : SLEEP_MAX_NS;
}

static int sleep_on(int fd, const struct timespec *limit)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    return ppoll(&entry, 1, limit, NULL) < 0 && errno != EINTR ? -errno : 0;
}

/* The guest has been told all that it can wait for. */
static int idle(struct ex_pause *pause, int fd, uint64_t now)
{
    if (pause->linger.told_ns == 0) {
        vgpu_linger_told(&pause->linger, now);
    }
    return vgpu_linger_stays(&pause->linger, now) ? 0 : sleep_on(fd, NULL);
}

int ex_pause_wait(struct ex_pause *pause, int fd, bool active, bool pending, uint64_t linger_ns)
{
    uint64_t now = vgpu_clock_ns();

    if (active) {
        pause->last_ns = now;
        vgpu_linger_met(&pause->linger, now, linger_ns);
    }
    if (!pending) {
        return idle(pause, fd, now);
    }
    if (now - pause->last_ns < pause->spin_ns) {
        return 0;
    }
    struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)sleep_time(now - pause->last_ns)};

    return sleep_on(fd, &limit);
}
