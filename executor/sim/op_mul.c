/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_float.h"
#include "executor/sim/op_vector.h"
#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/*
 * Products: d = low, high or all of a * b, plus c for mad.  Without mad, c is
 * a constant zero, so that one routine serves both.
 */

#define LOW(name, type, ctype)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        ctype a = (ctype)op_get(t, i->a);                                                          \
        ctype b = (ctype)op_get(t, i->b);                                                          \
                                                                                                   \
        op_set(t, i->d, (type)(a * b + (ctype)op_get(t, i->c)));                                   \
        return i + 1;                                                                              \
    }

/* The high half; wide holds the whole product. */
#define HIGH(name, type, wide, bits)                                                               \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        wide a = (wide)(type)op_get(t, i->a);                                                      \
        wide b = (wide)(type)op_get(t, i->b);                                                      \
                                                                                                   \
        op_set(t, i->d, (uint64_t)(type)((type)((a * b) >> (bits)) + (type)op_get(t, i->c)));      \
        return i + 1;                                                                              \
    }

#define WIDE(name, type, wide)                                                                     \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        wide a = (wide)(type)op_get(t, i->a);                                                      \
        wide b = (wide)(type)op_get(t, i->b);                                                      \
                                                                                                   \
        op_set(t, i->d, (uint64_t)(a * b + (wide)op_get(t, i->c)));                                \
        return i + 1;                                                                              \
    }

LOW(low_16, uint16_t, uint32_t)
LOW(low_32, uint32_t, uint32_t)
LOW(low_64, uint64_t, uint64_t)
HIGH(high_u16, uint16_t, uint32_t, 16)
HIGH(high_u32, uint32_t, uint64_t, 32)
HIGH(high_u64, uint64_t, unsigned __int128, 64)
HIGH(high_s16, int16_t, int32_t, 16)
HIGH(high_s32, int32_t, int64_t, 32)
HIGH(high_s64, int64_t, __int128, 64)
WIDE(wide_u16, uint16_t, uint32_t)
WIDE(wide_u32, uint32_t, uint64_t)
WIDE(wide_s16, int16_t, int32_t)
WIDE(wide_s32, int32_t, int64_t)

static const insn_fn low_table[T_COUNT] = {
    [T_U16] = low_16, [T_U32] = low_32, [T_U64] = low_64,
    [T_S16] = low_16, [T_S32] = low_32, [T_S64] = low_64,
};
static const insn_fn high_table[T_COUNT] = {
    [T_U16] = high_u16, [T_U32] = high_u32, [T_U64] = high_u64,
    [T_S16] = high_s16, [T_S32] = high_s32, [T_S64] = high_s64,
};
static const insn_fn wide_table[T_COUNT] = {
    [T_U16] = wide_u16,
    [T_U32] = wide_u32,
    [T_S16] = wide_s16,
    [T_S32] = wide_s32,
};

/* mad.cc and madc: imm as below. */
#define CARRY_IN     1
#define CARRY_OUT    2
#define CARRY_HIGH   4
#define CARRY_64     8
#define CARRY_SIGNED 16

HANDLER(mad_carry)
{
    bool wide = (i->imm & CARRY_64) != 0;
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    int bits = wide ? 64 : 32;
    uint64_t a = op_get(t, i->a) & mask;
    uint64_t b = op_get(t, i->b) & mask;
    uint64_t c = op_get(t, i->c) & mask;
    unsigned __int128 product = (unsigned __int128)a * b;
    unsigned __int128 sum;
    uint64_t part = (uint64_t)(product >> bits) & mask;

    if ((i->imm & CARRY_SIGNED) != 0) {
        /* The high half differs by the operand where the other is negative. */
        part -= (a >> (bits - 1) & 1) != 0 ? b : 0;
        part -= (b >> (bits - 1) & 1) != 0 ? a : 0;
    }
    part = (i->imm & CARRY_HIGH) != 0 ? part & mask : (uint64_t)product & mask;
    sum = (unsigned __int128)part + c + ((i->imm & CARRY_IN) != 0 ? t->carry : 0);
    op_set(t, i->d, (uint64_t)sum & mask);
    if ((i->imm & CARRY_OUT) != 0) {
        t->carry = (uint32_t)(sum >> bits) & 1;
    }
    return i + 1;
}

