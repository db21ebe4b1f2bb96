/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_COMMON_CLOCK_H
#define VGPU_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

#define VGPU_NS_PER_US UINT64_C(1000)
#define VGPU_NS_PER_MS UINT64_C(1000000)
#define VGPU_NS_PER_S  UINT64_C(1000000000)

/*
 * Nanoseconds of CLOCK_MONOTONIC: never goes back, unrelated to the date.
 * No system call where the vDSO works; usable in a locked worker.  Any thread.
 */
static inline uint64_t vgpu_clock_ns(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * VGPU_NS_PER_S + (uint64_t)now.tv_nsec;
}

#endif
