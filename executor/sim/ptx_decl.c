/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <string.h>

/* No variable of a module, nor one in a body, is larger. */
#define VAR_BYTES_MAX ((uint64_t)1 << 36)

static uint32_t align_up(uint64_t n, uint32_t align)
{
    return (uint32_t)((n + align - 1) / align * align);
}

static void read_dims(struct ptx_build *b, struct ptx_decl *d)
{
    while (ptx_accept(b, "[")) {
        if (ptx_accept(b, "]")) {
            d->sized = false;
            continue;
        }
        if (__builtin_mul_overflow(d->size, (uint64_t)ptx_int(b), &d->size) ||
            d->size > VAR_BYTES_MAX) {
            ptx_fail(b, b->tok.line, "variable '%s' is too large", d->name);
        }
        ptx_expect(b, "]");
    }
}

void ptx_decl_read(struct ptx_build *b, struct ptx_decl *d)
{
    int64_t align = 0;

    *d = (struct ptx_decl){.sized = true, .vector = 1};
    for (;; ptx_next(b)) {
        if (ptx_at_dot(b, "align")) {
            ptx_next(b);
            align = (int64_t)b->tok.value;
        } else if (ptx_at_dot(b, "v2")) {
            d->vector = 2;
        } else if (ptx_at_dot(b, "v4")) {
            d->vector = 4;
        } else if (ptx_at_dot(b, "ptr") || ptx_at_dot(b, "global") || ptx_at_dot(b, "shared") ||
                   ptx_at_dot(b, "local") || ptx_at_dot(b, "const")) {
            continue; /* what a pointer parameter points to */
        } else if (b->tok.kind == TOK_DOT && d->type == T_NONE) {
            d->type = ptx_type_of(b->tok.text, b->tok.length);
            if (d->type == T_NONE) {
                ptx_fail(b, b->tok.line, "type '.%.*s' is not simulated", (int)b->tok.length,
                         b->tok.text);
            }
        } else {
            break;
        }
    }
    if (align < 0 || align > 65536 || (align & (align - 1)) != 0 || d->type == T_NONE) {
        ptx_fail(b, b->tok.line, "malformed declaration");
    }
    d->name = ptx_name(b);
    if (ptx_accept(b, "<")) {
        d->range = (uint32_t)ptx_int(b);
        ptx_expect(b, ">");
    }
    d->size = (uint64_t)ptx_type_size(d->type) * d->vector;
    d->align = align != 0 ? (uint32_t)align : (uint32_t)d->size;
    read_dims(b, d);
}

void ptx_reg_read(struct ptx_build *b)
{
    struct ptx_decl d;
    struct ptx_symbol *s;

    ptx_decl_read(b, &d);
    for (;;) {
        s = ptx_symbol_only(b, d.name, SYM_REG);
        s->type = d.type;
        s->count = d.range;
        s->slot = ptx_reg_new(b, d.range == 0 ? 1 : d.range);
        b->live_words += (size_t)(d.range == 0 ? 1 : d.range) * (d.size > 4 ? 2u : 1u);
        if (d.range == 1) {
            s->count = 2; /* a prefix too: "%r0" */
            (void)ptx_reg_new(b, 1);
        }
        if (!ptx_accept(b, ",")) {
            break;
        }
        d.name = ptx_name(b);
        d.range = 0;
        if (ptx_accept(b, "<")) {
            d.range = (uint32_t)ptx_int(b);
            ptx_expect(b, ">");
        }
    }
    ptx_expect(b, ";");
}

void ptx_local_read(struct ptx_build *b)
{
    struct ptx_decl d;
    struct ptx_symbol *s;

    ptx_decl_read(b, &d);
    s = ptx_symbol_only(b, d.name, SYM_LOCAL);
    s->offset = align_up(b->func->local_bytes, d.align);
    if (s->offset + d.size > (512u << 10)) {
        ptx_fail(b, b->tok.line, "local memory of more than 512 KiB");
    }
    b->func->local_bytes = align_up(s->offset + d.size, 16);
    ptx_expect(b, ";");
}

void ptx_cparam_read(struct ptx_build *b)
{
    struct ptx_decl d;
    struct ptx_symbol *s;

    ptx_decl_read(b, &d);
    s = ptx_symbol_only(b, d.name, SYM_CPARAM);
    s->type = d.type;
    s->size = d.size;
    s->align = d.align;
    s->offset = align_up(b->func->cparam_bytes, 16);
    if (d.size > 65536) {
        ptx_fail(b, b->tok.line, "parameter '%s' is too large", d.name);
    }
    b->func->cparam_bytes = align_up(s->offset + d.size, 16);
    ptx_expect(b, ";");
}

