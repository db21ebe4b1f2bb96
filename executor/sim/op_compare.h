/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_COMPARE_H
#define SIM_OP_COMPARE_H

/*
 * Comparisons.  imm holds which outcomes are true, one bit each, then how the
 * result is combined with predicate c, then .ftz.
 */

#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

#define LESS      1
#define EQUAL     2
#define GREATER   4
#define UNORDERED 8
#define OUTCOMES  15
#define BOOL_AND  16
#define BOOL_OR   32
#define BOOL_XOR  48
#define BOOL_MASK 48
#define FLUSH     64
#define AS_FLOAT  128 /* set: the result is 1.0 or 0.0 */

#define ORDER(a, b) ((a) < (b) ? LESS : (a) == (b) ? EQUAL : (a) > (b) ? GREATER : UNORDERED)

/* Outcome v combined with predicate c as imm says. */
static inline bool op_combine(const struct thr *t, const struct insn *i, bool v)
{
    bool c = (op_get(t, i->c) & 1) != 0;

    switch (i->imm & BOOL_MASK) {
    case BOOL_AND:
        return v && c;
    case BOOL_OR:
        return v || c;
    case BOOL_XOR:
        return v != c;
    default:
        return v;
    }
}

/*
 * An instruction by fn with sources a, b and, when flags combine, c; without
 * destinations.
 */
struct insn *op_emit_compare(struct ptx_build *b, struct ptx_inst *in, insn_fn fn,
                             enum ptx_type type, int64_t flags);

/* setp and set of a 16-bit floating-point type; result: of set. */
void op_lower_half_setp(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type,
                        int64_t flags);
void op_lower_half_set(struct ptx_build *b, struct ptx_inst *in, enum ptx_type result,
                       enum ptx_type type, int64_t flags);

#endif
