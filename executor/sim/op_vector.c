/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_vector.h"

#include <math.h>

#include "executor/sim/thr.h"

/*
 * Compiled twice (OP_VECTOR_TABLE is the name of the result), so nothing here
 * is visible but the table.
 */

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Operand n of three, for all lanes. */
static inline const uint64_t *operand(struct warp *w, uint32_t slot, unsigned n)
{
    uint64_t v;

    if ((slot & PTX_CONST) == 0) {
        return w->reg + slot;
    }
    v = w->constant[slot & ~PTX_CONST];
    for (uint32_t k = 0; k < WARP; k++) {
        w->splat[n][k] = v;
    }
    return w->splat[n];
}

static inline float as_f32(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float f;

    memcpy(&f, &low, sizeof(f));
    return f;
}

static inline double as_f64(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof(d));
    return d;
}

static inline uint64_t of_f32(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return f != f ? OP_NAN32 : bits;
}

static inline uint64_t of_f64(double d)
{
    uint64_t bits;

    memcpy(&bits, &d, sizeof(bits));
    return bits;
}

/* d = expr of a[k], b[k], c[k] and i, for the lanes of the mask; what ended lanes get is no matter.
 */
#define VECTOR(name, expr)                                                                         \
    static const struct insn *name(struct warp *w, const struct insn *i, uint32_t mask)            \
    {                                                                                              \
        const uint64_t *a = operand(w, i->a, 0);                                                   \
        const uint64_t *b = operand(w, i->b, 1);                                                   \
        const uint64_t *c = operand(w, i->c, 2);                                                   \
        uint64_t *d = w->reg + i->d;                                                               \
                                                                                                   \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        if (mask == w->alive) {                                                                    \
            INDEPENDENT                                                                            \
            for (uint32_t k = 0; k < WARP; k++) {                                                  \
                d[k] = (uint64_t)(expr);                                                           \
            }                                                                                      \
            return i + 1;                                                                          \
        }                                                                                          \
        for (uint32_t m = mask; m != 0; m &= m - 1) {                                              \
            uint32_t k = (uint32_t)__builtin_ctz(m);                                               \
                                                                                                   \
            d[k] = (uint64_t)(expr);                                                               \
        }                                                                                          \
        return i + 1;                                                                              \
    }

#define U32(v) ((uint32_t)(v))
#define S32(v) ((int32_t)(v))
#define U16(v) ((uint16_t)(v))
#define S16(v) ((int16_t)(v))
#define S64(v) ((int64_t)(v))
#define F32(v) as_f32(v)
#define F64(v) as_f64(v)

/* Bits above the type's width do not matter, so one routine does for all widths. */
VECTOR(move, a[k])
VECTOR(add, a[k] + b[k])
VECTOR(sub, a[k] - b[k])
VECTOR(and, a[k] & b[k])
VECTOR(or, a[k] | b[k])
VECTOR(xor, a[k] ^ b[k])
VECTOR(not, ~a[k])
VECTOR(not_pred, ~a[k] & 1)
VECTOR(neg, 0 - a[k])
VECTOR(low_32, (uint64_t)U32(a[k]) * U32(b[k]))
VECTOR(low_64, a[k] * b[k])
VECTOR(mad_32, (uint64_t)U32(a[k]) * U32(b[k]) + c[k])
VECTOR(mad_64, a[k] * b[k] + c[k])
VECTOR(wide_u32, (uint64_t)U32(a[k]) * U32(b[k]))
VECTOR(wide_s32, (int64_t)S32(a[k]) * S32(b[k]))
VECTOR(mad_wide_u32, (uint64_t)U32(a[k]) * U32(b[k]) + c[k])
VECTOR(mad_wide_s32, (uint64_t)((int64_t)S32(a[k]) * S32(b[k])) + c[k])
VECTOR(high_u32, (uint64_t)U32(a[k]) * U32(b[k]) >> 32)
VECTOR(high_s32, U32((int64_t)S32(a[k]) * S32(b[k]) >> 32))
VECTOR(shl_32, U32(b[k]) > 31 ? 0 : U32(a[k]) << (U32(b[k]) & 31))
VECTOR(shl_64, U32(b[k]) > 63 ? 0 : a[k] << (U32(b[k]) & 63))
VECTOR(shr_u32, U32(b[k]) > 31 ? 0 : U32(a[k]) >> (U32(b[k]) & 31))
VECTOR(shr_u64, U32(b[k]) > 63 ? 0 : a[k] >> (U32(b[k]) & 63))
VECTOR(shr_s32, U32(S32(a[k]) >> (U32(b[k]) > 31 ? 31 : U32(b[k]))))
VECTOR(shr_s64, S64(a[k]) >> (U32(b[k]) > 63 ? 63 : U32(b[k])))
VECTOR(min_u32, U32(a[k]) < U32(b[k]) ? a[k] : b[k])
VECTOR(min_s32, S32(a[k]) < S32(b[k]) ? a[k] : b[k])
VECTOR(min_u64, a[k] < b[k] ? a[k] : b[k])
VECTOR(min_s64, S64(a[k]) < S64(b[k]) ? a[k] : b[k])
VECTOR(max_u32, U32(a[k]) > U32(b[k]) ? a[k] : b[k])
VECTOR(max_s32, S32(a[k]) > S32(b[k]) ? a[k] : b[k])
VECTOR(max_u64, a[k] > b[k] ? a[k] : b[k])
VECTOR(max_s64, S64(a[k]) > S64(b[k]) ? a[k] : b[k])
VECTOR(selp, (c[k] & 1) != 0 ? a[k] : b[k])
VECTOR(funnel_left, (b[k] << 32 | U32(a[k])) << (c[k] & 31) >> 32)
VECTOR(funnel_right, (b[k] << 32 | U32(a[k])) >> (c[k] & 31))