void ptx_shared_read(struct ptx_build *b, bool external)
{
    struct ptx_decl d;
    struct ptx_symbol *s;
    struct ptx_shared *v = arena_alloc(b->arena, sizeof(*v));

    ptx_decl_read(b, &d);
    s = external ? ptx_symbol_new(b, d.name, SYM_SHARED) : ptx_symbol_only(b, d.name, SYM_SHARED);
    s->shared = v;
    v->owner = b->func;
    v->dynamic = external && !d.sized;
    v->size = v->dynamic ? 0 : d.size;
    v->align = d.align;
    v->next = b->shareds;
    b->shareds = v;
    ptx_expect(b, ";");
}

/* Where an initialiser's next value goes. */
struct fill {
    struct ptx_var *var;
    enum ptx_type type;
    uint32_t width;
    uint64_t at;
};

static void fill_bytes(struct ptx_build *b, struct fill *f, uint64_t bits)
{
    if (f->at + f->width > f->var->size) {
        ptx_fail(b, b->tok.line, "initializer of '%s' is too long", f->var->name);
    }
    memcpy(f->var->init + f->at, &bits, f->width);
    f->at += f->width;
}

/* "symbol", "generic(symbol)", "symbol+8": an address, resolved when placed. */
static void fill_address(struct ptx_build *b, struct fill *f)
{
    struct ptx_reloc *r = arena_alloc(b->arena, sizeof(*r));
    uint32_t line = b->tok.line;
    char *name = ptx_name(b);
    bool generic = strcmp(name, "generic") == 0;
    struct ptx_symbol *s;
    uint32_t slot;

    if (generic) {
        ptx_expect(b, "(");
        name = ptx_name(b);
    }
    s = ptx_symbol_find(b, name, &slot);
    if (s == NULL || (s->kind != SYM_VAR && s->kind != SYM_FUNC) || f->width != 8) {
        ptx_fail(b, line, "initializer '%s' is not simulated", name);
    }
    if (generic) {
        ptx_expect(b, ")");
    }
    r->addend = ptx_at(b, "+") || ptx_at(b, "-") ? (ptx_accept(b, "+"), ptx_int(b)) : 0;
    r->offset = f->at;
    r->var = s->var;
    r->func = s->func;
    b->address_taken |= s->func != NULL;
    r->next = f->var->relocs;
    f->var->relocs = r;
    fill_bytes(b, f, 0);
}

static void fill_number(struct ptx_build *b, struct fill *f)
{
    bool minus = ptx_accept(b, "-");
    uint64_t bits = b->tok.value;
    double d;
    float s;

    if (b->tok.kind == TOK_F64 && f->type == T_F32) {
        memcpy(&d, &bits, sizeof(d));
        s = (float)(minus ? -d : d);
        bits = 0;
        memcpy(&bits, &s, sizeof(s));
    } else if (b->tok.kind == TOK_F64 || b->tok.kind == TOK_F32) {
        bits ^= minus ? (b->tok.kind == TOK_F64 ? UINT64_C(1) << 63 : UINT64_C(1) << 31) : 0;
    } else if (b->tok.kind == TOK_INT && !ptx_type_float(f->type)) {
        bits = minus ? (uint64_t)0 - bits : bits;
    } else {
        ptx_fail(b, b->tok.line, "malformed initializer of '%s'", f->var->name);
    }
    ptx_next(b);
    fill_bytes(b, f, bits);
}

/* Nested braces are flat: the rows of an array follow each other. */
static void fill_list(struct ptx_build *b, struct fill *f)
{
    uint32_t depth = 0;

    do {
        while (ptx_accept(b, "{")) {
            depth++;
        }
        if (!ptx_at(b, "}")) {
            if (b->tok.kind == TOK_NAME) {
                fill_address(b, f);
            } else {
                fill_number(b, f);
            }
        }
        while (depth > 0 && ptx_accept(b, "}")) {
            depth--;
        }
    } while (ptx_accept(b, ","));
    if (depth != 0) {
        ptx_expect(b, "}");
    }
}

void ptx_var_read(struct ptx_build *b, bool constant, bool external)
{
    struct ptx_decl d;
    uint32_t slot;
    struct ptx_symbol *s;
    struct ptx_var *v;
    struct fill fill;

    ptx_decl_read(b, &d);
    s = ptx_symbol_find(b, d.name, &slot);
    if (s == NULL || s->kind != SYM_VAR || !s->var->external) {
        s = external ? ptx_symbol_new(b, d.name, SYM_VAR) : ptx_symbol_only(b, d.name, SYM_VAR);
        s->var = arena_alloc(b->arena, sizeof(*v));
        s->var->next = b->module->vars;
        b->module->vars = s->var;
    }
    v = s->var;
    v->name = d.name;
    v->constant = constant;
    v->external = external;
    v->size = d.size;
    v->align = d.align;
    if (ptx_accept(b, "=")) {
        v->init = arena_alloc(b->arena, v->size + 1);
        fill = (struct fill){v, d.type, ptx_type_size(d.type), 0};
        fill_list(b, &fill);
    }
    ptx_expect(b, ";");
}
