/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_warp.h"

#include "executor/sim/thr.h"

/*
 * Operations that threads of a warp do together.  Unless they come as one
 * group, each stops at its instruction; the last of those that the mask names
 * computes for all.  Lanes that have ended, or that the block does not have,
 * count as there.
 *
 * imm: the kind; e: the mask's slot for all but shuffles, where it is in imm
 * from bit 32 on and e is the second destination.
 */
enum {
    WARP_SYNC = 1,
    WARP_SHUFFLE_UP,
    WARP_SHUFFLE_DOWN,
    WARP_SHUFFLE_BUTTERFLY,
    WARP_SHUFFLE_INDEX,
    WARP_MATCH_ANY,
    WARP_MATCH_ALL,
    WARP_ALL, /* from here on all lanes have one result */
    WARP_ANY,
    WARP_UNI,
    WARP_BALLOT,
    WARP_ELECT,
    WARP_ADD,
    WARP_MIN_U,
    WARP_MIN_S,
    WARP_MAX_U,
    WARP_MAX_S,
    WARP_AND,
    WARP_OR,
    WARP_XOR,
};
#define KIND(i)      ((uint32_t)((i)->imm & 255))
#define MASK_SLOT(i) ((uint32_t)((uint64_t)(i)->imm >> 32))
#define WIDE         256 /* values of 64 bits */

/* The threads that take part: by lane, NULL for the others. */
struct party {
    struct thr *thr[WARP];
    const struct insn *at[WARP]; /* where each is */
    uint64_t value[WARP];        /* operand a */
    uint32_t mask;               /* who is there */
};

static void shuffle(const struct party *p, uint32_t lane, uint64_t *d, bool *in_range)
{
    const struct thr *t = p->thr[lane];
    const struct insn *i = p->at[lane];
    int32_t b = (int32_t)(op_get(t, i->b) & 31);
    uint32_t c = (uint32_t)op_get(t, i->c);
    uint32_t seg = c >> 8 & 31;
    int32_t last = (int32_t)((lane & seg) | (c & 31 & ~seg));
    int32_t from = 0;

    switch (KIND(i)) {
    case WARP_SHUFFLE_UP:
        from = (int32_t)lane - b;
        *in_range = from >= last;
        break;
    case WARP_SHUFFLE_DOWN:
        from = (int32_t)lane + b;
        *in_range = from <= last;
        break;
    case WARP_SHUFFLE_BUTTERFLY:
        from = (int32_t)lane ^ b;
        *in_range = from <= last;
        break;
    default:
        from = (int32_t)((lane & seg) | ((uint32_t)b & ~seg));
        *in_range = from <= last;
        break;
    }
    /* From a lane that does not take part the value is undefined: its own. */
    *d = *in_range && (p->mask >> from & 1) != 0 ? p->value[from] : p->value[lane];
}

static uint32_t votes(const struct party *p)
{
    uint32_t yes = 0;

    for (uint32_t k = 0; k < WARP; k++) {
        yes |= (p->mask >> k & 1) != 0 && (p->value[k] & 1) != 0 ? 1u << k : 0;
    }
    return yes;
}

static uint32_t same_value(const struct party *p, uint32_t lane)
{
    uint32_t same = 0;

    for (uint32_t k = 0; k < WARP; k++) {
        same |= (p->mask >> k & 1) != 0 && p->value[k] == p->value[lane] ? 1u << k : 0;
    }
    return same;
}

static uint32_t reduce_two(uint32_t kind, uint32_t a, uint32_t b)
{
    switch (kind) {
    case WARP_ADD:
        return a + b;
    case WARP_MIN_U:
        return a < b ? a : b;
    case WARP_MIN_S:
        return (int32_t)a < (int32_t)b ? a : b;
    case WARP_MAX_U:
        return a > b ? a : b;
    case WARP_MAX_S:
        return (int32_t)a > (int32_t)b ? a : b;
    case WARP_AND:
        return a & b;
    case WARP_OR:
        return a | b;
    default:
        return a ^ b;
    }
}

static uint32_t reduce(const struct party *p, uint32_t kind)
{
    uint32_t first = (uint32_t)__builtin_ctz(p->mask);
    uint32_t sum = (uint32_t)p->value[first];

    for (uint32_t k = first + 1; k < WARP; k++) {
        if ((p->mask >> k & 1) != 0) {
            sum = reduce_two(kind, sum, (uint32_t)p->value[k]);
        }
    }
    return sum;
}

/* What is the same for all lanes. */
static uint64_t common(const struct party *p, uint32_t kind)
{
    uint32_t yes;

    switch (kind) {
    case WARP_ALL:
        return votes(p) == p->mask;
    case WARP_ANY:
        return votes(p) != 0;
    case WARP_UNI:
        yes = votes(p);
        return yes == p->mask || yes == 0;
    case WARP_BALLOT:
        return votes(p);
    case WARP_ELECT:
        return (uint64_t)__builtin_ctz(p->mask);
    default:
        return reduce(p, kind);
    }
}

