/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_HALF_H
#define SIM_OP_HALF_H

/* What the routines for 16-bit formats share.  Bits of imm above op_float.h's: */

#include "executor/sim/half.h"
#include "executor/sim/op_float.h"
#include "executor/sim/thr.h"

#define HALF_IS_BF (1 << 30)
#define HALF_IS_X2 (UINT64_C(1) << 31)

static inline enum half_kind op_half_kind(int64_t imm)
{
    return (imm & HALF_IS_BF) != 0 ? HALF_BF16 : HALF_F16;
}

static inline bool op_half_two(int64_t imm)
{
    return ((uint64_t)imm & HALF_IS_X2) != 0;
}

/* The bits above for a type. */
static inline int64_t op_half_format(enum ptx_type type)
{
    return (type == T_BF16 || type == T_BF16X2 ? HALF_IS_BF : 0) |
           (type == T_F16X2 || type == T_BF16X2 ? (int64_t)HALF_IS_X2 : 0);
}

/* An operand's value, flushed if flags say so. */
static inline double op_half_in(uint32_t bits, int64_t flags)
{
    bits &= 0xffff;
    if ((flags & FLOAT_FTZ) != 0 && half_tiny(bits, op_half_kind(flags))) {
        bits &= 0x8000;
    }
    return half_value(bits, op_half_kind(flags));
}

/* A result's bits: rounded to nearest, flushed and clamped. */
static inline uint32_t op_half_out(double d, int64_t flags)
{
    uint32_t bits;

    if ((flags & FLOAT_RELU) != 0 && d < 0) {
        d = 0;
    }
    if ((flags & FLOAT_SAT) != 0) {
        d = op_finish64(d, flags);
    }
    bits = half_bits(d, op_half_kind(flags), HALF_RN, false);
    if ((flags & FLOAT_RELU) != 0 && bits == 0x8000) {
        return 0;
    }
    return (flags & FLOAT_FTZ) != 0 && half_tiny(bits, op_half_kind(flags)) ? bits & 0x8000 : bits;
}

#endif
