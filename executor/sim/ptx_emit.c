/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <string.h>

#include "executor/sim/op_move.h"
#include "executor/sim/warp.h"

struct insn *ptx_emit(struct ptx_build *b, insn_fn fn)
{
    struct ptx_func *f = b->func;
    struct insn *i;

    if (f->code_count == b->code_room) {
        uint32_t room = b->code_room == 0 ? 128 : b->code_room * 2;
        struct insn *code = arena_alloc(b->arena, room * sizeof(*code));

        if (f->code_count != 0) {
            memcpy(code, f->code, f->code_count * sizeof(*code));
        }
        f->code = code;
        b->code_room = room;
    }
    i = &f->code[f->code_count++];
    i->fn = fn;
    i->line = b->line;
    return i;
}

struct insn *ptx_emit_sources(struct ptx_build *b, struct ptx_inst *in, insn_fn fn,
                              enum ptx_type type, uint32_t sources)
{
    uint32_t s[4] = {0};
    struct insn *i;

    ptx_operands(b, in, sources + 1, sources + 1);
    for (uint32_t k = 0; k < sources; k++) {
        s[k] = ptx_src(b, in, k + 1, type);
    }
    i = ptx_emit(b, fn);
    i->d = ptx_dst(b, in, 0);
    i->a = s[0];
    i->b = s[1];
    i->c = s[2];
    i->e = s[3];
    return i;
}

uint32_t ptx_reg_new(struct ptx_build *b, uint32_t count)
{
    uint32_t word = b->func->reg_count;

    if (count > (1u << 17) - word) {
        ptx_fail(b, b->tok.line, "Too many registers");
    }
    b->func->reg_count += count;
    return word * WARP;
}

uint32_t ptx_const_new(struct ptx_build *b, uint64_t value)
{
    struct ptx_func *f = b->func;

    if (f->constant_count == b->constant_room) {
        uint32_t room = b->constant_room == 0 ? 32 : b->constant_room * 2;
        uint64_t *constant = arena_alloc(b->arena, room * sizeof(*constant));

        if (f->constant_count != 0) {
            memcpy(constant, f->constant, f->constant_count * sizeof(*constant));
        }
        f->constant = constant;
        b->constant_room = room;
    }
    f->constant[f->constant_count] = value;
    return PTX_CONST | f->constant_count++;
}

uint32_t ptx_const(struct ptx_build *b, uint64_t value)
{
    return ptx_const_new(b, value);
}

bool ptx_mod(struct ptx_inst *in, const char *word)
{
    for (uint32_t i = 0; i < in->mod_count; i++) {
        if (!in->taken[i] && strcmp(in->mod[i], word) == 0) {
            in->taken[i] = true;
            return true;
        }
    }
    return false;
}

void ptx_mod_ignore(struct ptx_inst *in, const char *const *words)
{
    for (; *words != NULL; words++) {
        (void)ptx_mod(in, *words);
    }
}

enum ptx_type ptx_mod_type(struct ptx_inst *in)
{
    for (uint32_t i = 0; i < in->mod_count; i++) {
        enum ptx_type type = in->taken[i] ? T_NONE : ptx_type_of(in->mod[i], strlen(in->mod[i]));

        if (type != T_NONE) {
            in->taken[i] = true;
            return type;
        }
    }
    return T_NONE;
}

void ptx_unsupported(struct ptx_build *b, const struct ptx_inst *in)
{
    char text[160] = "";
    size_t at = 0;

    for (uint32_t i = 0; i < in->mod_count && at + strlen(in->mod[i]) + 2 < sizeof(text); i++) {
        text[at++] = '.';
        memcpy(text + at, in->mod[i], strlen(in->mod[i]) + 1);
        at += strlen(in->mod[i]);
    }
    ptx_fail(b, in->line, "instruction '%s%s' is not simulated", in->op, text);
}

enum ptx_type ptx_mod_type_needed(struct ptx_build *b, struct ptx_inst *in)
{
    enum ptx_type type = ptx_mod_type(in);

    if (type == T_NONE) {
        ptx_unsupported(b, in);
    }
    return type;
}

void ptx_operands(struct ptx_build *b, const struct ptx_inst *in, uint32_t least, uint32_t most)
{
    if (in->opd_count < least || in->opd_count > most) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
}

uint32_t ptx_dst(struct ptx_build *b, const struct ptx_inst *in, uint32_t k)
{
    const struct ptx_operand *o = &in->opd[k];

    if (o->kind == OPD_SINK) {
        return b->sink;
    }
    if (o->kind != OPD_REG || o->negated) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    return o->slot;
}

