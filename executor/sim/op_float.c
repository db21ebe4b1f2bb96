/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_float.h"

#include <fenv.h>
#include <math.h>

#include "executor/sim/op_vector.h"
#include "executor/sim/thr.h"

/*
 * Two routines each: one for the plain operation rounded to nearest, one that
 * heeds flags (imm).  The volatile copies keep the compiler from computing
 * before the rounding mode is set.
 */

bool op_is_float(const struct ptx_inst *in)
{
    for (uint32_t i = 0; i < in->mod_count; i++) {
        enum ptx_type type = ptx_type_of(in->mod[i], strlen(in->mod[i]));

        if (type != T_NONE) {
            return ptx_type_float(type);
        }
    }
    return false;
}

int64_t op_float_flags(struct ptx_inst *in)
{
    static const char *const nearest[] = {"rn", NULL};
    int64_t flags = 0;

    ptx_mod_ignore(in, nearest);
    flags |= ptx_mod(in, "rz") ? FLOAT_RZ : 0;
    flags |= ptx_mod(in, "rm") ? FLOAT_RM : 0;
    flags |= ptx_mod(in, "rp") ? FLOAT_RP : 0;
    flags |= ptx_mod(in, "ftz") ? FLOAT_FTZ : 0;
    flags |= ptx_mod(in, "sat") ? FLOAT_SAT : 0;
    return flags;
}

float op_flush(float f, int64_t flags)
{
    return (flags & FLOAT_FTZ) != 0 && fpclassify(f) == FP_SUBNORMAL ? copysignf(0.0f, f) : f;
}

float op_finish(float f, int64_t flags)
{
    f = op_flush(f, flags);
    if ((flags & FLOAT_SAT) != 0) {
        f = f > 0.0f ? (f < 1.0f ? f : 1.0f) : 0.0f; /* NaN gives 0 */
    }
    return f;
}

double op_finish64(double d, int64_t flags)
{
    if ((flags & FLOAT_SAT) != 0) {
        d = d > 0.0 ? (d < 1.0 ? d : 1.0) : 0.0;
    }
    return d;
}

int op_round_begin(int64_t flags)
{
    int old = fegetround();

    if ((flags & FLOAT_ROUND) != 0) {
        fesetround((flags & FLOAT_RZ) != 0   ? FE_TOWARDZERO
                   : (flags & FLOAT_RM) != 0 ? FE_DOWNWARD
                                             : FE_UPWARD);
    }
    return old;
}

void op_round_end(int old)
{
    fesetround(old);
}

