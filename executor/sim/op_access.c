/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/thr.h"

#include "executor/sim/sim.h"

const struct insn *op_fault(struct thr *t, const struct insn *i, CUresult cu)
{
    if (t->blk->fault == CUDA_SUCCESS) {
        t->blk->fault = cu;
        t->blk->fault_at = i;
    }
    t->state = THR_DONE;
    return NULL;
}

const struct insn *op_wait(struct thr *t, const struct insn *i, enum thr_state state)
{
    t->state = state;
    t->pc = i;
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

void *op_shared(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    const struct blk *b = t->blk;
    uint64_t limit = b->shared_static;
    uint64_t at = addr;

    (void)write;
    if (addr >= PTX_SHARED_RESERVED) { /* behind the block's own */
        at = addr - PTX_SHARED_RESERVED + sim_round_up(b->shared_bytes, 16);
        limit = sim_round_up(b->shared_bytes, 16) + PTX_SHARED_RESERVED_BYTES;
    } else if (addr >= PTX_SHARED_DYNAMIC) {
        at = addr - PTX_SHARED_DYNAMIC + b->shared_static;
        limit = b->shared_bytes;
    }
    if (addr % size != 0) {
        return misaligned(t, i);
    }
    return at > limit || size > limit - at ? illegal(t, i) : b->shared + at;
}

void *op_local(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    uint64_t limit = t->blk->local_bytes;

    (void)write;
    if (addr % size != 0) {
        return misaligned(t, i);
    }
    return addr > limit || size > limit - addr ? illegal(t, i) : t->local + addr;
}

void *op_param(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    const struct ptx_func *f = t->frame[t->frame_count - 1].func;

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

void *op_generic(struct thr *t, const struct insn *i, uint64_t addr, uint32_t size, bool write)
{
    struct blk *b = t->blk;
    unsigned need = write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;
    const struct range *r;

    if (addr < b->hit_base || addr >= b->hit_limit || (b->hit_access & need) != need) {
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
    }
    if (addr % size != 0) {
        return misaligned(t, i);
    }
    /* An aligned access does not straddle the limit, which is aligned to more. */
    return (void *)(uintptr_t)addr;
}
