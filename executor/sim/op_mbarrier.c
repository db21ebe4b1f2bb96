/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_async.h"

/*
 * Barriers that are 64-bit objects in shared memory.  Only this file knows
 * what is in one: arrivals still to come in this phase, arrivals of each
 * phase, bytes still to come, and the phase's parity on top.  A state that an
 * arrival returns is the object before it.
 */
#define COUNT_BITS  20
#define COUNT_MASK  ((UINT64_C(1) << COUNT_BITS) - 1)
#define BYTES_SHIFT 40
#define BYTES_BITS  21
#define BYTES_MASK  ((UINT64_C(1) << BYTES_BITS) - 1)
#define PARITY      (UINT64_C(1) << 63)

struct bar {
    uint64_t pending;
    uint64_t expected;
    int64_t bytes;
    bool odd;
};

static struct bar unpack(uint64_t v)
{
    uint64_t bytes = v >> BYTES_SHIFT & BYTES_MASK;
    struct bar b = {v & COUNT_MASK, v >> COUNT_BITS & COUNT_MASK, 0, (v & PARITY) != 0};

    b.bytes = (int64_t)(bytes << (64 - BYTES_BITS)) >> (64 - BYTES_BITS);
    return b;
}

static uint64_t pack(const struct bar *b)
{
    return (b->pending & COUNT_MASK) | (b->expected & COUNT_MASK) << COUNT_BITS |
           ((uint64_t)b->bytes & BYTES_MASK) << BYTES_SHIFT | (b->odd ? PARITY : 0);
}

/* count arrivals, dropped for good if drop, and bytes more to come. */
static uint64_t arrive(uint64_t v, uint32_t count, uint32_t drop, int64_t bytes)
{
    struct bar b = unpack(v);

    b.pending -= count;
    b.expected -= drop;
    b.bytes += bytes;
    if (b.pending == 0 && b.bytes == 0) {
        b.odd = !b.odd;
        b.pending = b.expected;
    }
    return pack(&b);
}

bool op_mbarrier_arrive(struct thr *t, const struct insn *i, uint64_t addr, uint32_t count,
                        int64_t bytes)
{
    uint64_t *p = op_shared(t, i, addr, 8, true);

    if (p != NULL) {
        *p = arrive(*p, count, 0, bytes);
    }
    return p != NULL;
}

#define PLACE(t, i) op_shared(t, i, (uint32_t)(op_get(t, (i)->a) + (uint64_t)(i)->imm), 8, true)

HANDLER(init)
{
    uint64_t *p = PLACE(t, i);
    uint64_t count = op_get(t, i->b) & COUNT_MASK;
    struct bar b = {count, count, 0, false};

    if (p == NULL) {
        return NULL;
    }
    *p = pack(&b);
    return i + 1;
}

HANDLER(inval)
{
    uint64_t *p = PLACE(t, i);

    if (p == NULL) {
        return NULL;
    }
    *p = 0;
    return i + 1;
}

/* b: arrivals, c: bytes expected. */
HANDLER(arrival)
{
    uint64_t *p = PLACE(t, i);

    if (p == NULL) {
        return NULL;
    }
    op_set(t, i->d, *p);
    *p = arrive(*p, (uint32_t)op_get(t, i->b), 0, (int64_t)(uint32_t)op_get(t, i->c));
    return i + 1;
}

HANDLER(arrival_drop)
{
    uint64_t *p = PLACE(t, i);
    uint32_t n = (uint32_t)op_get(t, i->b);

    if (p == NULL) {
        return NULL;
    }
    op_set(t, i->d, *p);
    *p = arrive(*p, n, n, (int64_t)(uint32_t)op_get(t, i->c));
    return i + 1;
}

/* Bytes (b) that are to come, e 0, or have come, e 1. */
HANDLER(bytes)
{
    uint64_t *p = PLACE(t, i);
    int64_t n = (int64_t)(uint32_t)op_get(t, i->b);

    if (p == NULL) {
        return NULL;
    }
    *p = arrive(*p, 0, 0, i->e != 0 ? -n : n);
    return i + 1;
}

/* Whether the phase of a state, or (e 1) of a parity, is over.  A thread that waits lets others. */
HANDLER(wait)
{
    const uint64_t *p = PLACE(t, i);
    bool odd;
    bool over;

    if (p == NULL) {
        return NULL;
    }
    odd = i->e != 0 ? (op_get(t, i->b) & 1) != 0 : (op_get(t, i->b) & PARITY) != 0;
    over = unpack(*p).odd != odd;
    op_set(t, i->d, over);
    if (!over) {
        return op_yield(t, i + 1);
    }
    return i + 1;
}

HANDLER(pending_count)
{
    op_set(t, i->d, unpack(op_get(t, i->a)).pending);
    return i + 1;
}

HANDLER(copy_arrive)
{
    uint64_t *p = PLACE(t, i);

    if (p == NULL) {
        return NULL;
    }
    *p = arrive(*p, (uint32_t)i->e, 0, 0);
    return i + 1;
}

