/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_CONVERT_H
#define SIM_OP_CONVERT_H

/*
 * Conversions.  imm: the flags of op_float.h, and how to round to an integer
 * (INT_* bits); for those without a routine of their own also both types.
 */

#include "executor/sim/op_float.h"

#define INT_RNI   256
#define INT_RZI   512
#define INT_RMI   1024
#define INT_RPI   2048
#define INT_ROUND (INT_RNI | INT_RZI | INT_RMI | INT_RPI)

#define TYPES_SHIFT 16
#define DST_TYPE(i) ((enum ptx_type)((i)->imm >> TYPES_SHIFT & 255))
#define SRC_TYPE(i) ((enum ptx_type)((i)->imm >> (TYPES_SHIFT + 8) & 255))

/* The integer in some bits; an integer cut to the range of a type. */
__int128 op_int_value(uint64_t bits, enum ptx_type type);
uint64_t op_clamp_int(__int128 v, enum ptx_type type);

/* a as an integer in the way that INT_* say; a itself without any. */
double op_round_int(double a, int64_t flags);

/* a as an integer of a type; NaN as the ISA says for a source of 64 or fewer bits. */
uint64_t op_int_of(double a, enum ptx_type to, bool from_f64);

/* --- to and from 16-bit formats and smaller (op_convert_half.c) --- */
void op_lower_cvt_half(struct ptx_build *b, struct ptx_inst *in, int64_t flags, enum ptx_type to,
                       enum ptx_type from);
/* Those that make two values or have a type of their own (tf32, e4m3x2); false: none such. */
bool op_lower_cvt_pack(struct ptx_build *b, struct ptx_inst *in);

#endif
