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
#include "executor/sim/warp.h"

/* Barriers of a block, by number; the last is the cluster's, which is this block. */
#define BARRIERS        17
#define BARRIER_CLUSTER 16
/* What grid synchronisation counts in; its address is in two environment registers. */
#define GRID_WORKSPACE 64

struct frame {
    const struct ptx_func *func;
    const struct insn *call; /* the instruction that called; NULL for the entry */
    uint32_t base;           /* first word in the warp's stack */
    uint32_t args;           /* first byte of its parameters */
};

struct thr {
    uint64_t *bank[2]; /* this lane's of the frame's registers; the function's constants */
    uint8_t *formal;
    uint8_t *cparam;
    struct blk *blk;
    struct warp *warp;
    uint32_t lane;      /* in the warp */
    uint32_t wait_id;   /* number of the barrier, or kind of the warp's operation */
    uint32_t wait_mask; /* lanes that are to take part in it */
    uint32_t lin;       /* number in the block */
    uint32_t tid[3];
    uint32_t carry;         /* of add.cc and its kin */
    uint32_t cluster_phase; /* of the cluster's barrier when the thread arrived */
    uint8_t *local;         /* .local of all frames */
    uint32_t local_base;
    uint32_t stack_top; /* words in the warp's stack */
    uint8_t *args;      /* formals and parameters of calls, of all frames */
    uint32_t args_room;
    uint32_t args_top;
    bool args_own; /* grown: not part of the block's memory */
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
    const struct ptx_func *func;
    uint32_t ctaid[3];
    uint32_t ntid[3];
    uint32_t nctaid[3];
    uint64_t number; /* in the grid */
    struct thr *thr;
    uint32_t thr_count;
    struct warp *warp;
    uint32_t warp_count;
    uint32_t live;    /* threads that have not ended */
    uint32_t waiting; /* at barriers: nothing to look at when 0 */
    uint32_t cursor;  /* warp to go on with */
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
    uint64_t *words; /* memory of the warps' first frames */
    uint8_t *args;   /* and of their parameters */
    uint8_t *locals;
};

/*
 * The routine of an instruction, written for one thread.  It returns the next
 * instruction in the same frame; or NULL, with the thread's place set or the
 * thread not to go on.
 */
#define HANDLER(name)                                                                              \
    static const struct insn *name##_lane(struct thr *t, const struct insn *i);                    \
    static const struct insn *name(struct warp *w, const struct insn *i, uint32_t mask)            \
    {                                                                                              \
        return op_each(w, i, mask, name##_lane);                                                   \
    }                                                                                              \
    static const struct insn *name##_lane(struct thr *t, const struct insn *i)

/* Lane m's lowest is the first that goes elsewhere: those before to first, it to next. */
const struct insn *op_each_rest(struct warp *w, const struct insn *i, uint32_t mask, uint32_t m,
                                const struct insn *first, const struct insn *next, lane_fn fn);

/* i for each lane of mask; the next instruction if it is the same for all, else NULL. */
static inline const struct insn *op_each(struct warp *w, const struct insn *i, uint32_t mask,
                                         lane_fn fn)
{
    const struct insn *first = fn(&w->thr[__builtin_ctz(mask)], i);
    uint32_t m = mask & (mask - 1);

    for (; m != 0; m &= m - 1) {
        const struct insn *next = fn(&w->thr[__builtin_ctz(m)], i);

        if (next != first) {
            return op_each_rest(w, i, mask, m, first, next, fn);
        }
    }
    return first;
}

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

/* The function that the thread is in. */
static inline const struct ptx_func *thr_func(const struct thr *t)
{
    return t->frame[t->frame_count - 1].func;
}

/* End the kernel with a sticky error; NULL for the routine to return. */
const struct insn *op_fault(struct thr *t, const struct insn *i, CUresult cu);

/* The thread goes on at next, but others first; NULL. */
const struct insn *op_yield(struct thr *t, const struct insn *next);

/*
 * Where the size bytes at an address are: generic (a window or host memory)
 * or in one space.  NULL after a fault: outside, misaligned, read-only.
 */
void *op_generic_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size,
                      bool write);
void *op_shared_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size);
void *op_local_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size);
void *op_param(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write);

/* Most accesses are in the range of the one before. */
static inline void *op_generic(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size,
                               bool write)
{
    const struct blk *b = t->blk;
    unsigned need = write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;

    /* An aligned access does not straddle the limit, which is aligned to more. */
    if (addr - b->hit_base < b->hit_limit - b->hit_base && (b->hit_access & need) == need &&
        addr % size == 0) {
        return (void *)(uintptr_t)addr;
    }
    return op_generic_slow(t, i, addr, size, write);
}

static inline void *op_shared(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size,
                              bool write)
{
    const struct blk *b = t->blk;
    bool dynamic = addr >= PTX_SHARED_DYNAMIC;
    uint64_t at = dynamic ? addr - PTX_SHARED_DYNAMIC + b->shared_static : addr;
    uint64_t limit = dynamic ? b->shared_bytes : b->shared_static;

    (void)write;
    if (addr % size == 0 && at <= limit && size <= limit - at) {
        return b->shared + at;
    }
    return op_shared_slow(t, i, addr, size);
}

static inline void *op_local(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size,
                             bool write)
{
    uint64_t limit = t->blk->local_bytes;

    (void)write;
    if (addr % size == 0 && addr <= limit && size <= limit - addr) {
        return t->local + addr;
    }
    return op_local_slow(t, i, addr, size);
}

/* Words of an entry's frame for each lane, and bytes of its parameters, for the block's memory. */
uint32_t thr_words(const struct ptx_func *entry);
uint32_t thr_args(const struct ptx_func *entry);

/* Put the thread at the beginning of its kernel; false without memory. */
bool thr_start(struct thr *t, const struct ptx_func *entry);

/* It has come to its end, which may complete what others wait for; NULL. */
const struct insn *thr_end(struct thr *t);

/* --- barriers of the block (op_barrier.c) --- */
/* Release who waits at a barrier that is complete. */
void barrier_check(struct blk *b, uint32_t id);

#endif
