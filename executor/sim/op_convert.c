/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_convert.h"

#include <math.h>

#include "executor/sim/op_vector.h"
#include "executor/sim/thr.h"

/* clang-format off */
#define EACH_INT(macro)                                                                            \
    macro(U8, u8, uint8_t) macro(U16, u16, uint16_t) macro(U32, u32, uint32_t)                     \
    macro(U64, u64, uint64_t) macro(S8, s8, int8_t) macro(S16, s16, int16_t)                       \
    macro(S32, s32, int32_t) macro(S64, s64, int64_t)
#define EACH_DST(macro, stem, source)                                                              \
    macro(u8, uint8_t, stem, source) macro(u16, uint16_t, stem, source)                            \
    macro(u32, uint32_t, stem, source) macro(u64, uint64_t, stem, source)                          \
    macro(s8, int8_t, stem, source) macro(s16, int16_t, stem, source)                              \
    macro(s32, int32_t, stem, source) macro(s64, int64_t, stem, source)

#define INT_TO_INT(dst, dtype, src, stype)                                                         \
    HANDLER(cvt_##dst##_##src)                                                                     \
    {                                                                                              \
        op_set(t, i->d, (uint64_t)(dtype)(stype)op_get(t, i->a));                                  \
        return i + 1;                                                                              \
    }
#define FROM(T, src, stype) EACH_DST(INT_TO_INT, src, stype)
EACH_INT(FROM)

#define ROW(T, src, stype)                                                                         \
    [T_##T] = {                                                                                    \
        [T_U8] = cvt_u8_##src, [T_U16] = cvt_u16_##src, [T_U32] = cvt_u32_##src,                   \
        [T_U64] = cvt_u64_##src, [T_S8] = cvt_s8_##src, [T_S16] = cvt_s16_##src,                   \
        [T_S32] = cvt_s32_##src, [T_S64] = cvt_s64_##src,                                          \
    },
static const insn_fn int_table[T_COUNT][T_COUNT] = {EACH_INT(ROW)};

/* Integers become floating point in the rounding mode asked for. */
#define INT_TO_FLOAT(T, src, stype)                                                                \
    HANDLER(cvt_f32_##src)                                                                         \
    {                                                                                              \
        volatile stype a = (stype)op_get(t, i->a);                                                 \
        int old = op_round_begin(i->imm);                                                          \
        volatile float r = (float)a;                                                               \
                                                                                                   \
        op_round_end(old);                                                                         \
        op_set_f32(t, i->d, op_finish(r, i->imm));                                                 \
        return i + 1;                                                                              \
    }                                                                                              \
    HANDLER(cvt_f64_##src)                                                                         \
    {                                                                                              \
        volatile stype a = (stype)op_get(t, i->a);                                                 \
        int old = op_round_begin(i->imm);                                                          \
        volatile double r = (double)a;                                                             \
                                                                                                   \
        op_round_end(old);                                                                         \
        op_set_f64(t, i->d, op_finish64(r, i->imm));                                               \
        return i + 1;                                                                              \
    }
EACH_INT(INT_TO_FLOAT)

#define ROW32(T, src, stype) [T_##T] = cvt_f32_##src,
#define ROW64(T, src, stype) [T_##T] = cvt_f64_##src,
static const insn_fn to_f32_table[T_COUNT] = {EACH_INT(ROW32)};
static const insn_fn to_f64_table[T_COUNT] = {EACH_INT(ROW64)};
/* clang-format on */

__int128 op_int_value(uint64_t bits, enum ptx_type type)
{
    switch ((int)type) {
    case T_S8:
        return (int8_t)bits;
    case T_S16:
        return (int16_t)bits;
    case T_S32:
        return (int32_t)bits;
    case T_S64:
        return (int64_t)bits;
    case T_U8:
        return (uint8_t)bits;
    case T_U16:
        return (uint16_t)bits;
    case T_U32:
        return (uint32_t)bits;
    default:
        return (__int128)bits;
    }
}

uint64_t op_clamp_int(__int128 v, enum ptx_type type)
{
    uint32_t bits = ptx_type_size(type) * 8;
    __int128 least = ptx_type_signed(type) ? -((__int128)1 << (bits - 1)) : 0;
    __int128 most = ((__int128)1 << (ptx_type_signed(type) ? bits - 1 : bits)) - 1;

    return (uint64_t)(v < least ? least : v > most ? most : v);
}

HANDLER(cvt_sat_int)
{
    op_set(t, i->d, op_clamp_int(op_int_value(op_get(t, i->a), SRC_TYPE(i)), DST_TYPE(i)));
    return i + 1;
}

double op_round_int(double a, int64_t flags)
{
    switch (flags & INT_ROUND) {
    case INT_RNI:
        return nearbyint(a); /* the thread's mode is to nearest even */
    case INT_RZI:
        return trunc(a);
    case INT_RMI:
        return floor(a);
    case INT_RPI:
        return ceil(a);
    default:
        return a;
    }
}

uint64_t op_int_of(double a, enum ptx_type to, bool from_f64)
{
    uint32_t bits = ptx_type_size(to) * 8;

    if (isnan(a)) {
        return !from_f64 && bits < 64 ? 0 : UINT64_C(1) << (bits - 1);
    }
    if (a >= 0x1p64) {
        return op_clamp_int((__int128)1 << 100, to);
    }
    return op_clamp_int(a <= -0x1p63 ? -((__int128)1 << 100) : (__int128)a, to);
}

HANDLER(cvt_int_float)
{
    bool single = SRC_TYPE(i) == T_F32;
    double a = single ? (double)op_flush(op_f32(t, i->a), i->imm) : op_f64(t, i->a);

    op_set(t, i->d, op_int_of(op_round_int(a, i->imm), DST_TYPE(i), !single));
    return i + 1;
}

HANDLER(cvt_f32_f32)
{
    float a = op_flush(op_f32(t, i->a), i->imm);

    op_set_f32(t, i->d, op_finish((float)op_round_int((double)a, i->imm), i->imm));
    return i + 1;
}

HANDLER(cvt_f64_f64)
{
    op_set_f64(t, i->d, op_finish64(op_round_int(op_f64(t, i->a), i->imm), i->imm));
    return i + 1;
}

HANDLER(cvt_f64_f32)
{
    op_set_f64(t, i->d, op_finish64((double)op_flush(op_f32(t, i->a), i->imm), i->imm));
    return i + 1;
}

HANDLER(cvt_f32_f64)
{
    volatile double a = op_f64(t, i->a);
    int old = op_round_begin(i->imm);
    volatile float r = (float)a;

    op_round_end(old);
    op_set_f32(t, i->d, op_finish(r, i->imm));
    return i + 1;
}

static insn_fn pick(enum ptx_type to, enum ptx_type from, int64_t flags)
{
    bool float_to = to == T_F32 || to == T_F64;
    bool float_from = from == T_F32 || from == T_F64;

    if (!float_to && !float_from) {
        insn_fn plain = int_table[from][to];

        return plain != NULL && (flags & FLOAT_SAT) != 0 ? cvt_sat_int : plain;
    }
    if (!float_from) {
        return to == T_F32 ? to_f32_table[from] : to_f64_table[from];
    }
    if (!float_to) {
        return int_table[T_U8][to] != NULL && (flags & INT_ROUND) != 0 ? cvt_int_float : NULL;
    }
    if (to == from) {
        return to == T_F32 ? cvt_f32_f32 : cvt_f64_f64;
    }
    return to == T_F32 ? cvt_f32_f64 : cvt_f64_f32;
}

static void lower_cvt(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type to;
    enum ptx_type from;
    int64_t flags;
    struct insn *i;
    insn_fn fn;
    uint32_t a;

    if (op_lower_cvt_pack(b, in)) {
        return;
    }
    flags = op_float_flags(in);
    flags |= ptx_mod(in, "rni") ? INT_RNI : 0;
    flags |= ptx_mod(in, "rzi") ? INT_RZI : 0;
    flags |= ptx_mod(in, "rmi") ? INT_RMI : 0;
    flags |= ptx_mod(in, "rpi") ? INT_RPI : 0;
    to = ptx_mod_type_needed(b, in);
    from = ptx_mod_type_needed(b, in);
    if (op_type_half(to) || op_type_half(from)) {
        op_lower_cvt_half(b, in, flags, to, from);
        return;
    }
    fn = pick(to, from, flags);
    if (fn == NULL) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, from);
    i = ptx_emit(b, op_vector(in, fn));
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->imm = flags | (int64_t)to << TYPES_SHIFT | (int64_t)from << (TYPES_SHIFT + 8);
}

const struct lower_row lower_convert[] = {{"cvt", lower_cvt}, {NULL, NULL}};