#define FLOAT32(name, expr)                                                                        \
    HANDLER(name##_f32)                                                                            \
    {                                                                                              \
        float a = op_f32(t, i->a);                                                                 \
        float b = op_f32(t, i->b);                                                                 \
        float c = op_f32(t, i->c);                                                                 \
                                                                                                   \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        op_set_f32(t, i->d, expr);                                                                 \
        return i + 1;                                                                              \
    }                                                                                              \
    HANDLER(name##_f32_flags)                                                                      \
    {                                                                                              \
        volatile float a = op_flush(op_f32(t, i->a), i->imm);                                      \
        volatile float b = op_flush(op_f32(t, i->b), i->imm);                                      \
        volatile float c = op_flush(op_f32(t, i->c), i->imm);                                      \
        int old = op_round_begin(i->imm);                                                          \
        volatile float r = expr;                                                                   \
                                                                                                   \
        op_round_end(old);                                                                         \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        op_set_f32(t, i->d, op_finish(r, i->imm));                                                 \
        return i + 1;                                                                              \
    }

#define FLOAT64(name, expr)                                                                        \
    HANDLER(name##_f64)                                                                            \
    {                                                                                              \
        double a = op_f64(t, i->a);                                                                \
        double b = op_f64(t, i->b);                                                                \
        double c = op_f64(t, i->c);                                                                \
                                                                                                   \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        op_set_f64(t, i->d, expr);                                                                 \
        return i + 1;                                                                              \
    }                                                                                              \
    HANDLER(name##_f64_flags)                                                                      \
    {                                                                                              \
        volatile double a = op_f64(t, i->a);                                                       \
        volatile double b = op_f64(t, i->b);                                                       \
        volatile double c = op_f64(t, i->c);                                                       \
        int old = op_round_begin(i->imm);                                                          \
        volatile double r = expr;                                                                  \
                                                                                                   \
        op_round_end(old);                                                                         \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        op_set_f64(t, i->d, op_finish64(r, i->imm));                                               \
        return i + 1;                                                                              \
    }

FLOAT32(add, a + b)
FLOAT32(sub, a - b)
FLOAT32(mul, a *b)
FLOAT32(div, a / b)
FLOAT32(fma, fmaf(a, b, c))
FLOAT64(add, a + b)
FLOAT64(sub, a - b)
FLOAT64(mul, a *b)
FLOAT64(div, a / b)
FLOAT64(fma, fma(a, b, c))

double op_lesser(double a, double b, int64_t flags)
{
    if (isnan(a) || isnan(b)) {
        return (flags & FLOAT_NAN) != 0 || (isnan(a) && isnan(b)) ? (double)NAN : isnan(a) ? b : a;
    }
    return a < b || (a == b && signbit(a) != 0) ? a : b;
}

double op_greater(double a, double b, int64_t flags)
{
    if (isnan(a) || isnan(b)) {
        return op_lesser(a, b, flags);
    }
    return a > b || (a == b && signbit(a) == 0) ? a : b;
}

#define EXTREME(name, fn)                                                                          \
    HANDLER(name##_f32_flags)                                                                      \
    {                                                                                              \
        float a = op_flush(op_f32(t, i->a), i->imm);                                               \
        float b = op_flush(op_f32(t, i->b), i->imm);                                               \
                                                                                                   \
        op_set_f32(t, i->d, (float)fn((double)a, (double)b, i->imm));                              \
        return i + 1;                                                                              \
    }                                                                                              \
    HANDLER(name##_f64_flags)                                                                      \
    {                                                                                              \
        op_set_f64(t, i->d, fn(op_f64(t, i->a), op_f64(t, i->b), i->imm));                         \
        return i + 1;                                                                              \
    }

EXTREME(min, op_lesser)
EXTREME(max, op_greater)

/* abs and neg work on the sign bit, NaN or not. */
HANDLER(abs_f32)
{
    op_set_f32(t, i->d, op_flush(fabsf(op_f32(t, i->a)), i->imm));
    return i + 1;
}

HANDLER(neg_f32)
{
    op_set_f32(t, i->d, op_flush(-op_f32(t, i->a), i->imm));
    return i + 1;
}

HANDLER(abs_f64)
{
    op_set(t, i->d, op_get(t, i->a) & ~(UINT64_C(1) << 63));
    return i + 1;
}

HANDLER(neg_f64)
{
    op_set(t, i->d, op_get(t, i->a) ^ UINT64_C(1) << 63);
    return i + 1;
}

static const struct {
    const char *op;
    uint32_t sources;
    insn_fn f32;
    insn_fn f32_flags;
    insn_fn f64;
    insn_fn f64_flags;
} rows[] = {
    {"add", 2, add_f32, add_f32_flags, add_f64, add_f64_flags},
    {"sub", 2, sub_f32, sub_f32_flags, sub_f64, sub_f64_flags},
    {"mul", 2, mul_f32, mul_f32_flags, mul_f64, mul_f64_flags},
    {"div", 2, div_f32, div_f32_flags, div_f64, div_f64_flags},
    {"fma", 3, fma_f32, fma_f32_flags, fma_f64, fma_f64_flags},
    {"mad", 3, fma_f32, fma_f32_flags, fma_f64, fma_f64_flags},
    {"min", 2, min_f32_flags, min_f32_flags, min_f64_flags, min_f64_flags},
    {"max", 2, max_f32_flags, max_f32_flags, max_f64_flags, max_f64_flags},
    {"abs", 1, abs_f32, abs_f32, abs_f64, abs_f64},
    {"neg", 1, neg_f32, neg_f32, neg_f64, neg_f64},
};

static insn_fn pick(struct ptx_build *b, const struct ptx_inst *in, enum ptx_type type,
                    int64_t flags, uint32_t *sources)
{
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (strcmp(rows[k].op, in->op) == 0) {
            *sources = rows[k].sources;
            return type == T_F32 ? (flags == 0 ? rows[k].f32 : rows[k].f32_flags)
                                 : (flags == 0 ? rows[k].f64 : rows[k].f64_flags);
        }
    }
    ptx_unsupported(b, in);
}

void op_lower_float(struct ptx_build *b, struct ptx_inst *in)
{
    /* The approximations are better here than what the hardware gives. */
    static const char *const precision[] = {"approx", "full", NULL};
    int64_t flags = op_float_flags(in);
    enum ptx_type type = ptx_mod_type_needed(b, in);
    uint32_t sources = 0;
    uint32_t s[3] = {0};
    insn_fn fn;
    struct insn *i;

    if (op_type_half(type)) {
        op_lower_half(b, in, type, flags);
        return;
    }
    if (strcmp(in->op, "div") == 0) {
        ptx_mod_ignore(in, precision);
    }
    if ((strcmp(in->op, "min") == 0 || strcmp(in->op, "max") == 0) && ptx_mod(in, "NaN")) {
        flags |= FLOAT_NAN;
    }
    fn = pick(b, in, type, flags, &sources);
    ptx_operands(b, in, sources + 1, sources + 1);
    for (uint32_t k = 0; k < sources; k++) {
        s[k] = ptx_src(b, in, k + 1, type);
    }
    i = ptx_emit(b, op_vector(in, fn));
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->imm = flags;
}

const struct lower_row lower_float[] = {{"fma", op_lower_float}, {NULL, NULL}};
