/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <string.h>

#include "executor/sim/op_flow.h"

/* Operands have at most a list in a list. */
#define NESTING_MAX 4

static void operand_read(struct ptx_build *b, struct ptx_operand *o);

/* "{a, b}" or "(a, b)", the opening read. */
static void list_read(struct ptx_build *b, struct ptx_operand *o, const char *close)
{
    struct ptx_operand *list = arena_alloc(b->arena, 8 * sizeof(*list));
    uint32_t room = 8;

    if (++b->nesting > NESTING_MAX) {
        ptx_fail(b, b->tok.line, "operands in too many braces");
    }
    while (!ptx_at(b, close)) {
        if (o->count == room) {
            struct ptx_operand *more = arena_alloc(b->arena, (size_t)2 * room * sizeof(*more));

            memcpy(more, list, room * sizeof(*list));
            list = more;
            room *= 2;
        }
        operand_read(b, &list[o->count++]);
        if (!ptx_accept(b, ",")) {
            break;
        }
    }
    b->nesting--;
    ptx_expect(b, close);
    o->sub = list;
}

/* "+ 8", "+-8", "- 8" behind a name; several of them. */
static uint64_t offset_read(struct ptx_build *b)
{
    uint64_t sum = 0;

    while (ptx_at(b, "+") || ptx_at(b, "-")) {
        (void)ptx_accept(b, "+");
        sum += (uint64_t)ptx_int(b);
    }
    return sum;
}

/* What a name stands for. */
static void name_operand(struct ptx_build *b, struct ptx_operand *o)
{
    char *name = ptx_name(b);
    struct ptx_symbol *s = ptx_symbol_find(b, name, &o->slot);

    o->name = name;
    if (strcmp(name, "_") == 0) {
        o->kind = OPD_SINK;
    } else if (strcmp(name, "WARP_SZ") == 0) {
        o->kind = OPD_INT;
        o->value = 32;
    } else if (s != NULL && s->kind == SYM_REG) {
        o->kind = OPD_REG;
        o->pred = s->type == T_PRED;
        o->type = s->type;
    } else if (s != NULL) {
        o->kind = OPD_SYM;
        o->sym = s;
        o->value = offset_read(b);
    } else {
        o->kind = name[0] == '%' ? OPD_SREG : OPD_NAME;
    }
}

/* "[object, coordinates]", the comma read: a list, or one by itself. */
static void texel_read(struct ptx_build *b, struct ptx_operand *o)
{
    struct ptx_operand *list = arena_alloc(b->arena, sizeof(*list));

    operand_read(b, list);
    o->kind = OPD_TEXEL;
    o->sub = list->kind == OPD_VEC ? list->sub : list;
    o->count = list->kind == OPD_VEC ? list->count : 1;
    ptx_expect(b, "]");
}

static void address_read(struct ptx_build *b, struct ptx_operand *o)
{
    if (b->tok.kind == TOK_NAME) {
        uint32_t line = b->tok.line;

        name_operand(b, o);
        if (o->kind == OPD_REG) {
            o->base_reg = true;
        } else if (o->kind != OPD_SYM) {
            ptx_fail(b, line, "Unknown symbol '%s'", o->name);
        }
        o->value += offset_read(b);
    } else {
        o->value = (uint64_t)ptx_int(b);
    }
    if (ptx_accept(b, ",")) {
        texel_read(b, o);
        return;
    }
    o->kind = OPD_ADDR;
    ptx_expect(b, "]");
}

static void number_read(struct ptx_build *b, struct ptx_operand *o)
{
    bool minus = ptx_accept(b, "-");

    o->value = b->tok.value;
    switch ((int)b->tok.kind) {
    case TOK_INT:
        o->kind = OPD_INT;
        o->value = minus ? (uint64_t)0 - o->value : o->value;
        break;
    case TOK_F32:
        o->kind = OPD_F32;
        o->value ^= minus ? UINT64_C(1) << 31 : 0;
        break;
    case TOK_F64:
        o->kind = OPD_F64;
        o->value ^= minus ? UINT64_C(1) << 63 : 0;
        break;
    default:
        ptx_expect(b, "operand");
    }
    ptx_next(b);
}

static void operand_read(struct ptx_build *b, struct ptx_operand *o)
{
    if (ptx_accept(b, "{")) {
        o->kind = OPD_VEC;
        list_read(b, o, "}");
    } else if (ptx_accept(b, "(")) {
        o->kind = OPD_LIST;
        list_read(b, o, ")");
    } else if (ptx_accept(b, "[")) {
        address_read(b, o);
    } else if (ptx_accept(b, "!")) {
        name_operand(b, o);
        o->negated = true;
    } else if (b->tok.kind == TOK_NAME) {
        name_operand(b, o);
        if (ptx_accept(b, "|")) {
            o->sub = arena_alloc(b->arena, sizeof(*o->sub));
            name_operand(b, o->sub);
        }
    } else {
        number_read(b, o);
    }
}

static void inst_read(struct ptx_build *b, struct ptx_inst *in)
{
    while (b->tok.kind == TOK_DOT && b->tok.glued) {
        if (in->mod_count == MODIFIERS_MAX) {
            ptx_fail(b, in->line, "too many modifiers");
        }
        in->mod[in->mod_count++] = arena_text(b->arena, b->tok.text, b->tok.length);
        ptx_next(b);
    }
    while (!ptx_at(b, ";")) {
        if (in->opd_count == OPERANDS_MAX) {
            ptx_fail(b, in->line, "too many operands");
        }
        operand_read(b, &in->opd[in->opd_count++]);
        if (!ptx_accept(b, ",")) {
            break;
        }
    }
    ptx_expect(b, ";");
}