/* What one lane gets: d, and the second result where there is one; all: what is the same. */
static void answer(const struct party *p, uint32_t lane, uint64_t all, uint64_t *d, bool *second)
{
    switch (KIND(p->at[lane])) {
    case WARP_SHUFFLE_UP:
    case WARP_SHUFFLE_DOWN:
    case WARP_SHUFFLE_BUTTERFLY:
    case WARP_SHUFFLE_INDEX:
        shuffle(p, lane, d, second);
        break;
    case WARP_MATCH_ANY:
        *d = same_value(p, lane);
        break;
    case WARP_MATCH_ALL:
        *second = same_value(p, lane) == p->mask;
        *d = *second ? p->mask : 0;
        break;
    case WARP_ELECT:
        *d = all;
        *second = all == lane;
        break;
    default:
        *d = all;
        break;
    }
}

/* Lane k, which is at i, takes part. */
static void join(struct party *p, struct warp *w, uint32_t k, const struct insn *i)
{
    p->thr[k] = &w->thr[k];
    p->at[k] = i;
    p->mask |= 1u << k;
    p->value[k] = op_get(p->thr[k], i->a);
    if ((i->imm & WIDE) == 0) {
        p->value[k] = (uint32_t)p->value[k];
    }
}

/* Give everybody the answer; all are at operations of one kind. */
static void complete(struct party *p)
{
    uint32_t kind = KIND(p->at[__builtin_ctz(p->mask)]);
    uint64_t all = kind >= WARP_ALL ? common(p, kind) : 0;
    uint64_t d[WARP] = {0};
    bool second[WARP] = {false};

    if (kind == WARP_SYNC) {
        return;
    }

    for (uint32_t m = p->mask; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        answer(p, k, all, &d[k], &second[k]);
    }
    for (uint32_t m = p->mask; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        op_set(p->thr[k], p->at[k]->d, d[k]);
        op_set(p->thr[k], p->at[k]->e, second[k]);
    }
}

/* Complete the operation that lane k waits at when all that it names are there. */
static void check(struct warp *w, uint32_t k)
{
    uint32_t wanted = w->thr[k].wait_mask & w->alive;
    struct party p = {.mask = 0};

    if ((wanted & ~w->syncing) != 0) {
        return;
    }
    for (uint32_t m = wanted; m != 0; m &= m - 1) {
        uint32_t o = (uint32_t)__builtin_ctz(m);

        if (w->thr[o].wait_id != w->thr[k].wait_id || w->thr[o].wait_mask != w->thr[k].wait_mask) {
            return;
        }
        join(&p, w, o, w->pc[o]);
    }
    complete(&p);
    for (uint32_t m = wanted; m != 0; m &= m - 1) {
        w->pc[__builtin_ctz(m)]++;
    }
    w->syncing &= ~wanted;
    w->run |= wanted;
    w->blk->stirred = true;
}

void warp_check_all(struct warp *w)
{
    for (uint32_t m = w->syncing; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        if ((w->syncing >> k & 1) != 0) {
            check(w, k);
        }
    }
}

/* All of the group name just each other: no need to wait. */
static bool whole(const struct warp *w, const struct insn *i, uint32_t mask)
{
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        const struct thr *t = &w->thr[__builtin_ctz(m)];
        uint32_t wanted = (uint32_t)op_get(t, MASK_SLOT(i)) | 1u << t->lane;

        if ((wanted & w->alive) != mask) {
            return false;
        }
    }
    return true;
}

static const struct insn *together(struct warp *w, const struct insn *i, uint32_t mask)
{
    struct party p = {.mask = 0};

    if (whole(w, i, mask)) {
        for (uint32_t m = mask; m != 0; m &= m - 1) {
            join(&p, w, (uint32_t)__builtin_ctz(m), i);
        }
        complete(&p);
        return i + 1;
    }
    w->run &= ~mask;
    w->syncing |= mask;
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        w->pc[k] = i;
        w->thr[k].wait_id = KIND(i);
        w->thr[k].wait_mask = (uint32_t)op_get(&w->thr[k], MASK_SLOT(i)) | 1u << k;
    }
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        if ((w->syncing & (m & (0 - m))) != 0) {
            check(w, (uint32_t)__builtin_ctz(m));
        }
    }
    return NULL;
}

static const struct insn *activemask(struct warp *w, const struct insn *i, uint32_t mask)
{
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        op_set(&w->thr[__builtin_ctz(m)], i->d, mask);
    }
    return i + 1;
}

/* Sources are operands from..from+2 as far as there are; the mask is the last. */
static struct insn *emit(struct ptx_build *b, struct ptx_inst *in, int64_t kind, uint32_t sources,
                         enum ptx_type type)
{
    const struct ptx_operand *q = in->opd[0].sub;
    uint32_t s[3] = {0};
    struct insn *i;
    uint32_t mask;

