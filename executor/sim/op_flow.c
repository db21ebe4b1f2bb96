/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_flow.h"

#include "executor/sim/thr.h"

/* Jumps and ends.  imm of a jump is its distance in instructions. */

HANDLER(bra)
{
    (void)t;
    return i + i->imm;
}

HANDLER(bra_if)
{
    return (op_get(t, i->a) & 1) != 0 ? i + i->imm : i + 1;
}

HANDLER(bra_unless)
{
    return (op_get(t, i->a) & 1) == 0 ? i + i->imm : i + 1;
}

/* The distances are at imm, e of them; beyond them is undefined: a fault. */
HANDLER(brx)
{
    const int64_t *distance = (const int64_t *)(intptr_t)i->imm;
    uint32_t k = (uint32_t)op_get(t, i->a);

    return k < i->e ? i + distance[k] : op_fault(t, i, CUDA_ERROR_INVALID_PC);
}

HANDLER(trap)
{
    return op_fault(t, i, CUDA_ERROR_LAUNCH_FAILED);
}

HANDLER(quit)
{
    (void)i;
    t->state = THR_DONE;
    return NULL;
}

/* Let the others of the block go first. */
HANDLER(yield)
{
    t->pc = i + 1;
    return NULL;
}

uint32_t op_emit_skip(struct ptx_build *b, uint32_t predicate, bool negated)
{
    struct insn *i = ptx_emit(b, negated ? bra_if : bra_unless);

    i->a = predicate;
    return b->func->code_count - 1;
}

static struct ptx_label *label_of(struct ptx_build *b, const struct ptx_inst *in, uint32_t k)
{
    if (in->opd_count <= k || in->opd[k].kind != OPD_NAME) {
        ptx_fail(b, in->line, "Arguments mismatch for instruction '%s'", in->op);
    }
    return ptx_label(b, in->opd[k].name);
}

void op_emit_branch_if(struct ptx_build *b, struct ptx_inst *in, uint32_t predicate, bool negated)
{
    static const char *const uni[] = {"uni", NULL};
    struct insn *i;

    ptx_mod_ignore(in, uni);
    i = ptx_emit(b, negated ? bra_unless : bra_if);
    i->a = predicate;
    ptx_label_use(b, label_of(b, in, 0), b->func->code_count - 1, NULL);
}

static void lower_bra(struct ptx_build *b, struct ptx_inst *in)
{
    (void)ptx_mod(in, "uni");
    (void)ptx_emit(b, bra);
    ptx_label_use(b, label_of(b, in, 0), b->func->code_count - 1, NULL);
}

static void lower_brx(struct ptx_build *b, struct ptx_inst *in)
{
    struct ptx_label *list = label_of(b, in, 1);
    int64_t *distance;
    struct insn *i;
    uint32_t a;

    (void)ptx_mod(in, "uni");
    if (!ptx_mod(in, "idx") || list->target_count == 0) {
        ptx_unsupported(b, in);
    }
    a = ptx_src(b, in, 0, T_U32);
    distance = arena_alloc(b->arena, list->target_count * sizeof(*distance));
    i = ptx_emit(b, brx);
    i->a = a;
    i->e = list->target_count;
    i->imm = (int64_t)(intptr_t)distance;
    for (uint32_t k = 0; k < list->target_count; k++) {
        ptx_label_use(b, list->target[k], b->func->code_count - 1, &distance[k]);
    }
}

static void lower_trap(struct ptx_build *b, struct ptx_inst *in)
{
    (void)in;
    (void)ptx_emit(b, trap);
}

static void lower_exit(struct ptx_build *b, struct ptx_inst *in)
{
    (void)in;
    (void)ptx_emit(b, quit);
}

static void lower_nanosleep(struct ptx_build *b, struct ptx_inst *in)
{
    (void)ptx_mod(in, "u32");
    (void)ptx_emit(b, yield);
}

const struct lower_row lower_flow[] = {
    {"bra", lower_bra},
    {"brx", lower_brx},
    {"trap", lower_trap},
    {"exit", lower_exit},
    {"nanosleep", lower_nanosleep},
    {NULL, NULL},
};