/* "@p" before an instruction jumps over all that it becomes. */
static void guarded_read(struct ptx_build *b)
{
    bool negated = ptx_accept(b, "!");
    struct ptx_operand guard = {0};
    struct ptx_inst in = {.line = b->tok.line};
    uint32_t skip;

    b->line = in.line;
    name_operand(b, &guard);
    if (guard.kind != OPD_REG) {
        ptx_fail(b, in.line, "Unknown symbol '%s'", guard.name);
    }
    if (!guard.pred) {
        ptx_fail(b, in.line, "'%s' is no predicate", guard.name);
    }
    in.op = ptx_name(b);
    inst_read(b, &in);
    if (strcmp(in.op, "bra") == 0) {
        op_emit_branch_if(b, &in, guard.slot, negated);
        return;
    }
    skip = op_emit_skip(b, guard.slot, negated);
    ptx_lower(b, &in);
    b->func->code[skip].imm = (int64_t)(b->func->code_count - skip);
    if (b->func->code_count == skip + 2) {
        op_skip_one(&b->func->code[skip]);
    }
}

static void targets_read(struct ptx_build *b, struct ptx_label *l)
{
    struct ptx_operand list = {0};

    list_read(b, &list, ";");
    l->target = arena_alloc(b->arena, list.count * sizeof(struct ptx_label *));
    l->target_count = list.count;
    for (uint32_t i = 0; i < list.count; i++) {
        if (list.sub[i].kind != OPD_NAME) {
            ptx_fail(b, b->tok.line, "malformed .branchtargets");
        }
        l->target[i] = ptx_label(b, list.sub[i].name);
    }
}

static void prototype_read(struct ptx_build *b, char *name)
{
    struct ptx_symbol *s = ptx_symbol_new(b, name, SYM_PROTO);

    s->func = arena_alloc(b->arena, sizeof(*s->func));
    if (ptx_at(b, "(")) {
        ptx_params_read(b, s->func, true, false);
    }
    (void)ptx_name(b);
    if (ptx_at(b, "(")) {
        ptx_params_read(b, s->func, false, false);
    }
    while (!ptx_accept(b, ";")) { /* .noreturn and the like */
        if (b->tok.kind != TOK_DOT) {
            ptx_expect(b, ";");
        }
        ptx_next(b);
    }
}

/* "name:" and what it names, or an instruction. */
static void named_read(struct ptx_build *b)
{
    struct ptx_inst in = {.line = b->tok.line};
    char *name = ptx_name(b);

    b->line = in.line;
    if (!ptx_accept(b, ":")) {
        in.op = name;
        inst_read(b, &in);
        ptx_lower(b, &in);
    } else if (ptx_accept_dot(b, "branchtargets")) {
        struct ptx_label *l = ptx_label(b, name);

        ptx_label_define(b, l);
        targets_read(b, l);
    } else if (ptx_accept_dot(b, "callprototype")) {
        prototype_read(b, name);
    } else {
        ptx_label_define(b, ptx_label(b, name));
    }
}

static void skip_line(struct ptx_build *b)
{
    uint32_t line = b->tok.line;

    while (b->tok.kind != TOK_END && b->tok.line == line) {
        ptx_next(b);
    }
}

static void directive_read(struct ptx_build *b)
{
    if (ptx_accept_dot(b, "reg")) {
        ptx_reg_read(b);
    } else if (ptx_accept_dot(b, "local")) {
        ptx_local_read(b);
    } else if (ptx_accept_dot(b, "param")) {
        ptx_cparam_read(b);
    } else if (ptx_accept_dot(b, "shared")) {
        ptx_shared_read(b, false);
    } else if (ptx_accept_dot(b, "extern")) {
        if (!ptx_accept_dot(b, "shared")) {
            ptx_fail(b, b->tok.line, "only .extern .shared is simulated in a body");
        }
        ptx_shared_read(b, true);
    } else if (ptx_accept_dot(b, "global")) {
        ptx_var_read(b, false, false);
    } else if (ptx_accept_dot(b, "const")) {
        ptx_var_read(b, true, false);
    } else if (ptx_at_dot(b, "loc")) {
        skip_line(b);
    } else if (ptx_accept_dot(b, "pragma")) {
        ptx_next(b);
        ptx_expect(b, ";");
    } else {
        ptx_fail(b, b->tok.line, "directive '.%.*s' is not simulated", (int)b->tok.length,
                 b->tok.text);
    }
}

static void block_read(struct ptx_build *b)
{
    struct ptx_symbol *before = b->scope;

    b->depth++;
    while (!ptx_at(b, "}")) {
        if (b->tok.kind == TOK_DOT) {
            directive_read(b);
        } else if (b->tok.kind == TOK_NAME) {
            named_read(b);
        } else if (ptx_accept(b, "@")) {
            guarded_read(b);
        } else if (ptx_accept(b, "{")) {
            if (b->depth == 64) {
                ptx_fail(b, b->tok.line, "braces too deep");
            }
            block_read(b);
        } else if (!ptx_accept(b, ";")) {
            ptx_expect(b, "}");
        }
    }
    ptx_labels_close(b, b->depth);
    b->depth--;
    ptx_scope_close(b, before);
    ptx_next(b);
}

void ptx_body_read(struct ptx_build *b)
{
    ptx_expect(b, "{");
    b->labels = NULL;
    b->depth = 0;
    block_read(b);
    op_emit_end(b);
    b->func->reg_estimate = (uint32_t)(b->live_words > 4096 ? 4096 : b->live_words);
}
