/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_float.h"
#include "executor/sim/op_vector.h"
#include "executor/sim/op_video.h"
#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/* Integer sums, quotients, extremes. */

#define BINARY(name, type, expr)                                                                   \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        type a = (type)op_get(t, i->a);                                                            \
        type b = (type)op_get(t, i->b);                                                            \
                                                                                                   \
        op_set(t, i->d, (uint64_t)(type)(expr));                                                   \
        return i + 1;                                                                              \
    }

#define UNARY(name, type, expr)                                                                    \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        type a = (type)op_get(t, i->a);                                                            \
                                                                                                   \
        op_set(t, i->d, (uint64_t)(type)(expr));                                                   \
        return i + 1;                                                                              \
    }

/* clang-format off */
#define EACH_UNSIGNED(macro, name, expr)                                                           \
    macro(name##_u16, uint16_t, expr)                                                              \
    macro(name##_u32, uint32_t, expr)                                                              \
    macro(name##_u64, uint64_t, expr)
#define EACH_SIGNED(macro, name, expr)                                                             \
    macro(name##_s16, int16_t, expr)                                                               \
    macro(name##_s32, int32_t, expr)                                                               \
    macro(name##_s64, int64_t, expr)

#define TABLE_BOTH(name)                                                                           \
    {                                                                                              \
        [T_U16] = name##_u16, [T_U32] = name##_u32, [T_U64] = name##_u64,                          \
        [T_S16] = name##_s16, [T_S32] = name##_s32, [T_S64] = name##_s64, [T_COUNT] = NULL,        \
    }
/* Where the sign makes no difference. */
#define TABLE_SAME(name)                                                                           \
    {                                                                                              \
        [T_U16] = name##_u16, [T_U32] = name##_u32, [T_U64] = name##_u64,                          \
        [T_S16] = name##_u16, [T_S32] = name##_u32, [T_S64] = name##_u64, [T_COUNT] = NULL,        \
    }
#define TABLE_SIGNED(name)                                                                         \
    {                                                                                              \
        [T_S16] = name##_s16, [T_S32] = name##_s32, [T_S64] = name##_s64, [T_COUNT] = NULL,        \
    }

EACH_UNSIGNED(BINARY, add, a + b)
EACH_UNSIGNED(BINARY, sub, a - b)
EACH_UNSIGNED(BINARY, min, a < b ? a : b)
EACH_SIGNED(BINARY, min, a < b ? a : b)
EACH_UNSIGNED(BINARY, max, a > b ? a : b)
EACH_SIGNED(BINARY, max, a > b ? a : b)
/* By zero the hardware gives all ones. */
EACH_UNSIGNED(BINARY, div, b == 0 ? ~0ull : a / b)
EACH_UNSIGNED(BINARY, rem, b == 0 ? ~0ull : a % b)
EACH_SIGNED(BINARY, div, b == 0 ? -1 : b == -1 ? 0 - a : a / b)
EACH_SIGNED(BINARY, rem, b == 0 ? -1 : b == -1 ? 0 : a % b)
EACH_SIGNED(UNARY, abs, a < 0 ? 0 - a : a)
EACH_SIGNED(UNARY, neg, 0 - a)
/* clang-format on */

static int64_t saturate(int64_t v)
{
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
}

HANDLER(add_sat)
{
    int64_t sum = (int64_t)(int32_t)op_get(t, i->a) + (int32_t)op_get(t, i->b);

    op_set(t, i->d, (uint64_t)saturate(sum));
    return i + 1;
}

HANDLER(sub_sat)
{
    int64_t sum = (int64_t)(int32_t)op_get(t, i->a) - (int32_t)op_get(t, i->b);

    op_set(t, i->d, (uint64_t)saturate(sum));
    return i + 1;
}

static const insn_fn add_table[T_COUNT + 1] = TABLE_SAME(add);
static const insn_fn sub_table[T_COUNT + 1] = TABLE_SAME(sub);
static const insn_fn min_table[T_COUNT + 1] = TABLE_BOTH(min);
static const insn_fn max_table[T_COUNT + 1] = TABLE_BOTH(max);
static const insn_fn div_table[T_COUNT + 1] = TABLE_BOTH(div);
static const insn_fn rem_table[T_COUNT + 1] = TABLE_BOTH(rem);
static const insn_fn abs_table[T_COUNT + 1] = TABLE_SIGNED(abs);
static const insn_fn neg_table[T_COUNT + 1] = TABLE_SIGNED(neg);

/*
 * Multi-word sums.  imm: 1 carry in, 2 carry out.  After a difference the flag
 * is set where there was no borrow, as the hardware has it: compilers read it
 * with addc.
 */
#define CARRY_IN  1
#define CARRY_OUT 2

HANDLER(add_carry_32)
{
    uint64_t sum = (op_get(t, i->a) & UINT32_MAX) + (op_get(t, i->b) & UINT32_MAX) +
                   ((i->imm & CARRY_IN) != 0 ? t->carry : 0);

    op_set(t, i->d, (uint32_t)sum);
    if ((i->imm & CARRY_OUT) != 0) {
        t->carry = (uint32_t)(sum >> 32);
    }
    return i + 1;
}

HANDLER(sub_carry_32)
{
    uint64_t sum = (op_get(t, i->a) & UINT32_MAX) - (op_get(t, i->b) & UINT32_MAX) -
                   ((i->imm & CARRY_IN) != 0 ? 1 - t->carry : 0);

    op_set(t, i->d, (uint32_t)sum);
    if ((i->imm & CARRY_OUT) != 0) {
        t->carry = ~(uint32_t)(sum >> 32) & 1;
    }
    return i + 1;
}

HANDLER(add_carry_64)
{
    unsigned __int128 sum = (unsigned __int128)op_get(t, i->a) + op_get(t, i->b) +
                            ((i->imm & CARRY_IN) != 0 ? t->carry : 0);

    op_set(t, i->d, (uint64_t)sum);
    if ((i->imm & CARRY_OUT) != 0) {
        t->carry = (uint32_t)(sum >> 64);
    }
    return i + 1;
}

HANDLER(sub_carry_64)
{
    unsigned __int128 sum = (unsigned __int128)op_get(t, i->a) - op_get(t, i->b) -
                            ((i->imm & CARRY_IN) != 0 ? 1 - t->carry : 0);

    op_set(t, i->d, (uint64_t)sum);
    if ((i->imm & CARRY_OUT) != 0) {
        t->carry = ~(uint32_t)(sum >> 64) & 1;
    }
    return i + 1;
}

static void lower_carry(struct ptx_build *b, struct ptx_inst *in, bool add, int64_t flags)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    bool wide = ptx_type_size(type) == 8;
    struct insn *i;
    uint32_t a;
    uint32_t c;

    if (ptx_type_float(type) || ptx_type_size(type) < 4) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 3, 3);
    a = ptx_src(b, in, 1, type);
    c = ptx_src(b, in, 2, type);
    i = ptx_emit(b,
                 add ? (wide ? add_carry_64 : add_carry_32) : (wide ? sub_carry_64 : sub_carry_32));
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->b = c;
    i->imm = flags;
}

static void lower_binary(struct ptx_build *b, struct ptx_inst *in, const insn_fn *table)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    insn_fn fn = ptx_pick(b, in, table, type);
    struct insn *i;
    uint32_t a;
    uint32_t c;

    ptx_operands(b, in, 3, 3);
    for (int k = 0; k < 3; k++) {
        if (in->opd[k].kind == OPD_REG && ptx_type_size(in->opd[k].type) > ptx_type_size(type)) {
            ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
        }
    }
    if (type == T_S32 && table == add_table && ptx_mod(in, "sat")) {
        fn = add_sat;
    } else if (type == T_S32 && table == sub_table && ptx_mod(in, "sat")) {
        fn = sub_sat;
    }
    a = ptx_src(b, in, 1, type);
    c = ptx_src(b, in, 2, type);
    i = ptx_emit(b, op_vector(in, fn));
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->b = c;
}

static void lower_unary(struct ptx_build *b, struct ptx_inst *in, const insn_fn *table)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    insn_fn fn = ptx_pick(b, in, table, type);
    struct insn *i;
    uint32_t a;

    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, type);
    i = ptx_emit(b, op_vector(in, fn));
    i->d = ptx_dst(b, in, 0);
    i->a = a;
}

static void lower_add(struct ptx_build *b, struct ptx_inst *in)
{
    if (op_is_float(in)) {
        op_lower_float(b, in);
    } else if (ptx_mod(in, "cc")) {
        lower_carry(b, in, true, CARRY_OUT);
    } else if (!op_lower_pair(b, in, PART_ADD)) {
        lower_binary(b, in, add_table);
    }
}

static void lower_sub(struct ptx_build *b, struct ptx_inst *in)
{
    if (op_is_float(in)) {
        op_lower_float(b, in);
    } else if (ptx_mod(in, "cc")) {
        lower_carry(b, in, false, CARRY_OUT);
    } else {
        lower_binary(b, in, sub_table);
    }
}

static void lower_addc(struct ptx_build *b, struct ptx_inst *in)
{
    lower_carry(b, in, true, CARRY_IN | (ptx_mod(in, "cc") ? CARRY_OUT : 0));
}

static void lower_subc(struct ptx_build *b, struct ptx_inst *in)
{
    lower_carry(b, in, false, CARRY_IN | (ptx_mod(in, "cc") ? CARRY_OUT : 0));
}

static void lower_rem(struct ptx_build *b, struct ptx_inst *in)
{
    lower_binary(b, in, rem_table);
}

/* min.relu.s32 and max.relu.s32: the result is not below zero. */
static void lower_extreme(struct ptx_build *b, struct ptx_inst *in, const insn_fn *table)
{
    bool relu = ptx_mod(in, "relu");
    struct insn *i;

    lower_binary(b, in, table);
    if (relu) {
        uint32_t d = b->func->code[b->func->code_count - 1].d;

        if (strcmp(in->mod[in->mod_count - 1], "s32") != 0) {
            ptx_unsupported(b, in);
        }
        i = ptx_emit(b, max_s32);
        i->d = d;
        i->a = d;
        i->b = ptx_const(b, 0);
    }
}

#define EITHER(name, lower)                                                                        \
    static void lower_##name(struct ptx_build *b, struct ptx_inst *in)                             \
    {                                                                                              \
        if (op_is_float(in)) {                                                                     \
            op_lower_float(b, in);                                                                 \
        } else {                                                                                   \
            lower(b, in, name##_table);                                                            \
        }                                                                                          \
    }

#define EXTREME(name, part)                                                                        \
    static void lower_##name(struct ptx_build *b, struct ptx_inst *in)                             \
    {                                                                                              \
        if (op_is_float(in)) {                                                                     \
            op_lower_float(b, in);                                                                 \
        } else if (!op_lower_pair(b, in, part)) {                                                  \
            lower_extreme(b, in, name##_table);                                                    \
        }                                                                                          \
    }

EXTREME(min, PART_MIN)
EXTREME(max, PART_MAX)
EITHER(div, lower_binary)
EITHER(abs, lower_unary)
EITHER(neg, lower_unary)

const struct lower_row lower_int[] = {
    {"add", lower_add}, {"sub", lower_sub}, {"addc", lower_addc}, {"subc", lower_subc},
    {"min", lower_min}, {"max", lower_max}, {"div", lower_div},   {"rem", lower_rem},
    {"abs", lower_abs}, {"neg", lower_neg}, {NULL, NULL},
};
