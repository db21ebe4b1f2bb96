/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "executor/sim/op_flow.h"
#include "executor/sim/thr.h"

/*
 * Calls.  A frame in the thread's stack is registers, formals, and the
 * parameters of its own calls.  A recursive function's frame also takes a
 * little of the local memory, which is what bounds the recursion.
 */
#define FRAME_COST 32

static uint32_t words(uint32_t bytes)
{
    return (bytes + 7) / 8;
}

static uint32_t frame_words(const struct ptx_func *f)
{
    return f->reg_count + words(f->param_bytes) + words(f->cparam_bytes) + 2;
}

/* Point the thread at the frame of f that begins at word base of its stack. */
static void frame_enter(struct thr *t, const struct ptx_func *f, uint32_t base)
{
    uint64_t *at = t->stack + base;
    uint32_t formals = f->reg_count + (f->reg_count & 1);

    t->bank[0] = at;
    t->bank[1] = f->constant;
    if (f->entry) {
        t->formal = t->blk->params;
        t->cparam = (uint8_t *)(at + formals);
    } else {
        t->formal = (uint8_t *)(at + formals);
        t->cparam = t->formal + (size_t)words(f->param_bytes) * 8;
    }
}

static bool stack_grow(struct thr *t, uint32_t need)
{
    uint32_t room = t->stack_words * 2 > need ? t->stack_words * 2 : need * 2;
    uint64_t *stack = malloc(room * sizeof(*stack));

    if (stack == NULL) {
        return false;
    }
    memcpy(stack, t->stack, t->stack_top * sizeof(*stack));
    if (t->stack_own) {
        free(t->stack);
    }
    t->stack = stack;
    t->stack_words = room;
    t->stack_own = true;
    return true;
}

static bool frame_push(struct thr *t, const struct ptx_func *f, const struct insn *call)
{
    uint32_t base = t->stack_top;
    uint32_t need = base + frame_words(f);

    if (t->frame_count == t->frame_room) {
        uint32_t room = t->frame_room * 2 + 8;
        struct frame *frame = realloc(t->frame, room * sizeof(*frame));

        if (frame == NULL) {
            return false;
        }
        t->frame = frame;
        t->frame_room = room;
    }
    if (need > t->stack_words && !stack_grow(t, need)) {
        return false;
    }
    memset(t->stack + base, 0, (need - base) * sizeof(uint64_t));
    t->frame[t->frame_count++] = (struct frame){f, call, base};
    t->stack_top = need;
    return true;
}

/* Take local memory for f's frame; false at the end of it. */
static bool local_push(struct thr *t, const struct ptx_func *caller, const struct ptx_func *f)
{
    uint32_t base = t->local_base + caller->local_bytes + (f->recursive ? FRAME_COST : 0);

    if (f->local_bytes > t->blk->local_bytes || base > t->blk->local_bytes - f->local_bytes) {
        return false;
    }
    t->local_base = base;
    return true;
}

/* One argument from the caller's frame into a formal, which may be a register. */
static void argument_copy(struct thr *t, const struct ptx_param *p, const struct call_value *v,
                          uint64_t *regs, uint8_t *formal)
{
    uint64_t value;

    if (v->reg) {
        value = op_get(t, v->at);
        if (p->reg) {
            regs[p->offset] = value;
        } else {
            memcpy(formal + p->offset, &value, p->size < 8 ? p->size : 8);
        }
        return;
    }
    if (p->reg) {
        value = 0;
        memcpy(&value, t->cparam + v->at, v->size < 8 ? v->size : 8);
        regs[p->offset] = value;
    } else {
        memcpy(formal + p->offset, t->cparam + v->at, p->size < v->size ? p->size : v->size);
    }
}

/* One result from the callee's frame (still the thread's) into the caller's. */
static void result_copy(struct thr *t, const struct ptx_param *p, const struct call_value *v,
                        uint64_t *regs, uint8_t *cparam)
{
    uint64_t value = 0;

    if (v->reg) {
        if (p->reg) {
            value = op_get(t, p->offset);
        } else {
            memcpy(&value, t->formal + p->offset, p->size < 8 ? p->size : 8);
        }
        regs[v->at] = value;
        return;
    }
    if (p->reg) {
        value = op_get(t, p->offset);
        memcpy(cparam + v->at, &value, v->size < 8 ? v->size : 8);
    } else {
        memcpy(cparam + v->at, t->formal + p->offset, p->size < v->size ? p->size : v->size);
    }
}

static const struct insn *enter(struct thr *t, const struct insn *i, const struct ptx_func *f)
{
    const struct call_site *site = op_call_site(i);
    const struct ptx_func *caller = t->frame[t->frame_count - 1].func;
    uint32_t caller_base = t->frame[t->frame_count - 1].base;
    struct thr was;

    if (site->arg_count != f->param_count || site->ret_count != f->ret_count) {
        return op_fault(t, i, CUDA_ERROR_INVALID_PC); /* through a wrong pointer */
    }
    if (!local_push(t, caller, f)) {
        return op_fault(t, i, CUDA_ERROR_ILLEGAL_ADDRESS); /* as on the hardware: off its end */
    }
    if (!frame_push(t, f, i)) {
        return op_fault(t, i, CUDA_ERROR_LAUNCH_FAILED);
    }
    frame_enter(t, caller, caller_base); /* the stack may have moved */
    was = *t;
    frame_enter(t, f, t->frame[t->frame_count - 1].base);
    for (uint32_t k = 0; k < site->arg_count; k++) {
        argument_copy(&was, &f->param[k], &site->arg[k], t->bank[0], t->formal);
    }
    return f->code;
}

