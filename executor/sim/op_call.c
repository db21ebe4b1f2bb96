/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "executor/sim/op_flow.h"
#include "executor/sim/thr.h"

/*
 * Calls.  A frame is registers in the warp's stack, and formals and the
 * parameters of its own calls in the thread's own memory.  A recursive
 * function's frame also takes a little of the local memory, which is what
 * bounds the recursion.
 */
#define FRAME_COST 32

static uint32_t round_up(uint32_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static uint32_t frame_args(const struct ptx_func *f)
{
    return (f->entry ? 0 : round_up(f->param_bytes)) + round_up(f->cparam_bytes);
}

/* A frame's registers, constants and memory. */
struct view {
    uint64_t *reg;
    uint64_t *constant;
    uint8_t *formal;
    uint8_t *cparam;
};

static struct view frame_view(const struct thr *t, const struct frame *frame)
{
    const struct ptx_func *f = frame->func;
    uint8_t *args = t->args + frame->args;

    return (struct view){
        .reg = t->warp->stack + (size_t)frame->base * WARP + t->lane,
        .constant = f->constant,
        .formal = f->entry ? t->blk->params : args,
        .cparam = f->entry ? args : args + round_up(f->param_bytes),
    };
}

static struct view view_of(const struct thr *t)
{
    return (struct view){t->bank[0], t->bank[1], t->formal, t->cparam};
}

/* Point the thread at its frame on top. */
static void frame_enter(struct thr *t)
{
    const struct frame *top = &t->frame[t->frame_count - 1];
    struct view v = frame_view(t, top);

    t->bank[0] = v.reg;
    t->bank[1] = v.constant;
    t->formal = v.formal;
    t->cparam = v.cparam;
    t->warp->base[t->lane] = top->base;
    t->warp->order[t->lane] = (uint64_t)~t->frame_count << 32 | top->func->index;
}

static bool args_grow(struct thr *t, uint32_t need)
{
    uint32_t room = t->args_room * 2 > need ? t->args_room * 2 : need * 2;
    uint8_t *args = aligned_alloc(16, round_up(room));

    if (args == NULL) {
        return false;
    }
    memcpy(args, t->args, t->args_top);
    if (t->args_own) {
        free(t->args);
    }
    t->args = args;
    t->args_room = room;
    t->args_own = true;
    return true;
}

static bool frames_grow(struct thr *t)
{
    uint32_t room = t->frame_room * 2 + 8;
    struct frame *frame = realloc(t->frame, room * sizeof(*frame));

    if (frame == NULL) {
        return false;
    }
    t->frame = frame;
    t->frame_room = room;
    return true;
}

/* A frame on top, not entered yet.  What was in its memory before shows. */
static bool frame_push(struct thr *t, const struct ptx_func *f, const struct insn *call)
{
    uint32_t words = t->stack_top + f->reg_count;
    uint32_t args = t->args_top + frame_args(f);

    if ((t->frame_count == t->frame_room && !frames_grow(t)) ||
        (args > t->args_room && !args_grow(t, args)) ||
        (words > t->warp->stack_words && !warp_stack_grow(t->warp, words))) {
        return false;
    }
    t->frame[t->frame_count++] = (struct frame){f, call, t->stack_top, t->args_top};
    t->stack_top = words;
    t->args_top = args;
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

static uint64_t view_get(const struct view *v, uint32_t slot)
{
    return (slot & PTX_CONST) != 0 ? v->constant[slot & ~PTX_CONST] : v->reg[slot];
}

/* n bytes; most are words. */
static void bytes_copy(void *to, const void *from, uint32_t n)
{
    if (n == 4) {
        memcpy(to, from, 4);
    } else if (n == 8) {
        memcpy(to, from, 8);
    } else {
        memcpy(to, from, n);
    }
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* One argument from the caller's frame into a formal, which may be a register. */
static void argument_copy(const struct view *caller, const struct view *f,
                          const struct ptx_param *p, const struct call_value *v)
{
    uint64_t value = 0;

    if (!v->reg && !p->reg) {
        bytes_copy(f->formal + p->offset, caller->cparam + v->at, lesser(p->size, v->size));
    } else if (v->reg) {
        value = view_get(caller, v->at);
        if (p->reg) {
            f->reg[p->offset] = value;
        } else {
            bytes_copy(f->formal + p->offset, &value, lesser(p->size, 8));
        }
    } else {
        bytes_copy(&value, caller->cparam + v->at, lesser(v->size, 8));
        f->reg[p->offset] = value;
    }
}

/* One result from the callee's frame into the caller's. */
static void result_copy(const struct view *f, const struct view *caller, const struct ptx_param *p,
                        const struct call_value *v)
{
    uint64_t value = 0;

    if (!v->reg && !p->reg) {
        bytes_copy(caller->cparam + v->at, f->formal + p->offset, lesser(p->size, v->size));
    } else if (v->reg) {
        if (p->reg) {
            value = f->reg[p->offset];
        } else {
            bytes_copy(&value, f->formal + p->offset, lesser(p->size, 8));
        }
        caller->reg[v->at] = value;
    } else {
        value = f->reg[p->offset];
        bytes_copy(caller->cparam + v->at, &value, lesser(v->size, 8));
    }
}

static const struct insn *enter(struct thr *t, const struct insn *i, const struct ptx_func *f)
{
    const struct call_site *site = op_call_site(i);
    struct view caller;
    struct view callee;

    if (site->arg_count != f->param_count || site->ret_count != f->ret_count) {
        return op_fault(t, i, CUDA_ERROR_INVALID_PC); /* through a wrong pointer */
    }
    if (!local_push(t, thr_func(t), f)) {
        return op_fault(t, i, CUDA_ERROR_ILLEGAL_ADDRESS); /* as on the hardware: off its end */
    }
    if (!frame_push(t, f, i)) {
        return op_fault(t, i, CUDA_ERROR_LAUNCH_FAILED);
    }
    caller = frame_view(t, &t->frame[t->frame_count - 2]);
    frame_enter(t);
    callee = view_of(t);
    for (uint32_t k = 0; k < site->arg_count; k++) {
        argument_copy(&caller, &callee, &f->param[k], &site->arg[k]);
    }
    t->warp->pc[t->lane] = f->code;
    return NULL;
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
    const struct call_site *site;
    struct view callee = view_of(t);
    struct view caller;

    if (t->frame_count == 1) {
        return thr_end(t);
    }
    i = top->call;
    site = op_call_site(i);
    t->frame_count--;
    t->stack_top = top->base;
    t->args_top = top->args;
    t->local_base -= thr_func(t)->local_bytes + (f->recursive ? FRAME_COST : 0);
    frame_enter(t);
    caller = view_of(t);
    for (uint32_t k = 0; k < site->ret_count; k++) {
        result_copy(&callee, &caller, &f->ret[k], &site->ret[k]);
    }
    t->warp->pc[t->lane] = i + 1;
    return NULL;
}

bool thr_start(struct thr *t, const struct ptx_func *entry)
{
    t->stack_top = 0;
    t->args_top = 0;
    t->frame_count = 0;
    t->local_base = 0;
    if (!frame_push(t, entry, NULL)) {
        return false;
    }
    frame_enter(t);
    t->warp->pc[t->lane] = entry->code;
    return true;
}

const struct insn *thr_end(struct thr *t)
{
    struct blk *b = t->blk;

    t->warp->alive &= ~(1u << t->lane);
    t->warp->run &= ~(1u << t->lane);
    b->live--;
    for (uint32_t id = 0; id < BARRIERS && b->waiting != 0; id++) {
        if (b->barrier[id].needed == 0) {
            barrier_check(b, id);
        }
    }
    warp_check_all(t->warp);
    return NULL;
}

uint32_t thr_words(const struct ptx_func *entry)
{
    return entry->reg_count;
}

uint32_t thr_args(const struct ptx_func *entry)
{
    return frame_args(entry);
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