VECTOR(to_u8, (uint8_t)a[k])
VECTOR(to_u16, U16(a[k]))
VECTOR(to_u32, U32(a[k]))
VECTOR(from_s8, (int64_t)(int8_t)a[k])
VECTOR(from_s16, (int64_t)S16(a[k]))
VECTOR(from_s32, (int64_t)S32(a[k]))
VECTOR(f32_of_s32, of_f32((float)S32(a[k])))
VECTOR(f64_of_s32, of_f64((double)S32(a[k])))
VECTOR(f64_of_f32, of_f64((double)F32(a[k])))

VECTOR(add_f32, of_f32(F32(a[k]) + F32(b[k])))
VECTOR(sub_f32, of_f32(F32(a[k]) - F32(b[k])))
VECTOR(mul_f32, of_f32(F32(a[k]) * F32(b[k])))
VECTOR(div_f32, of_f32(F32(a[k]) / F32(b[k])))
VECTOR(fma_f32, of_f32(fmaf(F32(a[k]), F32(b[k]), F32(c[k]))))
VECTOR(add_f64, of_f64(F64(a[k]) + F64(b[k])))
VECTOR(sub_f64, of_f64(F64(a[k]) - F64(b[k])))
VECTOR(mul_f64, of_f64(F64(a[k]) * F64(b[k])))
VECTOR(div_f64, of_f64(F64(a[k]) / F64(b[k])))
VECTOR(fma_f64, of_f64(fma(F64(a[k]), F64(b[k]), F64(c[k]))))

/* .ftz: a denormal counts as a zero of its sign. */
static inline float flushed(float f)
{
    float size = f < 0 ? -f : f;

    return size < 0x1p-126f ? copysignf(0.0f, f) : f;
}

#define Z32(v) flushed(as_f32(v))
VECTOR(add_ftz, of_f32(flushed(Z32(a[k]) + Z32(b[k]))))
VECTOR(sub_ftz, of_f32(flushed(Z32(a[k]) - Z32(b[k]))))
VECTOR(mul_ftz, of_f32(flushed(Z32(a[k]) * Z32(b[k]))))
VECTOR(fma_ftz, of_f32(flushed(fmaf(Z32(a[k]), Z32(b[k]), Z32(c[k])))))

