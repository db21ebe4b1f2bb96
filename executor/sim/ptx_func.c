/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <string.h>

#include "executor/sim/op_builtin.h"

#define PARAMS_MAX 4096

struct ptx_func *ptx_func_new(struct ptx_build *b, char *name)
{
    struct ptx_module *m = b->module;
    struct ptx_func *f = arena_alloc(b->arena, sizeof(*f));

    if (m->func_count == b->func_room) {
        uint32_t room = b->func_room == 0 ? 32 : b->func_room * 2;
        struct ptx_func **all = arena_alloc(b->arena, room * sizeof(struct ptx_func *));

        if (m->func_count != 0) {
            memcpy(all, m->func, m->func_count * sizeof(struct ptx_func *));
        }
        m->func = all;
        b->func_room = room;
    }
    f->name = name;
    f->module = m;
    f->index = m->func_count;
    f->max_threads = 1024;
    m->func[m->func_count++] = f;
    return f;
}

/* One parameter; bind: make it a name of the body that follows. */
static void param_read(struct ptx_build *b, struct ptx_func *f, struct ptx_param *p, bool bind)
{
    bool reg = ptx_accept_dot(b, "reg");
    struct ptx_decl d;
    struct ptx_symbol *s;

    if (!reg && !ptx_accept_dot(b, "param")) {
        ptx_fail(b, b->tok.line, "malformed parameter");
    }
    ptx_decl_read(b, &d);
    if (!d.sized || d.size > 65536) {
        ptx_fail(b, b->tok.line, "parameter '%s' is not simulated", d.name);
    }
    *p = (struct ptx_param){d.name, (uint32_t)d.size, d.align, 0, reg};
    if (reg) {
        p->offset = bind ? ptx_reg_new(b, 1) : 0;
    } else {
        p->offset = (f->param_bytes + d.align - 1) / d.align * d.align;
        f->param_bytes = p->offset + p->size;
    }
    if (bind && strcmp(d.name, "_") != 0) {
        s = ptx_symbol_only(b, d.name, reg ? SYM_REG : SYM_FORMAL);
        s->slot = p->offset;
        s->offset = p->offset;
        s->size = d.size;
        s->type = d.type;
    }
}

void ptx_params_read(struct ptx_build *b, struct ptx_func *f, bool results, bool bind)
{
    struct ptx_param *list = arena_alloc(b->arena, 8 * sizeof(*list));
    uint32_t room = 8;
    uint32_t n = 0;

    ptx_expect(b, "(");
    while (!ptx_at(b, ")")) {
        if (n == room) {
            struct ptx_param *more = arena_alloc(b->arena, (size_t)2 * room * sizeof(*more));

            memcpy(more, list, n * sizeof(*list));
            list = more;
            room *= 2;
        }
        if (n == PARAMS_MAX) {
            ptx_fail(b, b->tok.line, "too many parameters");
        }
        param_read(b, f, &list[n++], bind);
        if (!ptx_accept(b, ",")) {
            break;
        }
    }
    ptx_expect(b, ")");
    *(results ? &f->ret : &f->param) = list;
    *(results ? &f->ret_count : &f->param_count) = n;
}

/* "x, y, z" with later ones 1 when left out. */
static uint32_t dims_read(struct ptx_build *b, uint32_t *dim)
{
    uint64_t all = 1;

    for (int i = 0; i < 3; i++) {
        dim[i] = i == 0 || ptx_accept(b, ",") ? (uint32_t)ptx_int(b) : 1;
        all *= dim[i] == 0 ? 1 : dim[i];
    }
    return all > 1024 ? 1024 : (uint32_t)all;
}

/* Directives between the head and the body that tune performance or bound the launch. */
static void tuning_read(struct ptx_build *b, struct ptx_func *f)
{
    uint32_t dim[3];

    for (;;) {
        if (ptx_accept_dot(b, "maxntid")) {
            f->max_threads = dims_read(b, dim);
        } else if (ptx_accept_dot(b, "reqntid")) {
            f->max_threads = dims_read(b, f->reqntid);
        } else if (ptx_accept_dot(b, "minnctapersm") || ptx_accept_dot(b, "maxnreg") ||
                   ptx_accept_dot(b, "maxnctapersm")) {
            (void)ptx_int(b);
        } else if (ptx_accept_dot(b, "noreturn")) {
            continue;
        } else if (ptx_accept_dot(b, "pragma")) {
            ptx_next(b);
            ptx_expect(b, ";");
        } else {
            break;
        }
    }
    if (b->tok.kind == TOK_DOT) {
        ptx_fail(b, b->tok.line, "directive '.%.*s' is not simulated", (int)b->tok.length,
                 b->tok.text);
    }
}

static void body_begin(struct ptx_build *b, struct ptx_func *f)
{
    b->func = f;
    b->code_room = 0;
    b->constant_room = 0;
    b->live_words = 0;
    b->sink = ptx_reg_new(b, 1);
}

/* The results come before the name: read them once the function is known. */
static void head_read(struct ptx_build *b, struct ptx_func *f, const struct ptx_lexer *results)
{
    struct ptx_lexer after;
    struct ptx_token tok;

    f->param_bytes = 0;
    f->param_count = 0;
    if (results->at != NULL) {
        after = b->lexer;
        tok = b->tok;
        b->lexer = *results;
        ptx_next(b);
        ptx_params_read(b, f, true, true);
        b->lexer = after;
        b->tok = tok;
    }
    if (ptx_at(b, "(")) {
        ptx_params_read(b, f, false, true);
    }
}

/* Pass over "( ... )"; where it began. */
static struct ptx_lexer results_skip(struct ptx_build *b)
{
    struct ptx_lexer at = {0};

    if (ptx_at(b, "(")) {
        at.at = b->tok.text;
        at.line = b->tok.line;
        while (!ptx_at(b, ")") && b->tok.kind != TOK_END) {
            ptx_next(b);
        }
        ptx_expect(b, ")");
    }
    return at;
}

static struct ptx_func *func_of(struct ptx_build *b, char *name)
{
    uint32_t slot;
    struct ptx_symbol *s = ptx_symbol_find(b, name, &slot);

    if (s == NULL) {
        s = ptx_symbol_new(b, name, SYM_FUNC);
        s->func = ptx_func_new(b, name);
    }
    if (s->kind != SYM_FUNC || s->func->defined) {
        ptx_fail(b, b->tok.line, "Duplicate definition of '%s'", name);
    }
    return s->func;
}

void ptx_func_read(struct ptx_build *b, bool entry, bool external)
{
    struct ptx_lexer results = results_skip(b);
    struct ptx_func *f = func_of(b, ptx_name(b));
    struct ptx_symbol *before = b->scope;

    if (entry && results.at != NULL) {
        ptx_fail(b, results.line, "'%s' is an entry, it has no result", f->name);
    }
    f->entry = entry;
    body_begin(b, f);
    head_read(b, f, &results);
    tuning_read(b, f);
    if (ptx_accept(b, ";")) {
        f->builtin = external ? op_builtin(f->name) : NULL;
        f->reg_count = 0;
    } else {
        f->defined = true;
        ptx_body_read(b);
    }
    ptx_scope_close(b, before);
    b->func = NULL;
}