    ptx_operands(b, in, sources + 2, sources + 2);
    for (uint32_t k = 0; k < sources; k++) {
        s[k] = ptx_src(b, in, k + 1, k == 0 ? type : T_B32);
    }
    mask = ptx_src(b, in, sources + 1, T_B32);
    i = ptx_emit(b, together);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->e = q != NULL && q->kind == OPD_REG ? q->slot : b->sink;
    i->imm = kind | (int64_t)((uint64_t)mask << 32);
    return i;
}

static void need(struct ptx_build *b, struct ptx_inst *in, const char *word)
{
    if (!ptx_mod(in, word)) {
        ptx_unsupported(b, in);
    }
}

void op_lower_syncwarp(struct ptx_build *b, struct ptx_inst *in)
{
    struct insn *i;
    uint32_t mask;

    need(b, in, "sync");
    ptx_operands(b, in, 1, 1);
    mask = ptx_src(b, in, 0, T_B32);
    i = ptx_emit(b, together);
    i->imm = WARP_SYNC | (int64_t)((uint64_t)mask << 32);
}

void op_emit_sync_all(struct ptx_build *b)
{
    uint32_t mask = ptx_const(b, UINT32_MAX);
    struct insn *i = ptx_emit(b, together);

    i->imm = WARP_SYNC | (int64_t)((uint64_t)mask << 32);
}

static void lower_shfl(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t kind = ptx_mod(in, "up")     ? WARP_SHUFFLE_UP
                   : ptx_mod(in, "down") ? WARP_SHUFFLE_DOWN
                   : ptx_mod(in, "bfly") ? WARP_SHUFFLE_BUTTERFLY
                   : ptx_mod(in, "idx")  ? WARP_SHUFFLE_INDEX
                                         : 0;

    if (kind == 0) {
        ptx_unsupported(b, in);
    }
    need(b, in, "sync");
    need(b, in, "b32");
    (void)emit(b, in, kind, 3, T_B32);
}

static void lower_vote(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t kind = ptx_mod(in, "all")      ? WARP_ALL
                   : ptx_mod(in, "any")    ? WARP_ANY
                   : ptx_mod(in, "uni")    ? WARP_UNI
                   : ptx_mod(in, "ballot") ? WARP_BALLOT
                                           : 0;

    if (kind == 0) {
        ptx_unsupported(b, in);
    }
    need(b, in, "sync");
    need(b, in, kind == WARP_BALLOT ? "b32" : "pred");
    (void)emit(b, in, kind, 1, T_PRED);
}

static void lower_match(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t kind = ptx_mod(in, "any") ? WARP_MATCH_ANY : ptx_mod(in, "all") ? WARP_MATCH_ALL : 0;
    enum ptx_type type;

    if (kind == 0) {
        ptx_unsupported(b, in);
    }
    need(b, in, "sync");
    type = ptx_mod_type_needed(b, in);
    (void)emit(b, in, kind | (ptx_type_size(type) == 8 ? WIDE : 0), 1, type);
}

static void lower_redux(struct ptx_build *b, struct ptx_inst *in)
{
    static const struct {
        const char *op;
        int64_t is_unsigned;
        int64_t is_signed;
    } rows[] = {
        {"add", WARP_ADD, WARP_ADD},
        {"min", WARP_MIN_U, WARP_MIN_S},
        {"max", WARP_MAX_U, WARP_MAX_S},
        {"and", WARP_AND, 0},
        {"or", WARP_OR, 0},
        {"xor", WARP_XOR, 0},
    };
    enum ptx_type type;
    int64_t kind = 0;

    need(b, in, "sync");
    type = ptx_mod_type_needed(b, in);
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (ptx_mod(in, rows[k].op)) {
            kind = type == T_S32 ? rows[k].is_signed : rows[k].is_unsigned;
        }
    }
    if (kind == 0 || ptx_type_size(type) != 4 || ptx_type_float(type)) {
        ptx_unsupported(b, in);
    }
    (void)emit(b, in, kind, 1, type);
}

static void lower_elect(struct ptx_build *b, struct ptx_inst *in)
{
    need(b, in, "sync");
    (void)emit(b, in, WARP_ELECT, 0, T_B32);
}

static void lower_activemask(struct ptx_build *b, struct ptx_inst *in)
{
    struct insn *i;

    need(b, in, "b32");
    ptx_operands(b, in, 1, 1);
    i = ptx_emit(b, activemask);
    i->d = ptx_dst(b, in, 0);
}

const struct lower_row lower_warp[] = {
    {"shfl", lower_shfl},   {"vote", lower_vote},   {"match", lower_match},
    {"redux", lower_redux}, {"elect", lower_elect}, {"activemask", lower_activemask},
    {NULL, NULL},
};