HANDLER(call)
{
    const struct ptx_func *f = op_call_site(i)->func;

    return f->builtin != NULL ? f->builtin(t, i) : enter(t, i, f);
}

HANDLER(call_pointer)
{
    const struct ptx_module *m = t->blk->func->module;
    uint64_t at = op_get(t, i->a);
    uint64_t index = (at & ~PTX_WIN_FUNC) >> 4;

    if (at >> PTX_WIN_SHIFT != PTX_WIN_FUNC >> PTX_WIN_SHIFT || index >= m->func_count ||
        !m->func[index]->defined || m->func[index]->entry) {
        return op_fault(t, i, CUDA_ERROR_INVALID_PC);
    }
    return enter(t, i, m->func[index]);
}

HANDLER(ret)
{
    const struct frame *top = &t->frame[t->frame_count - 1];
    const struct ptx_func *f = top->func;
    const struct frame *caller = top - 1;
    const struct call_site *site;
    struct thr was = *t;

    if (t->frame_count == 1) {
        t->state = THR_DONE;
        return NULL;
    }
    i = top->call;
    site = op_call_site(i);
    t->frame_count--;
    t->stack_top = top->base;
    t->local_base -= caller->func->local_bytes + (f->recursive ? FRAME_COST : 0);
    frame_enter(t, caller->func, caller->base);
    for (uint32_t k = 0; k < site->ret_count; k++) {
        result_copy(&was, &f->ret[k], &site->ret[k], t->bank[0], t->cparam);
    }
    return i + 1;
}

bool thr_start(struct thr *t, const struct ptx_func *entry)
{
    t->stack_top = 0;
    t->frame_count = 0;
    t->local_base = 0;
    if (!frame_push(t, entry, NULL)) {
        return false;
    }
    frame_enter(t, entry, 0);
    t->pc = entry->code;
    t->state = THR_RUN;
    return true;
}

uint32_t thr_words(const struct ptx_func *entry)
{
    return frame_words(entry);
}

void op_emit_end(struct ptx_build *b)
{
    (void)ptx_emit(b, ret);
}

/* The registers and .param variables between the parentheses. */
static struct call_value *values_read(struct ptx_build *b, const struct ptx_inst *in,
                                      const struct ptx_operand *list, bool results)
{
    struct call_value *v = arena_alloc(b->arena, (list->count + 1) * sizeof(*v));

    for (uint32_t k = 0; k < list->count; k++) {
        const struct ptx_operand *o = &list->sub[k];

        if (o->kind == OPD_SYM && o->sym->kind == SYM_CPARAM) {
            v[k] = (struct call_value){false, (uint32_t)o->sym->offset, (uint32_t)o->sym->size};
        } else if (results) {
            if (o->kind != OPD_REG && o->kind != OPD_SINK) {
                ptx_unsupported(b, in);
            }
            v[k] = (struct call_value){true, o->kind == OPD_SINK ? b->sink : o->slot, 8};
        } else {
            v[k] = (struct call_value){true, ptx_src_of(b, in->line, o, T_NONE), 8};
        }
    }
    return v;
}

static void edge_add(struct ptx_build *b, struct ptx_func *to)
{
    struct call_edge *e = arena_alloc(b->arena, sizeof(*e));

    *e = (struct call_edge){b->func->calls, to};
    b->func->calls = e;
}

static void check_counts(struct ptx_build *b, const struct ptx_inst *in,
                         const struct call_site *site, const struct ptx_func *f)
{
    if (site->arg_count != f->param_count || site->ret_count != f->ret_count) {
        ptx_fail(b, in->line, "Call to '%s' does not fit its declaration",
                 f->name != NULL ? f->name : "a prototype");
    }
}

/* call (results), function, (arguments), prototype; all but the function may lack. */
static void lower_call(struct ptx_build *b, struct ptx_inst *in)
{
    struct call_site *site = arena_alloc(b->arena, sizeof(*site));
    uint32_t k = in->opd_count > 0 && in->opd[0].kind == OPD_LIST ? 1 : 0;
    const struct ptx_operand *target = &in->opd[k];
    const struct ptx_operand *args = &in->opd[k + 1];
    struct insn *i;

    (void)ptx_mod(in, "uni");
    ptx_operands(b, in, k + 1, k + 3);
    if (k == 1) {
        site->ret = values_read(b, in, &in->opd[0], true);
        site->ret_count = in->opd[0].count;
    }
    if (in->opd_count > k + 1 && args->kind == OPD_LIST) {
        site->arg = values_read(b, in, args, false);
        site->arg_count = args->count;
    }
    if (target->kind == OPD_SYM && target->sym->kind == SYM_FUNC) {
        site->func = target->sym->func;
        check_counts(b, in, site, site->func);
    } else if (target->kind != OPD_REG) {
        ptx_fail(b, in->line, "Unknown symbol '%s'", target->name != NULL ? target->name : "");
    }
    edge_add(b, site->func == NULL ? NULL : target->sym->func);
    i = ptx_emit(b, site->func == NULL ? call_pointer : call);
    i->a = target->slot;
    i->imm = (int64_t)(intptr_t)site;
}

static void lower_ret(struct ptx_build *b, struct ptx_inst *in)
{
    (void)ptx_mod(in, "uni");
    (void)ptx_emit(b, ret);
}

const struct lower_row lower_calls[] = {{"call", lower_call}, {"ret", lower_ret}, {NULL, NULL}};
