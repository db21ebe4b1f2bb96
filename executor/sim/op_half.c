/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_half.h"

#include <math.h>

/* Arithmetic of f16 and bf16; the x2 forms do the same to both halves of a word. */

typedef uint32_t (*half_fn)(uint32_t a, uint32_t b, uint32_t c, int64_t flags);

static const struct insn *each(struct thr *t, const struct insn *i, half_fn fn)
{
    uint32_t a = (uint32_t)op_get(t, i->a);
    uint32_t b = (uint32_t)op_get(t, i->b);
    uint32_t c = (uint32_t)op_get(t, i->c);
    uint32_t d = fn(a & 0xffff, b & 0xffff, c & 0xffff, i->imm);

    if (op_half_two(i->imm)) {
        d |= fn(a >> 16, b >> 16, c >> 16, i->imm) << 16;
    }
    op_set(t, i->d, d);
    return i + 1;
}

#define HALF(name, expr)                                                                           \
    static uint32_t one_##name(uint32_t bits_a, uint32_t bits_b, uint32_t bits_c, int64_t flags)   \
    {                                                                                              \
        double a = op_half_in(bits_a, flags);                                                      \
        double b = op_half_in(bits_b, flags);                                                      \
        double c = op_half_in(bits_c, flags);                                                      \
                                                                                                   \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        return op_half_out(expr, flags);                                                           \
    }                                                                                              \
    HANDLER(half_##name)                                                                           \
    {                                                                                              \
        return each(t, i, one_##name);                                                             \
    }

/* Products of two are exact in a double. */
HALF(add, half_sum(a, b))
HALF(sub, half_sum(a, -b))
HALF(mul, a *b)
HALF(fma, half_sum(a *b, c))
HALF(min, op_lesser(a, b, flags))
HALF(max, op_greater(a, b, flags))
HALF(ex2, exp2(a))
HALF(tanh, tanh(a))

static uint32_t one_abs(uint32_t a, uint32_t b, uint32_t c, int64_t flags)
{
    (void)b;
    (void)c;
    return ((flags & FLOAT_FTZ) != 0 && half_tiny(a, op_half_kind(flags)) ? 0 : a) & 0x7fff;
}

static uint32_t one_neg(uint32_t a, uint32_t b, uint32_t c, int64_t flags)
{
    (void)b;
    (void)c;
    return ((flags & FLOAT_FTZ) != 0 && half_tiny(a, op_half_kind(flags)) ? a & 0x8000 : a) ^
           0x8000;
}

HANDLER(half_abs)
{
    return each(t, i, one_abs);
}

HANDLER(half_neg)
{
    return each(t, i, one_neg);
}

static const struct {
    const char *op;
    uint32_t sources;
    insn_fn fn;
} rows[] = {
    {"add", 2, half_add}, {"sub", 2, half_sub},   {"mul", 2, half_mul}, {"fma", 3, half_fma},
    {"min", 2, half_min}, {"max", 2, half_max},   {"abs", 1, half_abs}, {"neg", 1, half_neg},
    {"ex2", 1, half_ex2}, {"tanh", 1, half_tanh},
};

bool op_type_half(enum ptx_type type)
{
    return type >= T_F16 && type <= T_BF16X2;
}

static void emit(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type, int64_t flags)
{
    uint32_t s[3] = {0};
    size_t k = 0;
    struct insn *i;

    while (k < sizeof(rows) / sizeof(rows[0]) && strcmp(rows[k].op, in->op) != 0) {
        k++;
    }
    if (k == sizeof(rows) / sizeof(rows[0])) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, rows[k].sources + 1, rows[k].sources + 1);
    for (uint32_t n = 0; n < rows[k].sources; n++) {
        s[n] = ptx_src(b, in, n + 1, type);
    }
    i = ptx_emit(b, rows[k].fn);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->imm = flags | op_half_format(type);
}

void op_lower_half(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type, int64_t flags)
{
    bool extreme = strcmp(in->op, "min") == 0 || strcmp(in->op, "max") == 0;

    if ((flags & FLOAT_ROUND) != 0 || strcmp(in->op, "ex2") == 0 || strcmp(in->op, "tanh") == 0) {
        ptx_unsupported(b, in);
    }
    if (extreme && ptx_mod(in, "NaN")) {
        flags |= FLOAT_NAN;
    }
    if (strcmp(in->op, "fma") == 0 && ptx_mod(in, "relu")) {
        flags |= FLOAT_RELU;
    }
    emit(b, in, type, flags);
}

void op_lower_half_math(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type, int64_t flags)
{
    if ((flags & FLOAT_ROUND) != 0 || (strcmp(in->op, "ex2") != 0 && strcmp(in->op, "tanh") != 0)) {
        ptx_unsupported(b, in);
    }
    emit(b, in, type, flags);
}
