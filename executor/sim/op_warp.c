/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_warp.h"

#include "executor/sim/thr.h"

/*
 * Operations that threads of a warp do together.  Each stops at its
 * instruction; the last of those that the mask names computes for all.  Lanes
 * that have ended, or that the block does not have, count as there.
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
    WARP_ALL,
    WARP_ANY,
    WARP_UNI,
    WARP_BALLOT,
    WARP_MATCH_ANY,
    WARP_MATCH_ALL,
    WARP_ELECT,
    WARP_ADD,
    WARP_MIN_U,
    WARP_MIN_S,
    WARP_MAX_U,
    WARP_MAX_S,
    WARP_AND,
    WARP_OR,
    WARP_XOR,
    WARP_ACTIVE,
};
#define KIND(i)      ((uint32_t)((i)->imm & 255))
#define MASK_SLOT(i) ((uint32_t)((uint64_t)(i)->imm >> 32))
#define WIDE         256 /* values of 64 bits */

/* The threads that take part: by lane, NULL for the others. */
struct party {
    struct thr *thr[WARP];
    uint64_t value[WARP]; /* operand a */
    uint32_t mask;        /* who is there */
};

HANDLER(together)
{
    t->wait_id = KIND(i);
    t->wait_mask = (uint32_t)op_get(t, MASK_SLOT(i)) | 1u << (t->lin % WARP);
    (void)op_wait(t, i, THR_WARP);
    warp_check(t->blk, t);
    return NULL;
}

HANDLER(activemask)
{
    t->wait_id = WARP_ACTIVE;
    t->wait_mask = 0;
    return op_wait(t, i, THR_WARP);
}

static void shuffle(const struct party *p, uint32_t lane, uint64_t *d, bool *in_range)
{
    const struct thr *t = p->thr[lane];
    int32_t b = (int32_t)(op_get(t, t->pc->b) & 31);
    uint32_t c = (uint32_t)op_get(t, t->pc->c);
    uint32_t seg = c >> 8 & 31;
    int32_t last = (int32_t)((lane & seg) | (c & 31 & ~seg));
    int32_t from = 0;

    switch (KIND(t->pc)) {
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

/* What one lane gets: d, and the second result where there is one. */
static void answer(const struct party *p, uint32_t lane, uint64_t *d, bool *second)
{
    uint32_t kind = KIND(p->thr[lane]->pc);
    uint32_t all = p->mask;

    switch (kind) {
    case WARP_SHUFFLE_UP:
    case WARP_SHUFFLE_DOWN:
    case WARP_SHUFFLE_BUTTERFLY:
    case WARP_SHUFFLE_INDEX:
        shuffle(p, lane, d, second);
        break;
    case WARP_ALL:
        *d = votes(p) == all;
        break;
    case WARP_ANY:
        *d = votes(p) != 0;
        break;
    case WARP_UNI:
        *d = votes(p) == all || votes(p) == 0;
        break;
    case WARP_BALLOT:
        *d = votes(p);
        break;
    case WARP_MATCH_ANY:
        *d = same_value(p, lane);
        break;
    case WARP_MATCH_ALL:
        *second = same_value(p, lane) == all;
        *d = *second ? all : 0;
        break;
    case WARP_ELECT:
        *d = (uint64_t)__builtin_ctz(all);
        *second = *d == lane;
        break;
    case WARP_SYNC:
        break;
    default:
        *d = reduce(p, kind);
        break;
    }
}

static void complete(struct blk *b, struct party *p)
{
    uint64_t d[WARP] = {0};
    bool second[WARP] = {false};

    for (uint32_t k = 0; k < WARP; k++) {
        if (p->thr[k] != NULL) {
            answer(p, k, &d[k], &second[k]);
        }
    }
    for (uint32_t k = 0; k < WARP; k++) {
        struct thr *t = p->thr[k];

        if (t == NULL) {
            continue;
        }
        if (KIND(t->pc) != WARP_SYNC) {
            op_set(t, t->pc->d, d[k]);
            op_set(t, t->pc->e, second[k]);
        }
        t->pc++;
        t->state = THR_RUN;
    }
    b->stirred = true;
}

void warp_check(struct blk *b, struct thr *t)
{
    uint32_t first = t->lin / WARP * WARP;
    uint32_t mask = t->wait_mask;
    struct party p = {.mask = 0};

    for (uint32_t k = 0; k < WARP && first + k < b->thr_count; k++) {
        struct thr *o = &b->thr[first + k];

        if ((mask >> k & 1) == 0 || o->state == THR_DONE) {
            continue;
        }
        if (o->state != THR_WARP || o->wait_id != t->wait_id || o->wait_mask != mask) {
            return;
        }
        p.thr[k] = o;
        p.mask |= 1u << k;
        p.value[k] = op_get(o, o->pc->a);
        if ((o->pc->imm & WIDE) == 0) {
            p.value[k] = (uint32_t)p.value[k];
        }
    }
    if (p.mask != 0) {
        complete(b, &p);
    }
}

void warp_settle(struct blk *b, uint32_t warp)
{
    uint32_t first = warp * WARP;

    for (uint32_t k = 0; k < WARP && first + k < b->thr_count; k++) {
        const struct insn *at = b->thr[first + k].pc;
        uint32_t mask = 0;

        if (b->thr[first + k].state != THR_WARP || b->thr[first + k].wait_id != WARP_ACTIVE) {
            continue;
        }
        for (uint32_t m = k; m < WARP && first + m < b->thr_count; m++) {
            const struct thr *o = &b->thr[first + m];

            mask |= o->state == THR_WARP && o->wait_id == WARP_ACTIVE && o->pc == at ? 1u << m : 0;
        }
        for (uint32_t m = k; m < WARP; m++) {
            if ((mask >> m & 1) != 0) {
                struct thr *o = &b->thr[first + m];

                op_set(o, at->d, mask);
                o->pc = at + 1;
                o->state = THR_RUN;
                b->stirred = true;
            }
        }
    }
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
