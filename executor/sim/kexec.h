/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_KEXEC_H
#define SIM_KEXEC_H

/*
 * One launch of a kernel: its blocks are interpreted a slice at a time, by
 * whichever engine thread has it.  A block runs to its end before the next
 * begins, until it makes no progress for a slice: then further blocks join
 * it, since it may wait for them.  A cooperative launch has all its blocks
 * at once.
 */

#include "executor/sim/ptx.h"
#include "executor/sim/sim.h"

enum kexec_state {
    KEXEC_DONE,
    KEXEC_MORE,
    KEXEC_STALLED, /* every thread waits for something that no thread can do */
};

struct kexec_launch {
    const struct ptx_func *func;
    uint32_t grid[3];
    uint32_t block[3];
    uint32_t shared_dynamic;
    size_t stack_limit; /* CU_LIMIT_STACK_SIZE, for recursion */
    bool cooperative;
    const void *params; /* func->param_bytes, copied */
};

/* A launch ready to run, or NULL without memory.  Borrows func until it ends. */
struct kexec *kexec_new(const struct kexec_launch *launch);

/* Of a launch that runs no more. */
void kexec_free(struct kexec *k);

/* Interpret for a fraction of a millisecond.  Needs sim.map_lock for reading. */
enum kexec_state kexec_slice(struct kexec *k, CUresult *cu);

#endif
