/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/pause.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "common/clock.h"

#define SPIN_NS      (50 * VGPU_NS_PER_US)
#define SPIN_CPUS    4
#define SLEEP_MIN_NS (50 * VGPU_NS_PER_US)
#define SLEEP_MAX_NS (1 * VGPU_NS_PER_MS)

void ex_pause_init(struct ex_pause *pause)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    pause->spin_ns = 0;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= SPIN_CPUS) {
        pause->spin_ns = SPIN_NS;
    }
    pause->last_ns = vgpu_clock_ns();
    pause->sleep_ns = SLEEP_MIN_NS;
}

static int sleep_on(int fd, const struct timespec *limit)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    return ppoll(&entry, 1, limit, NULL) < 0 && errno != EINTR ? -errno : 0;
}

int ex_pause_wait(struct ex_pause *pause, int fd, bool active, bool pending)
{
    if (active) {
        pause->last_ns = vgpu_clock_ns();
        pause->sleep_ns = SLEEP_MIN_NS;
    }
    if (!pending) {
        return sleep_on(fd, NULL);
    }
    if (vgpu_clock_ns() - pause->last_ns < pause->spin_ns) {
        return 0;
    }
    struct timespec limit = {.tv_sec = 0, .tv_nsec = (long)pause->sleep_ns};

    pause->sleep_ns = pause->sleep_ns * 2 < SLEEP_MAX_NS ? pause->sleep_ns * 2 : SLEEP_MAX_NS;
    return sleep_on(fd, &limit);
}
