/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_move.h"

#include "executor/sim/op_vector.h"
#include "executor/sim/thr.h"

/* Moves, packing and unpacking, address spaces. */

HANDLER(local_address)
{
    op_set(t, i->d, t->local_base + (uint64_t)i->imm);
    return i + 1;
}

HANDLER(not_pred)
{
    op_set(t, i->d, ~op_get(t, i->a) & 1);
    return i + 1;
}

void op_emit_local_address(struct ptx_build *b, uint32_t reg, int64_t offset)
{
    struct insn *i = ptx_emit(b, local_address);

    i->d = reg;
    i->imm = offset;
}

void op_emit_move(struct ptx_build *b, uint32_t reg, uint32_t slot)
{
    struct insn *i = ptx_emit(b, op_vector_move());

    i->d = reg;
    i->a = slot;
}

void op_emit_not_pred(struct ptx_build *b, uint32_t reg, uint32_t predicate)
{
    struct insn *i = ptx_emit(b, not_pred);

    i->d = reg;
    i->a = predicate;
}

/* d = part e of imm bits of a. */
HANDLER(unpack)
{
    uint64_t mask = i->imm == 64 ? UINT64_MAX : (UINT64_C(1) << i->imm) - 1;

    op_set(t, i->d, op_get(t, i->a) >> (i->e * (uint32_t)i->imm) & mask);
    return i + 1;
}

/* d = a with part e replaced by the low imm bits of b. */
HANDLER(pack)
{
    uint64_t mask = (UINT64_C(1) << i->imm) - 1;
    uint32_t shift = i->e * (uint32_t)i->imm;

    op_set(t, i->d, (op_get(t, i->a) & ~(mask << shift)) | (op_get(t, i->b) & mask) << shift);
    return i + 1;
}

static uint32_t part_bits(struct ptx_build *b, const struct ptx_inst *in, enum ptx_type type,
                          uint32_t count)
{
    uint32_t bits = count == 0 ? 0 : ptx_type_size(type) * 8 / count;

    if ((count != 2 && count != 4) || bits < 8) {
        ptx_unsupported(b, in);
    }
    return bits;
}

static void lower_unpack(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type)
{
    const struct ptx_operand *v = &in->opd[0];
    uint32_t bits = part_bits(b, in, type, v->count);
    /* A copy first: the source may be among the parts. */
    uint32_t whole = ptx_reg_new(b, 1);
    uint32_t a = ptx_src(b, in, 1, type);
    struct insn *i = ptx_emit(b, op_vector_move());

    i->d = whole;
    i->a = a;
    for (uint32_t k = 0; k < v->count; k++) {
        if (v->sub[k].kind == OPD_SINK) {
            continue;
        }
        if (v->sub[k].kind != OPD_REG) {
            ptx_unsupported(b, in);
        }
        i = ptx_emit(b, unpack);
        i->d = v->sub[k].slot;
        i->a = whole;
        i->e = k;
        i->imm = bits;
    }
}

static void lower_pack(struct ptx_build *b, struct ptx_inst *in, enum ptx_type type)
{
    const struct ptx_operand *v = &in->opd[1];
    uint32_t bits = part_bits(b, in, type, v->count);
    uint32_t whole = ptx_reg_new(b, 1);
    struct insn *i;

    for (uint32_t k = 0; k < v->count; k++) {
        uint32_t part = ptx_src_of(b, in->line, &v->sub[k], T_NONE);

        i = ptx_emit(b, pack);
        i->d = whole;
        i->a = whole;
        i->b = part;
        i->e = k;
        i->imm = bits;
    }
    op_emit_move(b, ptx_dst(b, in, 0), whole);
}

static void lower_mov(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type_needed(b, in);
    uint32_t a;

    ptx_operands(b, in, 2, 2);
    if (in->opd[0].kind == OPD_VEC) {
        lower_unpack(b, in, type);
    } else if (in->opd[1].kind == OPD_VEC) {
        lower_pack(b, in, type);
    } else if (in->opd[1].kind == OPD_SREG) {
        op_emit_special(b, in->line, ptx_dst(b, in, 0), in->opd[1].name);
    } else {
        a = ptx_src(b, in, 1, type);
        op_emit_move(b, ptx_dst(b, in, 0), a);
    }
}

HANDLER(add_imm)
{
    op_set(t, i->d, op_get(t, i->a) + (uint64_t)i->imm);
    return i + 1;
}

static uint64_t space_window(struct ptx_build *b, struct ptx_inst *in)
{
    if (ptx_mod(in, "global") || ptx_mod(in, "const")) {
        return 0;
    }
    if (ptx_mod(in, "shared") || ptx_mod(in, "shared::cta") || ptx_mod(in, "shared::cluster")) {
        return PTX_WIN_SHARED;
    }
    if (ptx_mod(in, "local")) {
        return PTX_WIN_LOCAL;
    }
    if (ptx_mod(in, "param") || ptx_mod(in, "param::entry")) {
        return PTX_WIN_PARAM;
    }
    ptx_unsupported(b, in);
}

static void lower_cvta(struct ptx_build *b, struct ptx_inst *in)
{
    bool to = ptx_mod(in, "to");
    uint64_t window = space_window(b, in);
    enum ptx_type type = ptx_mod_type_needed(b, in);
    struct insn *i;
    uint32_t a;

    if (type != T_U64 && type != T_B64) {
        ptx_unsupported(b, in);
    }
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, type);
    i = ptx_emit(b, add_imm);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->imm = (int64_t)(to ? (uint64_t)0 - window : window);
}

HANDLER(in_window)
{
    op_set(t, i->d, op_get(t, i->a) >> PTX_WIN_SHIFT == (uint64_t)i->imm);
    return i + 1;
}

/* Constants lie among global memory here.  e: 1 they are wanted, 0 the rest. */
HANDLER(in_constants)
{
    const struct ptx_func *f = t->blk->func;
    uint64_t a = op_get(t, i->a);
    bool constant = false;

    for (const struct ptx_var *v = f->module->vars; v != NULL; v = v->next) {
        constant |= v->constant && a - v->address < v->size;
    }
    op_set(t, i->d, a >> PTX_WIN_SHIFT == 0 && constant == (i->e != 0));
    return i + 1;
}

static void lower_isspacep(struct ptx_build *b, struct ptx_inst *in)
{
    uint64_t window;
    bool constant;
    struct insn *i;
    uint32_t a;

    constant = in->mod_count > 0 && strcmp(in->mod[0], "const") == 0;
    window = space_window(b, in);
    ptx_operands(b, in, 2, 2);
    a = ptx_src(b, in, 1, T_U64);
    i = ptx_emit(b, window == 0 ? in_constants : in_window);
    i->d = ptx_dst(b, in, 0);
    i->a = a;
    i->e = constant;
    i->imm = (int64_t)(window >> PTX_WIN_SHIFT);
}

const struct lower_row lower_move[] = {
    {"mov", lower_mov}, {"cvta", lower_cvta}, {"isspacep", lower_isspacep}, {NULL, NULL}};
