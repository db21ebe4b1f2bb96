/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_flow.h"

#include "executor/sim/thr.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Jumps and ends.  imm of a jump is its distance in instructions. */

static const struct insn *bra(struct warp *w, const struct insn *i, uint32_t mask)
{
    (void)w;
    (void)mask;
    return i + i->imm;
}

/* Those of taken jump, the rest of mask goes on. */
static const struct insn *split(struct warp *w, const struct insn *i, uint32_t mask, uint32_t taken)
{
    if (taken == mask) {
        return i + i->imm;
    }
    if (taken == 0) {
        return i + 1;
    }
    for (uint32_t m = mask; m != 0; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);

        w->pc[k] = (taken >> k & 1) != 0 ? i + i->imm : i + 1;
    }
    return NULL;
}

/* Lanes whose predicate in a register holds. */
static uint32_t lanes_true(const struct warp *w, uint32_t slot)
{
    const uint64_t *p = w->reg + slot;
    uint32_t set = 0;

#if defined(__SSE2__)
    for (uint32_t k = 0; k < WARP; k += 2) {
        __m128i two = _mm_slli_epi64(_mm_loadu_si128((const __m128i *)(const void *)(p + k)), 63);

        set |= (uint32_t)_mm_movemask_pd(_mm_castsi128_pd(two)) << k;
    }
#else
    for (uint32_t k = 0; k < WARP; k++) {
        set |= ((uint32_t)p[k] & 1) << k;
    }
#endif
    return set;
}

static const struct insn *bra_if(struct warp *w, const struct insn *i, uint32_t mask)
{
    return split(w, i, mask, mask & lanes_true(w, i->a));
}

static const struct insn *bra_unless(struct warp *w, const struct insn *i, uint32_t mask)
{
    return split(w, i, mask, mask & ~lanes_true(w, i->a));
}

/* i[1] for those of taken, which are not all of mask; then everybody goes on behind it. */
static const struct insn *guarded(struct warp *w, const struct insn *i, uint32_t mask,
                                  uint32_t taken)
{
    const struct insn *next;

    if (taken == 0) {
        return i + 2;
    }
    next = i[1].fn(w, i + 1, taken);
    if (next == i + 2 || taken == mask) {
        return next;
    }
    for (uint32_t m = mask & ~taken; m != 0; m &= m - 1) {
        w->pc[__builtin_ctz(m)] = i + 2;
    }
    for (uint32_t m = next == NULL ? 0 : taken; m != 0; m &= m - 1) {
        w->pc[__builtin_ctz(m)] = next;
    }
    return NULL;
}

static const struct insn *guard_if(struct warp *w, const struct insn *i, uint32_t mask)
{
    return guarded(w, i, mask, mask & lanes_true(w, i->a));
}

static const struct insn *guard_unless(struct warp *w, const struct insn *i, uint32_t mask)
{
    return guarded(w, i, mask, mask & ~lanes_true(w, i->a));
}

void op_skip_one(struct insn *skip)
{
    skip->fn = skip->fn == bra_if ? guard_unless : guard_if;
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
    return thr_end(t);
}

/* Let the others of the block go first. */
HANDLER(yield)
{
    return op_yield(t, i + 1);
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
