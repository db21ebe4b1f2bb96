/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_matrix.h"

#include <stdio.h>

#include "executor/sim/half.h"
#include "executor/sim/op_warp.h"

static const struct {
    const char *word;
    uint32_t bytes;
} elements[] = {
    [ELEMENT_F16] = {"f16", 2},   [ELEMENT_BF16] = {"bf16", 2}, [ELEMENT_TF32] = {"tf32", 4},
    [ELEMENT_E4M3] = {"e4m3", 1}, [ELEMENT_E5M2] = {"e5m2", 1}, [ELEMENT_F32] = {"f32", 4},
    [ELEMENT_F64] = {"f64", 8},   [ELEMENT_S8] = {"s8", 1},     [ELEMENT_U8] = {"u8", 1},
    [ELEMENT_S32] = {"s32", 4},
};

enum element op_element(struct ptx_inst *in)
{
    for (uint32_t m = 0; m < in->mod_count; m++) {
        for (int e = 0; e < ELEMENT_NONE; e++) {
            if (!in->taken[m] && strcmp(in->mod[m], elements[e].word) == 0) {
                in->taken[m] = true;
                return (enum element)e;
            }
        }
    }
    return ELEMENT_NONE;
}

uint32_t op_element_bytes(enum element type)
{
    return elements[type].bytes;
}

bool op_element_int(enum element type)
{
    return type == ELEMENT_S8 || type == ELEMENT_U8 || type == ELEMENT_S32;
}

bool op_matrix_shape(struct ptx_inst *in, struct product *p)
{
    for (uint32_t m = 0; m < in->mod_count; m++) {
        int end = 0;

        if (sscanf(in->mod[m], "m%2un%2uk%2u%n", &p->m, &p->n, &p->k, &end) == 3 &&
            in->mod[m][end] == '\0') {
            in->taken[m] = true;
            return p->m * p->n * p->k != 0 && p->m * p->n <= MATRIX_ELEMENTS &&
                   p->m * p->k <= MATRIX_ELEMENTS && p->n * p->k <= MATRIX_ELEMENTS;
        }
    }
    return false;
}

void op_fragment(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, bool result,
                 struct fragment *f)
{
    const struct ptx_operand *o = &in->opd[k];
    bool list = o->kind == OPD_VEC;

    f->count = list ? o->count : 1;
    if (k >= in->opd_count || f->count == 0 || f->count > MATRIX_REGS) {
        ptx_unsupported(b, in);
    }
    for (uint32_t r = 0; r < f->count; r++) {
        const struct ptx_operand *one = list ? &o->sub[r] : o;

        if (result && one->kind != OPD_REG) {
            ptx_unsupported(b, in);
        }
        f->slot[r] = ptx_src_of(b, in->line, one, T_NONE);
    }
}

static enum half_kind kind_of(enum element type)
{
    switch ((int)type) {
    case ELEMENT_BF16:
        return HALF_BF16;
    case ELEMENT_TF32:
        return HALF_TF32;
    case ELEMENT_E4M3:
        return HALF_E4M3;
    case ELEMENT_E5M2:
        return HALF_E5M2;
    default:
        return HALF_F16;
    }
}

double op_part_get(const struct thr *t, const struct fragment *f, uint32_t r, uint32_t p)
{
    uint64_t bits = op_get(t, f->slot[r]) >> (p * op_element_bytes(f->type) * 8);

    switch ((int)f->type) {
    case ELEMENT_F32:
        return (double)op_f32(t, f->slot[r]);
    case ELEMENT_F64:
        return op_f64(t, f->slot[r]);
    case ELEMENT_S8:
        return (int8_t)bits;
    case ELEMENT_U8:
        return (uint8_t)bits;
    case ELEMENT_S32:
        return (int32_t)bits;
    case ELEMENT_TF32: /* the bits below are not looked at */
        return half_value((uint32_t)bits & ~0x1fffu, HALF_TF32);
    default:
        return half_value((uint32_t)bits & (op_element_bytes(f->type) == 1 ? 0xff : 0xffff),
                          kind_of(f->type));
    }
}

void op_part_set(struct thr *t, const struct fragment *f, uint32_t r, uint32_t p, double value)
{
    uint32_t shift = p * 16;
    uint64_t bits;

    switch ((int)f->type) {
    case ELEMENT_F32:
        op_set_f32(t, f->slot[r], (float)value);
        break;
    case ELEMENT_F64:
        op_set_f64(t, f->slot[r], value);
        break;
    case ELEMENT_S32:
        op_set(t, f->slot[r], (uint32_t)(int64_t)value);
        break;
    default: /* f16: two of them in a register */
        bits = half_bits(value, HALF_F16, HALF_RN, false);
        op_set(t, f->slot[r],
               (op_get(t, f->slot[r]) & ~((uint64_t)0xffff << shift)) | bits << shift);
        break;
    }
}

struct matrices *op_matrices(void)
{
    static __thread struct matrices x;

    return &x;
}

/* Integers wrap, or stay at the ends of their range. */
static double whole(double sum, bool saturate)
{
    if (saturate) {
        return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
    }
    return (double)(int32_t)(uint32_t)(int64_t)sum;
}

void op_multiply(const struct product *p, bool ints, struct matrices *x)
{
    for (uint32_t row = 0; row < p->m; row++) {
        for (uint32_t col = 0; col < p->n; col++) {
            double sum = x->c[row * p->n + col];

            for (uint32_t k = 0; k < p->k; k++) {
                sum += x->a[row * p->k + k] * x->b[k * p->n + col];
            }
            x->c[row * p->n + col] = ints ? whole(sum, p->saturate) : sum;
        }
    }
}

void op_emit_meet(struct ptx_build *b)
{
    op_emit_sync_all(b);
}
