/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_TEST_STEP_H
#define VGPU_TEST_STEP_H

/*
 * The page that libvgpu-step.so shares with the test that loads it (step.py has the
 * same layout).  Descriptor VGPU_STEP_PAGE names its memfd, VGPU_STEP_FD a socket.
 *
 *   every call that moved bytes --> counted when armed and the descriptor is not muted
 *   count == target             --> one byte out, one byte back: the process stands still
 */

#include <stdatomic.h>
#include <stdint.h>

#define STEP_MUTED_OFFSET 4096u
#define STEP_FDS_MAX      4096u
#define STEP_SEEN_OFFSET  8192u
#define STEP_PAGE_BYTES   (STEP_SEEN_OFFSET + 4u * STEP_FDS_MAX)

struct step_page {
    _Atomic uint32_t armed;
    _Atomic uint32_t pid; /* of the process that uses the page */
    _Atomic uint64_t count;
    _Atomic uint64_t target; /* UINT64_MAX: only count */
    /* at STEP_MUTED_OFFSET: u8 by descriptor, set by the test */
    /* at STEP_SEEN_OFFSET: u32 by descriptor, its messages */
};

#endif
