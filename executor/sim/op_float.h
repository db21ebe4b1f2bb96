/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_FLOAT_H
#define SIM_OP_FLOAT_H

/* Floating-point arithmetic; what its users share. */

#include "executor/sim/ptx_build.h"

/* Bits of imm. */
#define FLOAT_FTZ   1
#define FLOAT_SAT   2
#define FLOAT_RZ    4
#define FLOAT_RM    8
#define FLOAT_RP    16
#define FLOAT_NAN   32 /* min, max: a NaN operand gives NaN */
#define FLOAT_ROUND (FLOAT_RZ | FLOAT_RM | FLOAT_RP)
#define FLOAT_RELU  64 /* below zero becomes zero */
#define FLOAT_RNA   128

/* Whether the instruction's first type is floating point. */
bool op_is_float(const struct ptx_inst *in);

/* add, sub, mul, div, fma, mad, min, max, abs, neg of f32 and f64. */
void op_lower_float(struct ptx_build *b, struct ptx_inst *in);

/* Take the rounding, .ftz and .sat modifiers; the bits above. */
int64_t op_float_flags(struct ptx_inst *in);

/* Zero for a denormal when flags say so, keeping its sign. */
float op_flush(float f, int64_t flags);

/* Flush and clamp a result. */
float op_finish(float f, int64_t flags);
double op_finish64(double d, int64_t flags);

/* The lesser and the greater: one NaN gives the other operand; -0 is below +0. */
double op_lesser(double a, double b, int64_t flags);
double op_greater(double a, double b, int64_t flags);

/* --- 16-bit formats (op_half.c, op_half_compare.c) --- */
/* add, sub, mul, fma, min, max, abs, neg of f16 and bf16, one or two of them. */
void op_lower_half(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type, int64_t flags);
/* ex2 and tanh of them. */
void op_lower_half_math(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type,
                        int64_t flags);
bool op_type_half(enum ptx_type type);

/* Set the rounding mode of flags; what op_round_end() wants. */
int op_round_begin(int64_t flags);
void op_round_end(int old);

#endif