static uint32_t float_const(struct ptx_build *b, const struct ptx_operand *o, enum ptx_type type)
{
    uint64_t bits = o->value;
    double d;
    float f;

    if (o->kind == OPD_F64 && type == T_F32) {
        memcpy(&d, &bits, sizeof(d));
        f = (float)d;
        bits = 0;
        memcpy(&bits, &f, sizeof(f));
    } else if (o->kind == OPD_F32 && type == T_F64) {
        memcpy(&f, &bits, sizeof(f));
        d = (double)f;
        memcpy(&bits, &d, sizeof(d));
    }
    return ptx_const(b, bits);
}

uint32_t ptx_address_of(struct ptx_build *b, uint32_t line, struct ptx_symbol *sym, int64_t addend)
{
    uint32_t constant;
    uint32_t reg;

    switch (sym->kind) {
    case SYM_VAR: {
        struct ptx_fixup *fix = arena_alloc(b->arena, sizeof(*fix));

        constant = ptx_const_new(b, 0);
        *fix =
            (struct ptx_fixup){b->module->fixups, b->func, constant & ~PTX_CONST, sym->var, addend};
        b->module->fixups = fix;
        return constant;
    }
    case SYM_SHARED: {
        struct shared_use *use = arena_alloc(b->arena, sizeof(*use));

        constant = ptx_const_new(b, 0);
        *use = (struct shared_use){b->shared_uses, b->func, sym->shared, constant & ~PTX_CONST,
                                   addend};
        b->shared_uses = use;
        return constant;
    }
    case SYM_LOCAL:
        reg = ptx_reg_new(b, 1);
        op_emit_local_address(b, reg, (int64_t)sym->offset + addend);
        return reg;
    case SYM_FORMAL:
        return ptx_const(b, sym->offset + (uint64_t)addend);
    case SYM_FUNC:
        b->address_taken = true;
        return ptx_const(b, PTX_WIN_FUNC + ((uint64_t)sym->func->index << 4));
    case SYM_REG:
    case SYM_CPARAM:
    case SYM_PROTO:
    default:
        ptx_fail(b, line, "the address of '%s' is not simulated", sym->name);
    }
}

uint32_t ptx_src_of(struct ptx_build *b, uint32_t line, const struct ptx_operand *o,
                    enum ptx_type type)
{
    uint32_t reg = o->slot;

    switch (o->kind) {
    case OPD_REG:
        break;
    case OPD_INT:
        if (ptx_type_float(type)) {
            ptx_fail(b, line, "integer where a floating-point number is needed");
        }
        reg = ptx_const(b, o->value);
        break;
    case OPD_F32:
    case OPD_F64:
        reg = float_const(b, o, type);
        break;
    case OPD_SYM:
        reg = ptx_address_of(b, line, o->sym, (int64_t)o->value);
        break;
    case OPD_SREG:
        reg = ptx_reg_new(b, 1);
        op_emit_special(b, line, reg, o->name);
        break;
    case OPD_NAME:
        ptx_fail(b, line, "Unknown symbol '%s'", o->name);
    case OPD_NONE:
    case OPD_ADDR:
    case OPD_TEXEL:
    case OPD_VEC:
    case OPD_SINK:
    case OPD_LIST:
    default:
        ptx_fail(b, line, "operand of a kind that does not fit");
    }
    if (o->negated) {
        uint32_t inverse = ptx_reg_new(b, 1);

        op_emit_not_pred(b, inverse, reg);
        reg = inverse;
    }
    return reg;
}

uint32_t ptx_src(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, enum ptx_type type)
{
    return ptx_src_of(b, in->line, &in->opd[k], type);
}

int64_t ptx_imm(struct ptx_build *b, const struct ptx_inst *in, uint32_t k)
{
    if (in->opd[k].kind != OPD_INT) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    return (int64_t)in->opd[k].value;
}

insn_fn ptx_pick(struct ptx_build *b, const struct ptx_inst *in, const insn_fn *table,
                 enum ptx_type type)
{
    if (table[type] == NULL) {
        ptx_unsupported(b, in);
    }
    return table[type];
}

static const struct lower_row *const families[] = {
    lower_int,   lower_mul,       lower_bits,    lower_field,   lower_video,   lower_float,
    lower_math,  lower_compare,   lower_convert, lower_move,    lower_memory,  lower_atomic,
    lower_async, lower_mbarriers, lower_hint,    lower_matrix,  lower_wmmas,   lower_flow,
    lower_calls, lower_warp,      lower_barrier, lower_texture, lower_surface,
};

static lower_fn lower_find(const char *op)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        for (const struct lower_row *row = families[i]; row->op != NULL; row++) {
            if (strcmp(row->op, op) == 0) {
                return row->fn;
            }
        }
    }
    return NULL;
}

void ptx_lower(struct ptx_build *b, struct ptx_inst *in)
{
    lower_fn fn = lower_find(in->op);

    if (fn == NULL) {
        ptx_fail(b, in->line, "Not a name of any known instruction: '%s'", in->op);
    }
    fn(b, in);
    for (uint32_t i = 0; i < in->mod_count; i++) {
        if (!in->taken[i]) {
            ptx_unsupported(b, in);
        }
    }
}
