/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_VECTOR_H
#define SIM_OP_VECTOR_H

/*
 * Routines that carry a plain instruction out for a whole group in a loop
 * that the compiler turns into vector instructions.  They give the same bits
 * as the routines for one thread, which stay for all that is not here.
 */

#include "executor/sim/ptx_build.h"

/* The routine for an instruction, or otherwise when there is none. */
insn_fn op_vector(const struct ptx_inst *in, insn_fn otherwise);

/* d = a, for moves that stand for something else. */
insn_fn op_vector_move(void);

/* One table, in order of the names; the same source is compiled for two kinds of machine. */
struct vector_row {
    const char *name; /* without modifiers that make no difference here */
    insn_fn fn;
};
struct vector_table {
    const struct vector_row *row;
    size_t count;
};
extern const struct vector_table op_vector_base;
extern const struct vector_table op_vector_avx2;

#endif
