/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_compare.h"
#include "executor/sim/op_half.h"

/* Comparisons of f16 and bf16.  Bits of imm above op_compare.h's and op_half.h's: */
#define RESULT_ONES 128 /* all ones for true, of the width of one operand */
#define RESULT_WIDE 256 /* all ones of 32 bits */

static bool holds(uint32_t a, uint32_t b, int64_t imm)
{
    int64_t flags = (imm & ~(int64_t)0xff) | ((imm & FLUSH) != 0 ? FLOAT_FTZ : 0);
    double x = op_half_in(a, flags);
    double y = op_half_in(b, flags);

    return (ORDER(x, y) & imm & OUTCOMES) != 0;
}

/* The second result: of the upper halves, or the opposite. */
HANDLER(half_setp)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t b = (uint32_t)op_get(t, i->b);
    bool v = holds(a, b, i->imm);
    bool w = op_half_two(i->imm) ? holds(a >> 16, b >> 16, i->imm) : !v;
    bool p = op_combine(t, i, v);
    bool q = op_combine(t, i, w);

    op_set(t, i->d, p);
    op_set(t, i->e, q);
    return i + 1;
}

static uint32_t truth(bool v, int64_t imm)
{
    uint32_t one = (imm & HALF_IS_BF) != 0 ? 0x3f80 : 0x3c00;

    if (!v) {
        return 0;
    }
    return (imm & RESULT_WIDE) != 0 ? UINT32_MAX : (imm & RESULT_ONES) != 0 ? 0xffff : one;
}

HANDLER(half_set)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t b = (uint32_t)op_get(t, i->b);
    uint32_t d = truth(op_combine(t, i, holds(a, b, i->imm)), i->imm);

    if (op_half_two(i->imm)) {
        d |= truth(op_combine(t, i, holds(a >> 16, b >> 16, i->imm)), i->imm) << 16;
    }
    op_set(t, i->d, d);
    return i + 1;
}

void op_lower_half_setp(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type, int64_t flags)
{
    const struct ptx_operand *q = in->opd[0].sub;
    struct insn *i = op_emit_compare(b, in, half_setp, type, flags | op_half_format(type));

    i->d = ptx_dst(b, in, 0);
    i->e = q != NULL && q->kind == OPD_REG ? q->slot : b->sink;
}

void op_lower_half_set(struct ptx_build *b, struct ptx_inst *in, enum ptx_type result,
                       enum ptx_type type, int64_t flags)
{
    bool two = type == T_F16X2 || type == T_BF16X2;
    bool wide = result == T_U32 || result == T_S32;
    bool narrow = !two && (result == T_U16 || result == T_S16);
    struct insn *i;

    if (!wide && !narrow && result != type) {
        ptx_unsupported(b, in);
    }
    flags |= op_half_format(type);
    flags |= wide && !two ? RESULT_WIDE : wide || narrow ? RESULT_ONES : 0;
    i = op_emit_compare(b, in, half_set, type, flags);
    i->d = ptx_dst(b, in, 0);
}
