/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_async.h"

/*
 * Asynchronous copies: done at once, so that waiting for them is nothing.
 * Small ones (cp.async) go from global to shared memory in pieces of 4, 8 or
 * 16 bytes; bulk ones go either way in multiples of 16 and report to an
 * mbarrier.
 */
#define BULK_PIECE 16

/* What imm points to: places are slot and offset. */
struct copy_site {
    uint32_t to;
    int64_t to_offset;
    uint32_t from;
    int64_t from_offset;
    uint32_t size;    /* bytes, or (bulk) the slot of their number */
    uint32_t present; /* slot: bytes to be read, the rest is zero; UINT32_MAX: all */
    uint32_t ignore;  /* slot of a predicate: read nothing; UINT32_MAX: none */
    uint32_t bar;     /* bulk: the barrier */
    int64_t bar_offset;
    bool from_global;
};

static uint64_t at(const struct thr *t, uint32_t slot, int64_t offset)
{
    return op_get(t, slot) + (uint64_t)offset;
}

HANDLER(copy_small)
{
    const struct copy_site *c = (const struct copy_site *)(intptr_t)i->imm;
    uint32_t n = c->size;
    uint8_t *to = op_shared(t, i, (uint32_t)at(t, c->to, c->to_offset), c->size, true);
    const uint8_t *from;

    if (to == NULL) {
        return NULL;
    }
    if (c->present != UINT32_MAX) {
        n = (uint32_t)op_get(t, c->present);
        n = n < c->size ? n : c->size;
    }
    if (c->ignore != UINT32_MAX && (op_get(t, c->ignore) & 1) != 0) {
        n = 0;
    }
    memset(to + n, 0, c->size - n);
    if (n != 0) {
        from = op_generic(t, i, at(t, c->from, c->from_offset), c->size, false);
        if (from == NULL) {
            return NULL;
        }
        memcpy(to, from, n);
    }
    return i + 1;
}

HANDLER(copy_bulk)
{
    const struct copy_site *c = (const struct copy_site *)(intptr_t)i->imm;
    uint32_t size = (uint32_t)op_get(t, c->size);
    uint64_t to = at(t, c->to, c->to_offset);
    uint64_t from = at(t, c->from, c->from_offset);

    if (size % BULK_PIECE != 0) {
        return op_fault(t, i, CUDA_ERROR_MISALIGNED_ADDRESS);
    }
    for (uint32_t n = 0; n < size; n += BULK_PIECE) {
        void *d = c->from_global ? op_shared(t, i, (uint32_t)to + n, BULK_PIECE, true)
                                 : op_generic(t, i, to + n, BULK_PIECE, true);
        const void *s;

        if (d == NULL) {
            return NULL;
        }
        s = c->from_global ? op_generic(t, i, from + n, BULK_PIECE, false)
                           : op_shared(t, i, (uint32_t)from + n, BULK_PIECE, false);
        if (s == NULL) {
            return NULL;
        }
        memcpy(d, s, BULK_PIECE);
    }
    if (c->bar != UINT32_MAX &&
        !op_mbarrier_arrive(t, i, (uint32_t)at(t, c->bar, c->bar_offset), 0, -(int64_t)size)) {
        return NULL;
    }
    return i + 1;
}

static const char *const advice[] = {"L2::64B",         "L2::128B",    "L2::256B", "L2::cache_hint",
                                     "shared::cluster", "shared::cta", "shared",   NULL};

static uint32_t global_operand(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                               int64_t *offset)
{
    const struct ptx_operand *o = &in->opd[k];

    if (k >= in->opd_count || o->kind != OPD_ADDR || (!o->base_reg && o->sym == NULL) ||
        (o->sym != NULL && o->sym->kind != SYM_VAR)) {
        ptx_unsupported(b, in);
    }
    *offset = o->base_reg ? (int64_t)o->value : 0;
    return o->base_reg ? o->slot : ptx_address_of(b, in->line, o->sym, (int64_t)o->value);
}

static struct copy_site *site_new(struct ptx_build *b)
{
    struct copy_site *c = arena_alloc(b->arena, sizeof(*c));

    c->present = UINT32_MAX;
    c->ignore = UINT32_MAX;
    c->bar = UINT32_MAX;
    return c;
}

/* [to], [from], size {, bytes present or predicate} {, policy} */
static void lower_small(struct ptx_build *b, struct ptx_inst *in)
{
    struct copy_site *c = site_new(b);
    bool hint = ptx_mod(in, "L2::cache_hint");
    uint32_t count = in->opd_count - (hint ? 1u : 0);

    if ((!ptx_mod(in, "ca") && !ptx_mod(in, "cg")) || !ptx_mod(in, "global") || count < 3 ||
        count > 4) {
        ptx_unsupported(b, in);
    }
    ptx_mod_ignore(in, advice);
    c->to = op_shared_operand(b, in, 0, &c->to_offset);
    c->from = global_operand(b, in, 1, &c->from_offset);
    c->size = (uint32_t)ptx_imm(b, in, 2);
    if (c->size != 4 && c->size != 8 && c->size != 16) {
        ptx_unsupported(b, in);
    }
    if (count == 4) {
        uint32_t *what = in->opd[3].kind == OPD_REG && in->opd[3].pred ? &c->ignore : &c->present;

        *what = ptx_src(b, in, 3, T_U32);
    }
    ptx_emit(b, copy_small)->imm = (int64_t)(intptr_t)c;
}

/* [to], [from], size, [barrier]; to global memory without the barrier. */
static void lower_bulk(struct ptx_build *b, struct ptx_inst *in)
{
    struct copy_site *c = site_new(b);
    bool hint = ptx_mod(in, "L2::cache_hint");

    if (ptx_mod(in, "commit_group") || ptx_mod(in, "wait_group")) {
        (void)ptx_mod(in, "read");
        return;
    }
    c->from_global = ptx_mod(in, "mbarrier::complete_tx::bytes");
    if ((!c->from_global && !ptx_mod(in, "bulk_group")) || !ptx_mod(in, "global")) {
        ptx_unsupported(b, in); /* tensors, reductions, multicast */
    }
    ptx_mod_ignore(in, advice);
    ptx_operands(b, in, (c->from_global ? 4u : 3u) + (hint ? 1u : 0),
                 (c->from_global ? 4u : 3u) + (hint ? 1u : 0));
    c->to = c->from_global ? op_shared_operand(b, in, 0, &c->to_offset)
                           : global_operand(b, in, 0, &c->to_offset);
    c->from = c->from_global ? global_operand(b, in, 1, &c->from_offset)
                             : op_shared_operand(b, in, 1, &c->from_offset);
    c->size = ptx_src(b, in, 2, T_U32);
    if (c->from_global) {
        c->bar = op_shared_operand(b, in, 3, &c->bar_offset);
    }
    ptx_emit(b, copy_bulk)->imm = (int64_t)(intptr_t)c;
}

static void lower_cp(struct ptx_build *b, struct ptx_inst *in)
{
    if (!ptx_mod(in, "async")) {
        ptx_unsupported(b, in);
    }
    if (ptx_mod(in, "bulk")) {
        lower_bulk(b, in);
    } else if (ptx_mod(in, "mbarrier")) {
        op_lower_copy_arrive(b, in);
    } else if (!ptx_mod(in, "commit_group") && !ptx_mod(in, "wait_group") &&
               !ptx_mod(in, "wait_all")) {
        lower_small(b, in);
    }
}

const struct lower_row lower_async[] = {{"cp", lower_cp}, {NULL, NULL}};
