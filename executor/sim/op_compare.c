/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_compare.h"
#include "executor/sim/op_float.h"
#include "executor/sim/op_vector.h"

/* p = comparison; the common case has a routine of its own. */
#define COMPARE(name, type)                                                                        \
    static inline int order_##name(const struct thr *t, const struct insn *i)                      \
    {                                                                                              \
        type a = (type)op_get(t, i->a);                                                            \
        type b = (type)op_get(t, i->b);                                                            \
                                                                                                   \
        return ORDER(a, b);                                                                        \
    }                                                                                              \
    ROUTINES(name)

#define ROUTINES(name)                                                                             \
    HANDLER(setp_##name)                                                                           \
    {                                                                                              \
        op_set(t, i->d, (order_##name(t, i) & i->imm) != 0);                                       \
        return i + 1;                                                                              \
    }                                                                                              \
    HANDLER(setp_full_##name)                                                                      \
    {                                                                                              \
        return setp_full(t, i, (order_##name(t, i) & i->imm & OUTCOMES) != 0);                     \
    }                                                                                              \
    HANDLER(set_##name)                                                                            \
    {                                                                                              \
        return set(t, i, (order_##name(t, i) & i->imm & OUTCOMES) != 0);                           \
    }

static const struct insn *setp_full(struct thr *t, const struct insn *i, bool v)
{
    bool p = op_combine(t, i, v);
    bool q = op_combine(t, i, !v);

    op_set(t, i->d, p);
    op_set(t, i->e, q);
    return i + 1;
}

/* True is all ones, or 1.0. */
static const struct insn *set(struct thr *t, const struct insn *i, bool v)
{
    uint32_t yes = (i->imm & AS_FLOAT) != 0 ? 0x3f800000 : UINT32_MAX;
    bool p = op_combine(t, i, v);

    op_set(t, i->d, p ? yes : 0);
    return i + 1;
}

static inline int order_f32(const struct thr *t, const struct insn *i)
{
    float a = op_f32(t, i->a);
    float b = op_f32(t, i->b);

    if ((i->imm & FLUSH) != 0) {
        a = op_flush(a, FLOAT_FTZ);
        b = op_flush(b, FLOAT_FTZ);
    }
    return ORDER(a, b);
}

static inline int order_f64(const struct thr *t, const struct insn *i)
{
    double a = op_f64(t, i->a);
    double b = op_f64(t, i->b);

    return ORDER(a, b);
}

COMPARE(u16, uint16_t)
COMPARE(u32, uint32_t)
COMPARE(u64, uint64_t)
COMPARE(s16, int16_t)
COMPARE(s32, int32_t)
COMPARE(s64, int64_t)
ROUTINES(f32)
ROUTINES(f64)

static const insn_fn setp_table[T_COUNT] = {
    [T_U16] = setp_u16, [T_U32] = setp_u32, [T_U64] = setp_u64, [T_S16] = setp_s16,
    [T_S32] = setp_s32, [T_S64] = setp_s64, [T_B16] = setp_u16, [T_B32] = setp_u32,
    [T_B64] = setp_u64, [T_F32] = setp_f32, [T_F64] = setp_f64,
};
static const insn_fn setp_full_table[T_COUNT] = {
    [T_U16] = setp_full_u16, [T_U32] = setp_full_u32, [T_U64] = setp_full_u64,
    [T_S16] = setp_full_s16, [T_S32] = setp_full_s32, [T_S64] = setp_full_s64,
    [T_B16] = setp_full_u16, [T_B32] = setp_full_u32, [T_B64] = setp_full_u64,
    [T_F32] = setp_full_f32, [T_F64] = setp_full_f64,
};
static const insn_fn set_table[T_COUNT] = {
    [T_U16] = set_u16, [T_U32] = set_u32, [T_U64] = set_u64, [T_S16] = set_s16,
    [T_S32] = set_s32, [T_S64] = set_s64, [T_B16] = set_u16, [T_B32] = set_u32,
    [T_B64] = set_u64, [T_F32] = set_f32, [T_F64] = set_f64,
};

static const struct {
    const char *word;
    int64_t outcomes;
} comparisons[] = {
    {"eq", EQUAL},
    {"ne", LESS | GREATER},
    {"lt", LESS},
    {"le", LESS | EQUAL},
    {"gt", GREATER},
    {"ge", GREATER | EQUAL},
    {"lo", LESS},
    {"ls", LESS | EQUAL},
    {"hi", GREATER},
    {"hs", GREATER | EQUAL},
    {"equ", EQUAL | UNORDERED},
    {"neu", LESS | GREATER | UNORDERED},
    {"ltu", LESS | UNORDERED},
    {"leu", LESS | EQUAL | UNORDERED},
    {"gtu", GREATER | UNORDERED},
    {"geu", GREATER | EQUAL | UNORDERED},
    {"num", LESS | EQUAL | GREATER},
    {"nan", UNORDERED},
};

static int64_t modifiers(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = 0;

    for (size_t k = 0; k < sizeof(comparisons) / sizeof(comparisons[0]) && flags == 0; k++) {
        flags = ptx_mod(in, comparisons[k].word) ? comparisons[k].outcomes : 0;
    }
    if (flags == 0) {
        ptx_unsupported(b, in);
    }
    flags |= ptx_mod(in, "and") ? BOOL_AND : 0;
    flags |= ptx_mod(in, "or") ? BOOL_OR : 0;
    flags |= ptx_mod(in, "xor") ? BOOL_XOR : 0;
    flags |= ptx_mod(in, "ftz") ? FLUSH : 0;
    return flags;
}

struct insn *op_emit_compare(struct ptx_build *b, struct ptx_inst *in, insn_fn fn,
                             enum ptx_type type, int64_t flags)
{
    uint32_t count = (flags & BOOL_MASK) != 0 ? 4 : 3;
    uint32_t s[3] = {0};
    struct insn *i;

    ptx_operands(b, in, count, count);
    s[0] = ptx_src(b, in, 1, type);
    s[1] = ptx_src(b, in, 2, type);
    if (count == 4) {
        s[2] = ptx_src(b, in, 3, T_PRED);
    }
    i = ptx_emit(b, in->opd[0].sub == NULL ? op_vector(in, fn) : fn);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->imm = flags;
    return i;
}

static void lower_setp(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = modifiers(b, in);
    enum ptx_type type = ptx_mod_type_needed(b, in);
    const struct ptx_operand *q = in->opd[0].sub;
    bool full = (flags & BOOL_MASK) != 0 || q != NULL;
    struct insn *i;

    if (in->opd[0].kind == OPD_REG && !in->opd[0].pred) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    if (op_type_half(type)) {
        op_lower_half_setp(b, in, type, flags);
        return;
    }
    i = op_emit_compare(b, in, ptx_pick(b, in, full ? setp_full_table : setp_table, type), type,
                        flags);
    i->d = ptx_dst(b, in, 0);
    i->e = q != NULL && q->kind == OPD_REG ? q->slot : b->sink;
}

static void lower_set(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = modifiers(b, in);
    enum ptx_type result = ptx_mod_type_needed(b, in);
    enum ptx_type type = ptx_mod_type_needed(b, in);
    struct insn *i;

    if (op_type_half(type)) {
        op_lower_half_set(b, in, result, type, flags);
        return;
    }
    /* Of the float results only those are known that NVIDIA's bf16 functions rely on. */
    if (result == T_F32 && type == T_F32) {
        flags |= AS_FLOAT;
    } else if (result != T_U32 && result != T_S32) {
        ptx_unsupported(b, in);
    }
    i = op_emit_compare(b, in, ptx_pick(b, in, set_table, type), type, flags);
    i->d = ptx_dst(b, in, 0);
}

HANDLER(selp)
{
    op_set(t, i->d, op_get(t, (op_get(t, i->c) & 1) != 0 ? i->a : i->b));
    return i + 1;
}

HANDLER(slct_s32)
{
    op_set(t, i->d, op_get(t, (int32_t)op_get(t, i->c) >= 0 ? i->a : i->b));
    return i + 1;
}

HANDLER(slct_f32)
{
    float c = op_flush(op_f32(t, i->c), i->imm);

    op_set(t, i->d, op_get(t, c >= 0.0f ? i->a : i->b));
    return i + 1;
}

static void emit_select(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, enum ptx_type type,
                        enum ptx_type by, int64_t flags)
{
    uint32_t s[3];
    struct insn *i;

    ptx_operands(b, in, 4, 4);
    s[0] = ptx_src(b, in, 1, type);
    s[1] = ptx_src(b, in, 2, type);
    s[2] = ptx_src(b, in, 3, by);
    i = ptx_emit(b, fn);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->imm = flags;
}

static void lower_selp(struct ptx_build *b, struct ptx_inst *in)
{
    emit_select(b, in, op_vector(in, selp), ptx_mod_type_needed(b, in), T_PRED, 0);
}

static void lower_slct(struct ptx_build *b, struct ptx_inst *in)
{
    int64_t flags = ptx_mod(in, "ftz") ? FLOAT_FTZ : 0;
    enum ptx_type type = ptx_mod_type_needed(b, in);
    enum ptx_type by = ptx_mod_type_needed(b, in);

    if (by != T_S32 && by != T_F32) {
        ptx_unsupported(b, in);
    }
    emit_select(b, in, by == T_S32 ? slct_s32 : slct_f32, type, by, flags);
}

const struct lower_row lower_compare[] = {
    {"setp", lower_setp}, {"set", lower_set}, {"selp", lower_selp},
    {"slct", lower_slct}, {NULL, NULL},
};
