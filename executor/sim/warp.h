/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_WARP_H
#define SIM_WARP_H

/*
 * 32 threads of a block that go through the code together.  Each has a place
 * in it of its own; those at the same place and in the same frame are a group,
 * and an instruction is carried out for a whole group at once.  The group that
 * is deepest in calls and, there, least far in the code goes first, so that
 * the threads of a branch meet again behind it; a group that has been passed
 * over for long comes first for once, so that threads may wait for each other.
 *
 * Registers lie side by side: word k of a frame is 32 neighbours in the
 * warp's stack, and a slot is the number of the first (a multiple of 32).
 */

#include "executor/sim/ptx.h"

#define WARP 32

struct blk;
struct thr;

/* A set of lanes: bit k is lane k. */
struct warp {
    struct blk *blk;
    struct thr *thr;       /* of lane 0; the others follow */
    uint32_t count;        /* of them */
    uint32_t alive;        /* have not ended */
    uint32_t run;          /* may go on */
    uint32_t barred;       /* wait at a barrier of the block */
    uint32_t syncing;      /* wait at an operation of the warp */
    uint32_t yielded;      /* would rather let others go first */
    const struct insn *at; /* where all that are alive are; NULL: see pc */
    const struct insn *pc[WARP];
    uint32_t base[WARP];   /* of the frame: first word in the stack */
    uint64_t order[WARP];  /* of the function: deepest call first, then by number */
    uint32_t passed[WARP]; /* instructions of others while it might have run */
    /* A whole group that waits at a barrier of all threads: */
    uint32_t plain; /* its lanes, part of barred */
    uint32_t plain_id;
    const struct insn *plain_at;
    uint64_t *stack;
    uint32_t stack_words; /* of a lane */
    bool stack_own;       /* grown: not part of the block's memory */
    /* Of the group that runs: */
    uint64_t *reg; /* its frame's registers, lane 0 */
    const uint64_t *constant;
    uint64_t splat[3][WARP]; /* constants as vectors, while an instruction runs */
};

/* Put every lane at the beginning of a kernel; false without memory. */
bool warp_start(struct warp *w, const struct ptx_func *entry);

/*
 * Let groups run until about budget instructions, those of each lane counted,
 * are carried out or no lane can go on; how many they were.
 */
uint32_t warp_run(struct warp *w, uint32_t budget);

/* These lanes, which are in one frame, go on at pc. */
void warp_set(struct warp *w, uint32_t mask, const struct insn *pc);

/* Room for so many words a lane in the stack; false without memory. */
bool warp_stack_grow(struct warp *w, uint32_t words);

/* --- operations of a warp (op_warp.c) --- */
/* Some lane has ended: complete what others wait for. */
void warp_check_all(struct warp *w);

#endif
