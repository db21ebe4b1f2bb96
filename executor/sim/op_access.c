/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/thr.h"

#include "executor/sim/sim.h"

const struct insn *op_fault(struct thr *t, const struct insn *i, CUresult cu)
{
    if (t->blk->fault == CUDA_SUCCESS) {
        t->blk->fault = cu;
        t->blk->fault_at = i;
    }
    t->warp->run &= ~(1u << t->lane);
    return NULL;
}

const struct insn *op_each_rest(struct warp *w, const struct insn *i, uint32_t mask, uint32_t m,
                                const struct insn *first, const struct insn *next, lane_fn fn)
{
    uint32_t done = first == NULL ? 0 : mask & ((m & (0 - m)) - 1);

    for (; done != 0; done &= done - 1) {
        w->pc[__builtin_ctz(done)] = first;
    }
    for (;;) {
        if (next != NULL) {
            w->pc[__builtin_ctz(m)] = next;
        }
        m &= m - 1;
        if (m == 0) {
            return NULL;
        }
        next = fn(&w->thr[__builtin_ctz(m)], i);
    }
}

const struct insn *op_yield(struct thr *t, const struct insn *next)
{
    t->warp->pc[t->lane] = next;
    t->warp->yielded |= 1u << t->lane;
    return NULL;
}

static void *misaligned(struct thr *t, const struct insn *i)
{
    (void)op_fault(t, i, CUDA_ERROR_MISALIGNED_ADDRESS);
    return NULL;
}

static void *illegal(struct thr *t, const struct insn *i)
{
    (void)op_fault(t, i, CUDA_ERROR_ILLEGAL_ADDRESS);
    return NULL;
}

/* What the inline function does not find: the system's part, which lies behind the block's own. */
void *op_shared_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size)
{
    const struct blk *b = t->blk;
    uint64_t at = addr - PTX_SHARED_RESERVED;

    if (addr % size != 0) {
        return misaligned(t, i);
    }
    if (addr < PTX_SHARED_RESERVED || at > PTX_SHARED_RESERVED_BYTES - size) {
        return illegal(t, i);
    }
    return b->shared + sim_round_up(b->shared_bytes, 16) + at;
}

void *op_local_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size)
{
    return addr % size != 0 ? misaligned(t, i) : illegal(t, i);
}

void *op_param(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    const struct ptx_func *f = thr_func(t);

    if (addr % size != 0) {
        return misaligned(t, i);
    }
    if (addr > f->param_bytes || size > f->param_bytes - addr || (write && f->entry)) {
        return illegal(t, i);
    }
    return t->formal + addr;
}

static void *window(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    uint64_t offset = addr & (((uint64_t)1 << PTX_WIN_SHIFT) - 1);

    switch (addr >> PTX_WIN_SHIFT) {
    case PTX_WIN_SHARED >> PTX_WIN_SHIFT:
        return op_shared(t, i, offset, size, write);
    case PTX_WIN_LOCAL >> PTX_WIN_SHIFT:
        return op_local(t, i, offset, size, write);
    case PTX_WIN_PARAM >> PTX_WIN_SHIFT:
        /* Of the kernel, wherever it is read. */
        if (write || offset > t->blk->func->param_bytes ||
            size > t->blk->func->param_bytes - offset) {
            return illegal(t, i);
        }
        return t->blk->params + offset;
    case PTX_WIN_GRID >> PTX_WIN_SHIFT:
        if (t->blk->workspace == NULL || offset > GRID_WORKSPACE - size) {
            return illegal(t, i);
        }
        return offset % size != 0 ? misaligned(t, i) : t->blk->workspace + offset;
    default:
        return illegal(t, i);
    }
}

void *op_generic_slow(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    struct blk *b = t->blk;
    unsigned need = write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;
    const struct range *r;

    if (addr >> PTX_WIN_SHIFT != 0) {
        return window(t, i, addr, size, write);
    }
    r = memory_find_kernel(addr);
    if (r == NULL || (r->access & need) != need) {
        return illegal(t, i);
    }
    b->hit_base = r->base;
    b->hit_limit = r->limit;
    b->hit_access = r->access;
    return addr % size != 0 ? misaligned(t, i) : (void *)(uintptr_t)addr;
}
