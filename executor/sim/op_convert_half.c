/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_convert.h"

#include <math.h>

#include "executor/sim/op_half.h"

/* Conversions to and from 16-bit formats and smaller, by way of a double. */

static double source(const struct thr *t, const struct insn *i)
{
    enum ptx_type from = SRC_TYPE(i);
    uint64_t bits = op_get(t, i->a);

    switch ((int)from) {
    case T_F16:
        return op_half_in((uint32_t)bits, i->imm & FLOAT_FTZ);
    case T_BF16:
        return op_half_in((uint32_t)bits, HALF_IS_BF);
    case T_F32:
        return (double)op_flush(op_f32(t, i->a), i->imm);
    case T_F64:
        return op_f64(t, i->a);
    default:
        return half_int(op_int_value(bits, from));
    }
}

static enum half_mode mode_of(int64_t flags)
{
    return (flags & FLOAT_RZ) != 0    ? HALF_RZ
           : (flags & FLOAT_RM) != 0  ? HALF_RM
           : (flags & FLOAT_RP) != 0  ? HALF_RP
           : (flags & FLOAT_RNA) != 0 ? HALF_RNA
                                      : HALF_RN;
}

/* .satfinite, which is no flag of op_float.h's. */
#define SATFINITE 4096

/* A value as bits of a format: clamped, rounded, flushed. */
static uint32_t narrow(double d, enum half_kind kind, int64_t flags)
{
    uint32_t bits;

    if ((flags & FLOAT_RELU) != 0 && (d < 0 || (d == 0 && signbit(d) != 0))) {
        d = 0;
    }
    bits = half_bits(op_finish64(d, flags), kind, mode_of(flags), (flags & SATFINITE) != 0);
    if ((flags & FLOAT_FTZ) != 0 && kind == HALF_F16 && half_tiny(bits, kind)) {
        bits &= 0x8000;
    }
    return bits;
}

HANDLER(cvt_half)
{
    enum ptx_type to = DST_TYPE(i);
    double a = op_round_int(source(t, i), i->imm);

    if (to == T_F16 || to == T_BF16) {
        op_set(t, i->d, narrow(a, to == T_F16 ? HALF_F16 : HALF_BF16, i->imm));
    } else if (to == T_F32) {
        op_set_f32(t, i->d, (float)op_finish64(a, i->imm));
    } else if (to == T_F64) {
        op_set_f64(t, i->d, op_finish64(a, i->imm));
    } else {
        op_set(t, i->d, op_int_of(a, to, false));
    }
    return i + 1;
}

void op_lower_cvt_half(struct ptx_build *b, struct ptx_inst *in, int64_t flags, enum ptx_type to,
                       enum ptx_type from)
{
    bool to_half = to == T_F16 || to == T_BF16;
    bool to_int = !ptx_type_float(to);
    struct insn *i;
    uint32_t a;

    if (to == T_F16X2 || to == T_BF16X2 || from == T_F16X2 || from == T_BF16X2 || to == T_PRED ||
        from == T_PRED || to_int != ((flags & INT_ROUND) != 0 && to != from) ||
        (to == T_BF16 && from == T_BF16)) {
        ptx_unsupported(b, in);
    }
    if (to_half && ptx_mod(in, "relu")) {
        flags |= FLOAT_RELU;
    }
    if (to_half && ptx_mod(in, "satfinite")) {
        flags |= SATFINITE;
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, from);
    i = ptx_emit(b, cvt_half);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->imm = flags | (int64_t)to << TYPES_SHIFT | (int64_t)from << (TYPES_SHIFT + 8);
}

/* Two values in one register, and tf32: e is the format (enum half_kind). */

HANDLER(cvt_tf32)
{
    op_set(t, i->d, narrow((double)op_f32(t, i->a), HALF_TF32, i->imm));
    return i + 1;
}

static uint32_t width(enum half_kind kind)
{
    return kind == HALF_E4M3 || kind == HALF_E5M2 ? 8 : 16;
}

/* a goes into the upper part. */
HANDLER(cvt_pair_f32)
{
    uint32_t high = narrow((double)op_f32(t, i->a), (enum half_kind)i->e, i->imm);
    uint32_t low = narrow((double)op_f32(t, i->b), (enum half_kind)i->e, i->imm);

    op_set(t, i->d, high << width((enum half_kind)i->e) | low);
    return i + 1;
}

HANDLER(cvt_pair_to_small)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t high = narrow(half_value(a >> 16, HALF_F16), (enum half_kind)i->e, i->imm);
    uint32_t low = narrow(half_value(a & 0xffff, HALF_F16), (enum half_kind)i->e, i->imm);

    op_set(t, i->d, high << 8 | low);
    return i + 1;
}

HANDLER(cvt_pair_from_small)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t high = narrow(half_value(a >> 8 & 0xff, (enum half_kind)i->e), HALF_F16, i->imm);
    uint32_t low = narrow(half_value(a & 0xff, (enum half_kind)i->e), HALF_F16, i->imm);

    op_set(t, i->d, high << 16 | low);
    return i + 1;
}

static void emit(struct ptx_build *b, struct ptx_inst *in, insn_fn fn, enum half_kind kind,
                 int64_t flags)
{
    bool two = fn == cvt_pair_f32;
    uint32_t s[2] = {0};
    struct insn *i;

    ptx_operands(b, in, two ? 3 : 2, two ? 3 : 2);
    s[0] = ptx_src(b, in, 1, T_F32);
    s[1] = two ? ptx_src(b, in, 2, T_F32) : 0;
    i = ptx_emit(b, fn);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->e = kind;
    i->imm = flags;
}

static bool has(const struct ptx_inst *in, const char *word)
{
    for (uint32_t k = 0; k < in->mod_count; k++) {
        if (strcmp(in->mod[k], word) == 0) {
            return true;
        }
    }
    return false;
}

/* The type that the list begins with among those below. */
static int pack_kind(struct ptx_inst *in)
{
    static const struct {
        const char *word;
        enum half_kind kind;
    } rows[] = {
        {"tf32", HALF_TF32}, {"e4m3x2", HALF_E4M3}, {"e5m2x2", HALF_E5M2},
        {"f16x2", HALF_F16}, {"bf16x2", HALF_BF16},
    };

    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (ptx_mod(in, rows[k].word)) {
            return (int)rows[k].kind;
        }
    }
    return -1;
}

bool op_lower_cvt_pack(struct ptx_build *b, struct ptx_inst *in)
{
    bool from_small = (has(in, "e4m3x2") || has(in, "e5m2x2")) && !has(in, "satfinite");
    int kind = pack_kind(in);
    int64_t flags;
    insn_fn fn = cvt_pair_f32;

    if (kind < 0) {
        return false;
    }
    flags = op_float_flags(in);
    flags |= ptx_mod(in, "rna") ? FLOAT_RNA : 0;
    flags |= ptx_mod(in, "relu") ? FLOAT_RELU : 0;
    flags |= ptx_mod(in, "satfinite") ? SATFINITE : 0;
    if ((flags & (FLOAT_FTZ | FLOAT_SAT)) != 0) {
        ptx_unsupported(b, in);
    }
    if (width((enum half_kind)kind) == 8 && ptx_mod(in, "f16x2")) {
        fn = from_small ? cvt_pair_from_small : cvt_pair_to_small;
    } else if (!ptx_mod(in, "f32")) {
        ptx_unsupported(b, in);
    }
    emit(b, in, kind == HALF_TF32 ? cvt_tf32 : fn, (enum half_kind)kind, flags);
    return true;
}