/* 24-bit products are those of the sign- or zero-extended low bits. */
HANDLER(low_u24)
{
    uint32_t a = (uint32_t)op_get(t, i->a) & 0xffffff;
    uint32_t b = (uint32_t)op_get(t, i->b) & 0xffffff;

    op_set(t, i->d, a * b + (uint32_t)op_get(t, i->c));
    return i + 1;
}

HANDLER(low_s24)
{
    int32_t a = (int32_t)((uint32_t)op_get(t, i->a) << 8) >> 8;
    int32_t b = (int32_t)((uint32_t)op_get(t, i->b) << 8) >> 8;

    op_set(t, i->d, (uint32_t)(a * b) + (uint32_t)op_get(t, i->c));
    return i + 1;
}

static void emit(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, enum ptx_type type, bool add)
{
    struct insn *i;
    uint32_t s[3];

    ptx_operands(b, in, add ? 4 : 3, add ? 4 : 3);
    s[0] = ptx_src(b, in, 1, type);
    s[1] = ptx_src(b, in, 2, type);
    s[2] = add ? ptx_src(b, in, 3, type) : ptx_const(b, 0);
    i = ptx_emit(b, op_vector(in, fn));
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
}

static void lower_product(struct ptx_build *b, struct ptx_inst *in, bool add)
{
    const insn_fn *table = ptx_mod(in, "wide") ? wide_table
                           : ptx_mod(in, "hi") ? high_table
                           : ptx_mod(in, "lo") ? low_table
                                               : NULL;
    enum ptx_type type = ptx_mod_type_needed(b, in);

    if (table == NULL) {
        ptx_unsupported(b, in);
    }
    emit(b, in, ptx_pick(b, in, table, type), type, add);
}

static void lower_mad_carry(struct ptx_build *b, struct ptx_inst *in, int64_t flags)
{
    bool high = ptx_mod(in, "hi");
    enum ptx_type type;

    if (!high && !ptx_mod(in, "lo")) {
        ptx_unsupported(b, in);
    }
    type = ptx_mod_type_needed(b, in);
    if (ptx_type_size(type) < 4 || ptx_type_float(type)) {
        ptx_unsupported(b, in);
    }
    flags |= (high ? CARRY_HIGH : 0) | (ptx_type_size(type) == 8 ? CARRY_64 : 0) |
             (ptx_type_signed(type) ? CARRY_SIGNED : 0);
    emit(b, in, mad_carry, type, true);
    b->func->code[b->func->code_count - 1].imm = flags;
}

static void lower_mul_op(struct ptx_build *b, struct ptx_inst *in)
{
    if (op_is_float(in)) {
        op_lower_float(b, in);
    } else {
        lower_product(b, in, false);
    }
}

static void lower_mad(struct ptx_build *b, struct ptx_inst *in)
{
    if (op_is_float(in)) {
        op_lower_float(b, in);
    } else if (ptx_mod(in, "cc")) {
        lower_mad_carry(b, in, CARRY_OUT);
    } else {
        lower_product(b, in, true);
    }
}

static void lower_madc(struct ptx_build *b, struct ptx_inst *in)
{
    lower_mad_carry(b, in, CARRY_IN | (ptx_mod(in, "cc") ? CARRY_OUT : 0));
}

static void lower_24(struct ptx_build *b, struct ptx_inst *in, bool add)
{
    enum ptx_type type;

    if (!ptx_mod(in, "lo")) {
        ptx_unsupported(b, in);
    }
    type = ptx_mod_type_needed(b, in);
    if (type != T_U32 && type != T_S32) {
        ptx_unsupported(b, in);
    }
    emit(b, in, type == T_U32 ? low_u24 : low_s24, type, add);
}

static void lower_mul24(struct ptx_build *b, struct ptx_inst *in)
{
    lower_24(b, in, false);
}

static void lower_mad24(struct ptx_build *b, struct ptx_inst *in)
{
    lower_24(b, in, true);
}

const struct lower_row lower_mul[] = {
    {"mul", lower_mul_op},  {"mad", lower_mad},     {"madc", lower_madc},
    {"mul24", lower_mul24}, {"mad24", lower_mad24}, {NULL, NULL},
};
