/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_THR_H
#define SIM_THR_H

/*
 * A thread of a running kernel, its block, and what every routine of an
 * instruction uses.  One engine thread has a block at a time; nothing here is
 * shared but the global memory that loads and stores go to.
 */

#include <string.h>

#include "executor/sim/memory.h"
#include "executor/sim/ptx.h"

#define WARP 32
/* Barriers of a block, by number; the last is the cluster's, which is this block. */
#define BARRIERS        17
#define BARRIER_CLUSTER 16
/* What grid synchronisation counts in; its address is in two environment registers. */
#define GRID_WORKSPACE 64

enum thr_state {
    THR_RUN,
    THR_BARRIER, /* at a barrier of the block: wait_id */
    THR_WARP,    /* at an operation of the warp: wait_id its kind, wait_mask */
    THR_DONE,
};

struct frame {
    const struct ptx_func *func;
    const struct insn *call; /* the instruction that called; NULL for the entry */
    uint32_t base;           /* first word in the thread's stack */
};

struct thr {
    uint64_t *bank[2]; /* the frame's registers; the function's constants */
    uint8_t *formal;
    uint8_t *cparam;
    struct blk *blk;
    const struct insn *pc;
    enum thr_state state;
    uint32_t wait_id;
    uint32_t wait_mask;
    uint32_t lin; /* number in the block */
    uint32_t tid[3];
    uint32_t carry;         /* of add.cc and its kin */
    uint32_t cluster_phase; /* of the cluster's barrier when the thread arrived */
    uint8_t *local;         /* .local of all frames */
    uint32_t local_base;
    uint64_t *stack; /* registers and parameters of all frames */
    uint32_t stack_words;
    uint32_t stack_top;
    bool stack_own; /* grown: not part of the block's memory */
    struct frame *frame;
    uint32_t frame_count;
    uint32_t frame_room;
};

struct barrier {
    uint32_t arrived; /* waiting threads and arrivals without waiting */
    uint32_t needed;  /* 0: all that live */
    uint32_t yes;     /* threads whose predicate was true */
    uint32_t counted; /* threads that gave one */
};

struct blk {
    struct blk *next;
    struct kexec *k;
    const struct ptx_func *func;
    uint32_t ctaid[3];
    uint32_t ntid[3];
    uint32_t nctaid[3];
    uint64_t number; /* in the grid */
    struct thr *thr;
    uint32_t thr_count;
    uint32_t live;
    uint32_t waiting; /* at barriers: nothing to look at when 0 */
    uint32_t cursor;  /* thread to go on with */
    bool stirred;     /* some thread ran or was released in this pass */
    struct barrier barrier[BARRIERS];
    uint32_t cluster_phase; /* how often the cluster's barrier was complete */
    uint8_t *shared;
    uint32_t shared_static; /* dynamic begins here */
    uint32_t shared_bytes;
    uint32_t local_bytes; /* of each thread */
    uint8_t *params;
    uint8_t *workspace; /* GRID_WORKSPACE bytes of a cooperative grid, or NULL */
    /* The range that was hit last; empty at the start of a slice. */
    uintptr_t hit_base;
    uintptr_t hit_limit;
    unsigned hit_access;
    CUresult fault;
    const struct insn *fault_at;
    uint64_t *words; /* memory of the threads' first frames */
    uint8_t *locals;
};

#define HANDLER(name) static const struct insn *name(struct thr *t, const struct insn *i)

static inline uint64_t op_get(const struct thr *t, uint32_t slot)
{
    return t->bank[slot >> 31][slot & ~PTX_CONST];
}

static inline void op_set(struct thr *t, uint32_t slot, uint64_t value)
{
    t->bank[0][slot] = value;
}

static inline float op_f32(const struct thr *t, uint32_t slot)
{
    uint32_t bits = (uint32_t)op_get(t, slot);
    float f;

    memcpy(&f, &bits, sizeof(f));
    return f;
}

static inline double op_f64(const struct thr *t, uint32_t slot)
{
    uint64_t bits = op_get(t, slot);
    double d;

    memcpy(&d, &bits, sizeof(d));
    return d;
}

/* The hardware has one NaN for single precision. */
#define OP_NAN32 0x7fffffffu

static inline void op_set_f32(struct thr *t, uint32_t slot, float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    op_set(t, slot, f != f ? OP_NAN32 : bits);
}

static inline void op_set_f64(struct thr *t, uint32_t slot, double d)
{
    uint64_t bits;

    memcpy(&bits, &d, sizeof(bits));
    op_set(t, slot, bits);
}

/* End the kernel with a sticky error; NULL for the handler to return. */
const struct insn *op_fault(struct thr *t, const struct insn *i, CUresult cu);

/* The thread goes on at i only when someone releases it; NULL. */
const struct insn *op_wait(struct thr *t, const struct insn *i, enum thr_state state);

/*
 * Where the size bytes at an address are: generic (a window or host memory)
 * or in one space.  NULL after a fault: outside, misaligned, read-only.
 */
void *op_generic(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write);
void *op_shared(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write);
void *op_local(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write);
void *op_param(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write);

/* Words of an entry's frame, for the block's memory. */
uint32_t thr_words(const struct ptx_func *entry);

/* Put the thread at the beginning of its kernel; false without memory. */
bool thr_start(struct thr *t, const struct ptx_func *entry);

/* --- barriers of the block (op_barrier.c) --- */
/* Release who waits at a barrier that is complete; after a thread's end too. */
void barrier_check(struct blk *b, uint32_t id);

/* --- operations of a warp (op_warp.c) --- */
/* Complete the operation that t waits at when all that it names are there. */
void warp_check(struct blk *b, struct thr *t);
/* Nobody of the warp can go on: let those at activemask have their answer. */
void warp_settle(struct blk *b, uint32_t warp);

#endif
