/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "executor/sim/op_float.h"
#include "executor/sim/thr.h"

/* Roots, powers, angles; copysign and testp.  Flags in imm as in op_float.h. */

#define MATH32(name, expr)                                                                         \
    HANDLER(name##_f32)                                                                            \
    {                                                                                              \
        volatile float a = op_flush(op_f32(t, i->a), i->imm);                                      \
        int old = op_round_begin(i->imm);                                                          \
        volatile float r = expr;                                                                   \
                                                                                                   \
        op_round_end(old);                                                                         \
        op_set_f32(t, i->d, op_finish(r, i->imm));                                                 \
        return i + 1;                                                                              \
    }

#define MATH64(name, expr)                                                                         \
    HANDLER(name##_f64)                                                                            \
    {                                                                                              \
        volatile double a = op_f64(t, i->a);                                                       \
        int old = op_round_begin(i->imm);                                                          \
        volatile double r = expr;                                                                  \
                                                                                                   \
        op_round_end(old);                                                                         \
        op_set_f64(t, i->d, r);                                                                    \
        return i + 1;                                                                              \
    }

MATH32(sqrt, sqrtf(a))
MATH32(rcp, 1.0f / a)
MATH32(rsqrt, (float)(1.0 / sqrt((double)a)))
MATH32(ex2, exp2f(a))
MATH32(lg2, log2f(a))
MATH32(sin, sinf(a))
MATH32(cos, cosf(a))
MATH32(tanh, tanhf(a))
MATH64(sqrt, sqrt(a))
MATH64(rcp, 1.0 / a)
MATH64(rsqrt, 1.0 / sqrt(a))

/* .approx.ftz.f64 gives the high half of a result and no denormals. */
static uint64_t coarse(double a, double r)
{
    uint64_t bits;

    if (fpclassify(a) == FP_SUBNORMAL) {
        r = copysign((double)INFINITY, a);
    }
    if (fpclassify(r) == FP_SUBNORMAL) {
        r = copysign(0.0, r);
    }
    memcpy(&bits, &r, sizeof(bits));
    return bits & ~(uint64_t)UINT32_MAX;
}

HANDLER(rcp_coarse_f64)
{
    double a = op_f64(t, i->a);

    op_set(t, i->d, coarse(a, 1.0 / a));
    return i + 1;
}

HANDLER(rsqrt_coarse_f64)
{
    double a = op_f64(t, i->a);

    op_set(t, i->d, coarse(a, 1.0 / sqrt(a)));
    return i + 1;
}

static const struct {
    const char *op;
    insn_fn f32;
    insn_fn f64;
    insn_fn f64_coarse;
} rows[] = {
    {"sqrt", sqrt_f32, sqrt_f64, NULL},
    {"rcp", rcp_f32, rcp_f64, rcp_coarse_f64},
    {"rsqrt", rsqrt_f32, rsqrt_f64, rsqrt_coarse_f64},
    {"ex2", ex2_f32, NULL, NULL},
    {"lg2", lg2_f32, NULL, NULL},
    {"sin", sin_f32, NULL, NULL},
    {"cos", cos_f32, NULL, NULL},
    {"tanh", tanh_f32, NULL, NULL},
};

static void lower_math_op(struct ptx_build *b, struct ptx_inst *in)
{
    bool approx = ptx_mod(in, "approx");
    int64_t flags = op_float_flags(in);
    enum ptx_type type = ptx_mod_type_needed(b, in);
    insn_fn fn = NULL;
    struct insn *i;
    uint32_t a;

    if (op_type_half(type)) {
        op_lower_half_math(b, in, type, flags);
        return;
    }
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        if (strcmp(rows[k].op, in->op) == 0) {
            fn = type == T_F32                        ? rows[k].f32
                 : type != T_F64                      ? NULL
                 : approx && (flags & FLOAT_FTZ) != 0 ? rows[k].f64_coarse
                                                      : rows[k].f64;
        }
    }
    if (fn == NULL) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, type);
    i = ptx_emit(b, fn);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->imm = flags;
}

/* The sign of a, the rest of b. */
HANDLER(copysign_f32)
{
    uint32_t sign = 1u << 31;

    op_set(t, i->d, ((uint32_t)op_get(t, i->a) & sign) | ((uint32_t)op_get(t, i->b) & ~sign));
    return i + 1;
}

HANDLER(copysign_f64)
{
    uint64_t sign = UINT64_C(1) << 63;

    op_set(t, i->d, (op_get(t, i->a) & sign) | (op_get(t, i->b) & ~sign));
    return i + 1;
}

static void lower_copysign(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    struct insn *i;
    uint32_t s[2];

    if (type != T_F32 && type != T_F64) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 3, 3);
    s[0] = ptx_src(b, in, 1, type);
    s[1] = ptx_src(b, in, 2, type);
    i = ptx_emit(b, type == T_F32 ? copysign_f32 : copysign_f64);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
}

enum {
    TEST_FINITE,
    TEST_INFINITE,
    TEST_NUMBER,
    TEST_NAN,
    TEST_NORMAL,
    TEST_SUBNORMAL,
};

static bool tested(int kind, int class)
{
    switch (kind) {
    case TEST_FINITE:
        return class != FP_NAN && class != FP_INFINITE;
    case TEST_INFINITE:
        return class == FP_INFINITE;
    case TEST_NUMBER:
        return class != FP_NAN;
    case TEST_NAN:
        return class == FP_NAN;
    case TEST_NORMAL:
        return class == FP_NORMAL || class == FP_ZERO; /* as the ISA has it */
    default:
        return class == FP_SUBNORMAL;
    }
}

HANDLER(testp_f32)
{
    op_set(t, i->d, tested((int)i->imm, fpclassify(op_f32(t, i->a))));
    return i + 1;
}

HANDLER(testp_f64)
{
    op_set(t, i->d, tested((int)i->imm, fpclassify(op_f64(t, i->a))));
    return i + 1;
}

static void lower_testp(struct ptx_build *b, struct ptx_inst *in)
{
    static const char *const names[] = {"finite",     "infinite", "number",
                                        "notanumber", "normal",   "subnormal"};
    int kind = -1;
    enum ptx_type type;
    struct insn *i;
    uint32_t a;

    for (int k = 0; k < 6; k++) {
        kind = ptx_mod(in, names[k]) ? k : kind;
    }
    type = ptx_mod_type_needed(b, in);
    if (kind < 0 || (type != T_F32 && type != T_F64)) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, type);
    i = ptx_emit(b, type == T_F32 ? testp_f32 : testp_f64);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->imm = kind;
}

const struct lower_row lower_math[] = {
    {"sqrt", lower_math_op},
    {"rcp", lower_math_op},
    {"rsqrt", lower_math_op},
    {"ex2", lower_math_op},
    {"lg2", lower_math_op},
    {"sin", lower_math_op},
    {"cos", lower_math_op},
    {"tanh", lower_math_op},
    {"copysign", lower_copysign},
    {"testp", lower_testp},
    {NULL, NULL},
};