uint32_t op_shared_operand(struct ptx_build *b, const struct ptx_inst *in, uint32_t k,
                           int64_t *offset)
{
    const struct ptx_operand *o = &in->opd[k];

    if (k >= in->opd_count || o->kind != OPD_ADDR || (!o->base_reg && o->sym == NULL) ||
        (o->sym != NULL && o->sym->kind != SYM_SHARED)) {
        ptx_unsupported(b, in);
    }
    *offset = o->base_reg ? (int64_t)o->value : 0;
    return o->base_reg ? o->slot : ptx_address_of(b, in->line, o->sym, (int64_t)o->value);
}

static const char *const without_effect[] = {"release", "acquire", "relaxed",     "cta",
                                             "cluster", "shared",  "shared::cta", "shared::cluster",
                                             "b64",     NULL};

static void emit(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, uint32_t k, uint32_t d,
                 const uint32_t s[2], uint32_t e)
{
    int64_t offset;
    uint32_t a = op_shared_operand(b, in, k, &offset);
    struct insn *i = ptx_emit(b, fn);

    i->d = d;
    i->a = a;
    i->b = s[0];
    i->c = s[1];
    i->e = e;
    i->imm = offset;
}

/* arrive and arrive_drop: {state,} [address] {, count or bytes}. */
static void lower_arrive(struct ptx_build *b, struct ptx_inst *in, insn_fn fn)
{
    bool expect = ptx_mod(in, "expect_tx");
    uint32_t k = in->opd_count > 0 && in->opd[0].kind != OPD_ADDR ? 1 : 0;
    bool more = in->opd_count == k + 2;
    uint32_t s[2];

    (void)ptx_mod(in, "noComplete");
    ptx_operands(b, in, k + 1, k + 2);
    s[0] = more && !expect ? ptx_src(b, in, k + 1, T_U32) : ptx_const(b, 1);
    s[1] = more && expect ? ptx_src(b, in, k + 1, T_U32) : ptx_const(b, 0);
    if (expect && !more) {
        ptx_unsupported(b, in);
    }
    emit(b, in, fn, k, k == 1 ? ptx_dst(b, in, 0) : b->sink, s, 0);
}

/* done, [address], state or parity {, time that may be waited}. */
static void lower_wait(struct ptx_build *b, struct ptx_inst *in)
{
    uint32_t parity = ptx_mod(in, "parity") ? 1 : 0;
    uint32_t s[2] = {0};

    ptx_operands(b, in, 3, 4);
    s[0] = ptx_src(b, in, 2, parity != 0 ? T_U32 : T_U64);
    emit(b, in, wait, 1, ptx_dst(b, in, 0), s, parity);
}

static void lower_pending(struct ptx_build *b, struct ptx_inst *in)
{
    uint32_t a;
    struct insn *i;

    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, T_U64);
    i = ptx_emit(b, pending_count);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
}

/* What has an address and at most one number. */
static void lower_plain(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, uint32_t sources,
                        uint32_t e)
{
    uint32_t s[2] = {0};

    ptx_operands(b, in, 1 + sources, 1 + sources);
    s[0] = sources != 0 ? ptx_src(b, in, 1, T_U32) : 0;
    emit(b, in, fn, 0, b->sink, s, e);
}

static void lower_mbarrier(struct ptx_build *b, struct ptx_inst *in)
{
    ptx_mod_ignore(in, without_effect);
    if (ptx_mod(in, "init")) {
        lower_plain(b, in, init, 1, 0);
    } else if (ptx_mod(in, "inval")) {
        lower_plain(b, in, inval, 0, 0);
    } else if (ptx_mod(in, "arrive")) {
        lower_arrive(b, in, arrival);
    } else if (ptx_mod(in, "arrive_drop")) {
        lower_arrive(b, in, arrival_drop);
    } else if (ptx_mod(in, "test_wait") || ptx_mod(in, "try_wait")) {
        lower_wait(b, in);
    } else if (ptx_mod(in, "expect_tx")) {
        lower_plain(b, in, bytes, 1, 0);
    } else if (ptx_mod(in, "complete_tx")) {
        lower_plain(b, in, bytes, 1, 1);
    } else if (ptx_mod(in, "pending_count")) {
        lower_pending(b, in);
    } else {
        ptx_unsupported(b, in);
    }
}

/* Copies are over by now: without .noinc what is added is taken at once. */
void op_lower_copy_arrive(struct ptx_build *b, struct ptx_inst *in)
{
    uint32_t count = ptx_mod(in, "noinc") ? 1 : 0;

    ptx_mod_ignore(in, without_effect);
    if (!ptx_mod(in, "arrive")) {
        ptx_unsupported(b, in);
    }
    lower_plain(b, in, copy_arrive, 0, count);
}

const struct lower_row lower_mbarriers[] = {{"mbarrier", lower_mbarrier}, {NULL, NULL}};