#define COMPARES(name, cast)                                                                       \
    VECTOR(eq_##name, cast(a[k]) == cast(b[k]))                                                    \
    VECTOR(ne_##name, cast(a[k]) != cast(b[k]))                                                    \
    VECTOR(lt_##name, cast(a[k]) < cast(b[k]))                                                     \
    VECTOR(le_##name, cast(a[k]) <= cast(b[k]))                                                    \
    VECTOR(gt_##name, cast(a[k]) > cast(b[k]))                                                     \
    VECTOR(ge_##name, cast(a[k]) >= cast(b[k]))

COMPARES(u16, U16)
COMPARES(s16, S16)
COMPARES(u32, U32)
COMPARES(s32, S32)
COMPARES(u64, (uint64_t))
COMPARES(s64, S64)

/* Not a number is unequal to all, but .ne wants it to be neither. */
#define ORDERED(name, cast)                                                                        \
    VECTOR(eq_##name, cast(a[k]) == cast(b[k]))                                                    \
    VECTOR(ne_##name, cast(a[k]) < cast(b[k]) || cast(a[k]) > cast(b[k]))                          \
    VECTOR(neu_##name, cast(a[k]) != cast(b[k]))                                                   \
    VECTOR(lt_##name, cast(a[k]) < cast(b[k]))                                                     \
    VECTOR(le_##name, cast(a[k]) <= cast(b[k]))                                                    \
    VECTOR(gt_##name, cast(a[k]) > cast(b[k]))                                                     \
    VECTOR(ge_##name, cast(a[k]) >= cast(b[k]))

ORDERED(f32, F32)
ORDERED(f64, F64)

#define SETP(type, name)                                                                           \
    {"setp.eq." #type, eq_##name}, {"setp.ne." #type, ne_##name}, {"setp.lt." #type, lt_##name},   \
        {"setp.le." #type, le_##name}, {"setp.gt." #type, gt_##name},                              \
    {                                                                                              \
        "setp.ge." #type, ge_##name                                                                \
    }

/* clang-format off */
static const struct vector_row rows[] = {
    {"mov", move},
    {"add.u16", add}, {"add.s16", add}, {"add.u32", add}, {"add.s32", add}, {"add.u64", add},
    {"add.s64", add}, {"sub.u16", sub}, {"sub.s16", sub}, {"sub.u32", sub}, {"sub.s32", sub},
    {"sub.u64", sub}, {"sub.s64", sub}, {"neg.s16", neg}, {"neg.s32", neg}, {"neg.s64", neg},
    {"and.b16", and}, {"and.b32", and}, {"and.b64", and}, {"and.pred", and},
    {"or.b16", or}, {"or.b32", or}, {"or.b64", or}, {"or.pred", or},
    {"xor.b16", xor}, {"xor.b32", xor}, {"xor.b64", xor}, {"xor.pred", xor},
    {"not.b16", not}, {"not.b32", not}, {"not.b64", not}, {"not.pred", not_pred},
    {"mul.lo.u16", low_32}, {"mul.lo.s16", low_32}, {"mul.lo.u32", low_32}, {"mul.lo.s32", low_32},
    {"mul.lo.u64", low_64}, {"mul.lo.s64", low_64}, {"mad.lo.u16", mad_32}, {"mad.lo.s16", mad_32},
    {"mad.lo.u32", mad_32}, {"mad.lo.s32", mad_32}, {"mad.lo.u64", mad_64}, {"mad.lo.s64", mad_64},
    {"mul.wide.u32", wide_u32}, {"mul.wide.s32", wide_s32},
    {"mad.wide.u32", mad_wide_u32}, {"mad.wide.s32", mad_wide_s32},
    {"mul.hi.u32", high_u32}, {"mul.hi.s32", high_s32},
    {"shl.b32", shl_32}, {"shl.b64", shl_64}, {"shr.b32", shr_u32}, {"shr.u32", shr_u32},
    {"shr.s32", shr_s32}, {"shr.b64", shr_u64}, {"shr.u64", shr_u64}, {"shr.s64", shr_s64},
    {"shf.l.wrap.b32", funnel_left}, {"shf.r.wrap.b32", funnel_right},
    {"min.u32", min_u32}, {"min.s32", min_s32}, {"min.u64", min_u64}, {"min.s64", min_s64},
    {"max.u32", max_u32}, {"max.s32", max_s32}, {"max.u64", max_u64}, {"max.s64", max_s64},
    {"selp.b16", selp}, {"selp.u16", selp}, {"selp.s16", selp}, {"selp.b32", selp},
    {"selp.u32", selp}, {"selp.s32", selp}, {"selp.f32", selp}, {"selp.b64", selp},
    {"selp.u64", selp}, {"selp.s64", selp}, {"selp.f64", selp},
    {"cvt.u32.u8", to_u8}, {"cvt.u16.u8", to_u8}, {"cvt.u64.u8", to_u8}, {"cvt.s32.s8", from_s8},
    {"cvt.u16.u32", to_u16}, {"cvt.u32.u16", to_u16}, {"cvt.u64.u16", to_u16},
    {"cvt.s32.s16", from_s16}, {"cvt.s64.s16", from_s16},
    {"cvt.u32.u64", to_u32}, {"cvt.u64.u32", to_u32}, {"cvt.s64.s32", from_s32},
    {"cvt.u16.u64", to_u16}, {"cvt.s16.s8", from_s8}, {"cvt.s64.s8", from_s8},
    {"cvt.f32.s32", f32_of_s32}, {"cvt.f64.s32", f64_of_s32}, {"cvt.f64.f32", f64_of_f32},
    {"add.f32", add_f32}, {"sub.f32", sub_f32}, {"mul.f32", mul_f32}, {"div.f32", div_f32},
    {"fma.f32", fma_f32}, {"mad.f32", fma_f32},
    {"add.f64", add_f64}, {"sub.f64", sub_f64}, {"mul.f64", mul_f64}, {"div.f64", div_f64},
    {"fma.f64", fma_f64}, {"mad.f64", fma_f64},
    {"add.ftz.f32", add_ftz}, {"sub.ftz.f32", sub_ftz}, {"mul.ftz.f32", mul_ftz},
    {"fma.ftz.f32", fma_ftz},
    SETP(u16, u16), SETP(b16, u16), SETP(s16, s16), SETP(u32, u32), SETP(b32, u32), SETP(s32, s32),
    SETP(u64, u64), SETP(b64, u64), SETP(s64, s64), SETP(f32, f32), SETP(f64, f64),
    {"setp.neu.f32", neu_f32}, {"setp.neu.f64", neu_f64},
};
/* clang-format on */

const struct vector_table OP_VECTOR_TABLE = {rows, sizeof(rows) / sizeof(rows[0])};
