/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

/* A kernel's static shared memory, and the alignment of a module's variables. */
#define SHARED_STATIC_MAX 49152
#define VAR_ALIGN         256
/* How many functions may call one another, without recursion. */
#define CALLS_MAX 2000

enum {
    MARK_NONE,
    MARK_OPEN, /* its calls are being walked */
    MARK_DONE,
};

static uint32_t align_up32(uint64_t n, uint32_t align)
{
    return (uint32_t)((n + align - 1) / align * align);
}

/* Depth-first over the calls: stack, recursion, use of common shared memory. */
static void walk_calls(struct ptx_build *b, struct ptx_func *f, uint32_t depth)
{
    uint32_t deepest = 0;

    if (depth == CALLS_MAX) {
        ptx_fail(b, b->tok.line, "calls are more than %d deep", CALLS_MAX);
    }
    f->mark = MARK_OPEN;
    for (const struct call_edge *e = f->calls; e != NULL; e = e->next) {
        if (e->to == NULL || e->to->mark == MARK_OPEN) {
            f->recursive = true; /* a pointer may lead anywhere */
            f->uses_common = true;
            continue;
        }
        if (e->to->mark == MARK_NONE) {
            walk_calls(b, e->to, depth + 1);
        }
        f->recursive |= e->to->recursive;
        f->uses_common |= e->to->uses_common;
        deepest = e->to->stack_bytes > deepest ? e->to->stack_bytes : deepest;
    }
    f->stack_bytes = f->local_bytes + deepest;
    f->mark = MARK_DONE;
}

/* Place the common variables, or those of one kernel, from at on; the end. */
static uint32_t place_shared(struct ptx_build *b, const struct ptx_func *owner, bool common,
                             uint32_t at)
{
    for (struct ptx_shared *v = b->shareds; v != NULL; v = v->next) {
        bool is_common = v->owner == NULL || !v->owner->entry;

        if (v->dynamic || (common ? !is_common : v->owner != owner)) {
            continue;
        }
        v->offset = align_up32(at, v->align == 0 ? 1 : v->align);
        if (v->size > SHARED_STATIC_MAX || v->offset + v->size > SHARED_STATIC_MAX) {
            ptx_fail(b, b->tok.line, "uses too much shared data (0xc000 bytes max)");
        }
        at = (uint32_t)(v->offset + v->size);
    }
    return at;
}

/* Variables of a kernel are its own; those of the module and of functions common. */
static void layout_shared(struct ptx_build *b)
{
    uint32_t common = place_shared(b, NULL, true, 0);

    for (uint32_t i = 0; i < b->module->func_count; i++) {
        struct ptx_func *f = b->module->func[i];

        if (f->entry && f->defined) {
            f->shared_bytes = place_shared(b, f, false, f->uses_common ? common : 0);
        }
    }
    for (const struct shared_use *u = b->shared_uses; u != NULL; u = u->next) {
        u->func->constant[u->constant] =
            (u->shared->dynamic ? PTX_SHARED_DYNAMIC : u->shared->offset) + (uint64_t)u->addend;
    }
}

static void layout_vars(struct ptx_build *b)
{
    struct ptx_module *m = b->module;

    for (struct ptx_var *v = m->vars; v != NULL; v = v->next) {
        if (v->external && !b->allow_undefined) {
            ptx_fail(b, b->tok.line, "Unresolved extern variable '%s'", v->name);
        }
        v->offset = m->image_bytes;
        m->image_bytes += (v->size + VAR_ALIGN - 1) / VAR_ALIGN * VAR_ALIGN;
        m->const_bytes += v->constant ? (v->size + v->align - 1) / v->align * v->align : 0;
    }
}

static void check_defined(struct ptx_build *b, const struct ptx_func *f)
{
    for (const struct call_edge *e = f->calls; e != NULL; e = e->next) {
        if (e->to != NULL && !e->to->defined && e->to->builtin == NULL) {
            ptx_fail(b, b->tok.line, "Unresolved extern function '%s'", e->to->name);
        }
    }
}

/* What a compiler would need, from how many registers are declared: a guess. */
static uint32_t registers(uint64_t words)
{
    uint64_t guess = 8 + words / 8;

    return (uint32_t)(guess > 64 ? 64 : guess / 2 * 2);
}

void ptx_layout(struct ptx_build *b)
{
    for (const struct shared_use *u = b->shared_uses; u != NULL; u = u->next) {
        u->func->uses_common |=
            !u->shared->dynamic && (u->shared->owner == NULL || !u->shared->owner->entry);
    }
    for (uint32_t i = 0; i < b->module->func_count; i++) {
        struct ptx_func *f = b->module->func[i];

        if (!b->allow_undefined) {
            check_defined(b, f);
        }
        if (f->mark == MARK_NONE) {
            walk_calls(b, f, 0);
        }
        f->reg_estimate = registers(f->reg_estimate);
    }
    layout_vars(b);
    layout_shared(b);
}
