/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_OP_MATRIX_H
#define SIM_OP_MATRIX_H

/*
 * Matrices that the registers of a whole warp hold.  A fragment is some
 * registers of each lane, each with one, two or four elements; where an
 * element is in the matrix is the business of mma (op_mma.c) and wmma
 * (op_wmma.c).  Floating-point products are summed in double precision and
 * rounded once, which is closer than the hardware.
 */

#include "executor/sim/ptx_build.h"
#include "executor/sim/thr.h"

/* No matrix has more elements, no fragment more registers. */
#define MATRIX_ELEMENTS 512
#define MATRIX_REGS     8

enum element {
    ELEMENT_F16,
    ELEMENT_BF16,
    ELEMENT_TF32,
    ELEMENT_E4M3,
    ELEMENT_E5M2,
    ELEMENT_F32,
    ELEMENT_F64,
    ELEMENT_S8,
    ELEMENT_U8,
    ELEMENT_S32,
    ELEMENT_NONE,
};

struct fragment {
    enum element type;
    uint32_t count; /* registers */
    uint32_t slot[MATRIX_REGS];
};

/* The three matrices of one product; too large for a frame. */
struct matrices {
    double a[MATRIX_ELEMENTS];
    double b[MATRIX_ELEMENTS];
    double c[MATRIX_ELEMENTS];
};

/* The engine thread's own; valid until its next product. */
struct matrices *op_matrices(void);

/* d = a * b + c, of m times k, k times n elements, rows first. */
struct product {
    uint32_t m;
    uint32_t n;
    uint32_t k;
    bool saturate; /* integers */
};

/* The element that the next type modifier names, or ELEMENT_NONE. */
enum element op_element(struct ptx_inst *in);
uint32_t op_element_bytes(enum element type);
bool op_element_int(enum element type);

/* "mMnNkK" among the modifiers; false when there is none. */
bool op_matrix_shape(struct ptx_inst *in, struct product *p);

/* A braced operand, or a single register; count it. */
void op_fragment(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, bool result,
                 struct fragment *f);

/* Part p of register r of a lane as a number, and put there. */
double op_part_get(const struct thr *t, const struct fragment *f, uint32_t r, uint32_t p);
void op_part_set(struct thr *t, const struct fragment *f, uint32_t r, uint32_t p, double value);

/* Elements by rows; the result replaces c. */
void op_multiply(const struct product *p, bool ints, struct matrices *x);

/* Let all lanes meet, so that the instruction emitted next has the whole warp. */
void op_emit_meet(struct ptx_build *b);

#endif
